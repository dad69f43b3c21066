# SPDX-License-Identifier: Apache-2.0
"""The running configuration, and what the last restore could not create of the wanted one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rtslib_ext.config.model import Config
from rtslib_ext.kernel import setup
from rtslib_ext.reading import counting

from .. import progress
from ..env import Env

if TYPE_CHECKING:
    from rtslib_ext.savefile.unrestored import Unrestored

CURE = "restoreconfig keep_existing=true creates it, saveconfig drop_missing=true drops it"
# The number of paths that a message names.
_NAMED = 3


def read(env: Env) -> Config:
    """Return the running configuration; raises LioError."""
    setup.require_readable(env.fs)
    with progress.work(env, "reading", lambda _: counting.running(env.fs)) as work:
        return counting.CountedReader(env.fs, work.count).config()


def unrestored(env: Env, have: Config | None) -> Unrestored:
    """Return the objects that a restore could not create and that ``have`` still lacks.

    ``have`` is the running configuration; None: nothing counts as missing.
    """
    # Imported here, like the next: after most restores nothing is missing.
    from rtslib_ext.savefile import unrestored as records

    if have is None:
        return records.Unrestored()
    found = records.load(env.unrestored)
    return records.remaining(found, have, have.storage_objects) if found else found


def set_unrestored(env: Env, found: Unrestored | None = None) -> None:
    """Record the objects that could not be restored; None: there are none."""
    if not found and not os.path.exists(env.unrestored):
        return
    from rtslib_ext.savefile import unrestored as records

    records.store(env.unrestored, found or records.Unrestored())


def listed(found: Unrestored) -> str:
    """Return the paths of missing objects in one text, of many only the first ones."""
    named = ", ".join(found.paths[:_NAMED])
    rest = len(found.paths) - _NAMED
    return f"{named} and {rest} more" if rest > 0 else named
