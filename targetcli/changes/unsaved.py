# SPDX-License-Identifier: Apache-2.0
"""The unsaved changes of other processes, when a shell is left that saves automatically."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from rtslib_ext.config.model import Config
from rtslib_ext.config.wording import shortened
from rtslib_ext.errors import LioError
from rtslib_ext.steps import Action

from ..env import Env
from ..result import Aside
from ..views import changes
from . import apply, plans


def of_others(env: Env, saved: Config, config: Config) -> list[str]:
    """Return the shell paths that differ from the saved configuration, not by this session."""
    if saved == config:
        return []
    found = (item.step for item in changes.of_plan(plans.between(saved, config)))
    mine = env.session.unsaved
    paths = (step.path for step in found if apply.key(step) not in mine)
    return list(dict.fromkeys((*paths, *_within_own(env))))


def _within_own(env: Env) -> Iterator[str]:
    """Yield the shell paths of the settings that others changed in new objects of this session.

    These are part of the creation of such an object, so the saved configuration does not show them;
    the history does.
    """
    mine, own = env.session.unsaved, env.session.recorded
    created = {path for path, setting in mine if not setting}
    if not created or not own:
        return
    # Imported here: few shells create something.
    from ..audit import history

    for number in history.numbers(env.history):
        if number < own[0]:
            return
        if number in own:
            continue
        with suppress(LioError):
            for change in history.find(env.history, number).changes:
                path, setting = str(change["path"]), str(change.get("subject"))
                if (path, setting) not in mine and not created.isdisjoint(_upwards(path)):
                    if change["action"] == Action.UPDATE.name.lower():
                        yield path


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def saved_too(found: list[str], made: list[str]) -> list[str]:
    """Return a note about changes of others that were saved; ``made``: a backup was made."""
    undo = "; restoreconfig @1 has the file from before" if made else ""
    return [
        Aside(
            "Note: this also saved what others changed, in the kernel or in the file: "
            f"{shortened(found)}{undo}"
        )
    ]


def left(found: list[str]) -> list[str]:
    """Return a note about changes of others that were not saved."""
    return [
        Aside(
            "Note: not saved: this session saved all its changes, and others changed "
            f"{shortened(found)} since (saveconfig saves that)"
        )
    ]
