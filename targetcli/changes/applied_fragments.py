# SPDX-License-Identifier: Apache-2.0
"""The owners whose fragments in conf.d were applied: a file beside the history.

It survives a boot, so that check knows whose file was deleted. The record of the owners in ``/run``
does not say where a fragment came from.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

from rtslib_ext.files import atomic, trusted

from ..env import Env

# Of names that have 64 characters at most.
_MOST_BYTES = 1 << 20


def load(env: Env) -> frozenset[str]:
    """Return the owners; none of a file that is missing, damaged, or that this user cannot read."""
    with suppress(OSError, ValueError, RecursionError, TypeError):
        found = json.loads(trusted.read(env.applied_fragments, _MOST_BYTES))
        return frozenset(name for name in found if isinstance(name, str))
    return frozenset()


def note(env: Env, owner: str, *, is_in_directory: bool) -> None:
    """Record whether the fragment of an owner that was applied is in conf.d.

    Only check uses it, so an error is no reason to fail.
    """
    known = load(env)
    if (owner in known) is is_in_directory:
        return
    names = known | {owner} if is_in_directory else known - {owner}
    with suppress(OSError):
        trusted.make_directory(os.path.dirname(env.applied_fragments))
        atomic.replace(env.applied_fragments, json.dumps(sorted(names)).encode())
