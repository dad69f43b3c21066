# SPDX-License-Identifier: Apache-2.0
"""The owners whose fragments wait for devices since the start of the service: a file in ``/run``.

A rule of udev and target-pending.service look whether it exists.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from rtslib_ext.errors import LioError, reason

from ..env import Env
from . import owner_names


def load(env: Env) -> frozenset[str]:
    """Return the owners; none of a damaged file, which the next start of the service replaces."""
    return owner_names.load(env.waiting_fragments)


def store(env: Env, owners: Iterable[str]) -> None:
    """Replace the file, or remove it if no fragment waits. Raises LioError."""
    path, names = env.waiting_fragments, frozenset(owners)
    try:
        if names:
            owner_names.store(path, names)
        elif os.path.exists(path):
            os.unlink(path)
    except OSError as err:
        raise LioError(f"{path} cannot be written: {reason(err)}") from err
