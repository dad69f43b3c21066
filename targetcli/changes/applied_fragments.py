# SPDX-License-Identifier: Apache-2.0
"""The owners whose fragments in conf.d were applied: a file beside the history.

It survives a boot, so that check knows whose file was deleted. The record of the owners in ``/run``
does not say where a fragment came from.
"""

from __future__ import annotations

from contextlib import suppress

from ..env import Env
from . import owner_names


def load(env: Env) -> frozenset[str]:
    """Return the owners."""
    return owner_names.load(env.applied_fragments)


def note(env: Env, owner: str, *, is_in_directory: bool) -> None:
    """Record whether the fragment of an owner that was applied is in conf.d.

    Only check uses it, so an error is no reason to fail.
    """
    known = load(env)
    if (owner in known) is is_in_directory:
        return
    with suppress(OSError):
        owner_names.store(
            env.applied_fragments, known | {owner} if is_in_directory else known - {owner}
        )
