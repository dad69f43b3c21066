# SPDX-License-Identifier: Apache-2.0
"""The unsaved changes of other processes, when a shell is left that saves automatically."""

from __future__ import annotations

from rtslib_ext.config.model import Config

from ..env import Env
from ..result import Aside
from ..views import changes
from . import apply, plans, running


def of_others(env: Env, saved: Config, config: Config) -> list[str]:
    """Return the shell paths that differ from the saved configuration, not by this session."""
    if saved == config:
        return []
    found = (item.step for item in changes.of_plan(plans.between(saved, config)))
    mine = env.session.unsaved
    return list(dict.fromkeys(step.path for step in found if apply.key(step) not in mine))


def saved_too(found: list[str], made: list[str]) -> list[str]:
    """Return a note about changes of others that were saved; ``made``: a backup was made."""
    undo = "; restoreconfig @1 has the file from before" if made else ""
    return [
        Aside(
            "Note: this also saved what others changed, in the kernel or in the file: "
            f"{running.listed(found)}{undo}"
        )
    ]


def left(found: list[str]) -> list[str]:
    """Return a note about changes of others that were not saved."""
    return [
        Aside(
            "Note: not saved: this session saved all its changes, and others changed "
            f"{running.listed(found)} since (saveconfig saves that)"
        )
    ]
