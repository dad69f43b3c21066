# SPDX-License-Identifier: Apache-2.0
"""The owners whose fragments wait for devices since the start of the service: a file in ``/run``.

A rule of udev and target-pending.service look whether it exists.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress

from rtslib_ext.errors import LioError, reason
from rtslib_ext.files import atomic, trusted

from ..env import Env

# Of names that have 64 characters at most.
_MOST_BYTES = 1 << 20


def load(env: Env) -> frozenset[str]:
    """Return the owners; none of a damaged file, which the next start of the service replaces."""
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads(trusted.read(env.waiting_fragments, _MOST_BYTES))
        return frozenset(name for name in found if isinstance(name, str))
    return frozenset()


def store(env: Env, owners: Iterable[str]) -> None:
    """Replace the file, or remove it if no fragment waits. Raises LioError."""
    path, names = env.waiting_fragments, sorted(owners)
    try:
        if names:
            trusted.make_directory(os.path.dirname(path))
            atomic.replace(path, json.dumps(names).encode())
        elif os.path.exists(path):
            os.unlink(path)
    except OSError as err:
        raise LioError(f"{path} cannot be written: {reason(err)}") from err
