# SPDX-License-Identifier: Apache-2.0
"""backups: the earlier contents of the save file, and what changed in each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

from rtslib_ext.config.model import Config
from rtslib_ext.errors import LioError, NotFound
from rtslib_ext.fast_dataclasses import dataclass, replace
from rtslib_ext.plan.builder import Plan
from rtslib_ext.savefile import disk

from ..changes import plans
from ..env import Env
from ..result import Result, show
from ..tree import Node
from ..views import changes
from ..views import history as times
from ..views import plan as view
from . import save_files

_HEADS = ("WHEN", "CHANGES", "NO.", "NAME")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup or the save file; ``plan`` leads to it from the one before, None for the first.

    ``time`` is when it was written, in seconds since 1970; ``problem`` is why it cannot be read.
    ``number`` counts the backups from the newest one, 1; None for the save file.
    """

    path: str
    time: float
    plan: Plan | None = None
    problem: str = ""
    number: int | None = None

    @property
    def name(self) -> str:
        """Return its name in the directory, which restoreconfig, diff and apply take."""
        return os.path.basename(self.path)


def backups(env: Env, node: Node, name: str | None) -> Result:
    """List the backups with the number of changes in each, or the changes in one of them."""
    if name is not None:
        return _one(env, name)
    found = _numbered(env, _compared(_paths(env)))
    return show(_table(found), lambda: {"backups": [_facts(item) for item in found]})


def _paths(env: Env) -> list[str]:
    """Return the backups and then the save file, the oldest first."""
    paths = disk.backups(disk.backup_folder(env.save_file))
    return [*paths, *([env.save_file] if os.path.exists(env.save_file) else [])]


def _numbered(env: Env, found: Sequence[Backup]) -> list[Backup]:
    """Return the files with their numbers."""
    newest = len(found) - 1 - bool(found and found[-1].path == env.save_file)
    return [
        replace(item, number=newest - place + 1 if place <= newest else None)
        for place, item in enumerate(found)
    ]


def _one(env: Env, name: str) -> Result:
    paths = _paths(env)
    names = {os.path.basename(path): place for place, path in enumerate(paths)}
    given = save_files.readable(env, name) if name.startswith("@") else name
    place = names.get(os.path.basename(given))
    if place is None or given not in (os.path.basename(given), paths[place]):
        raise NotFound(
            f"{name} is not a backup", hint="backups lists them; diff compares any files"
        )
    found = _compared(paths[max(place - 1, 0) : place + 1])[-1]
    if found.problem:
        raise LioError(found.problem)
    return plans.show(env, found.plan or Plan(()), done=True)


def _compared(paths: Sequence[str]) -> list[Backup]:
    """Compare each file with the one before that can be read."""
    found: list[Backup] = []
    before: Config | None = None
    for path in paths:
        try:
            time, config = os.path.getmtime(path), save_files.load(path).config
        except (LioError, OSError) as err:
            found.append(Backup(path, 0.0, problem=str(err)))
            continue
        plan = None if before is None else plans.between(before, config)
        found.append(Backup(path, time, plan))
        before = config
    return found


def _table(found: Sequence[Backup]) -> list[str]:
    if not found:
        return ["There are no backups"]
    rows = [_HEADS, *((_when(item), _changes(item), _number(item), item.name) for item in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS) - 1)]
    return ["  ".join([*map(str.ljust, row, widths), row[-1]]) for row in rows]


def _number(backup: Backup) -> str:
    return f"@{backup.number}" if backup.number else "-"


def _when(backup: Backup) -> str:
    return times.when(backup.time) if backup.time else "-"


def _changes(backup: Backup) -> str:
    """Return the number of changes by sign: "+2 ~1"; "-" for the first file."""
    if backup.problem:
        return "unreadable"
    if backup.plan is None:
        return "-"
    counts = Counter(item.sign for item in changes.of_plan(backup.plan))
    return " ".join(f"{sign}{number}" for sign, number in sorted(counts.items())) or "none"


def _facts(backup: Backup) -> dict[str, object]:
    return {
        "file": backup.path,
        "number": backup.number,
        "time": backup.time or None,
        "plan": None if backup.plan is None else view.facts(backup.plan)["plan"],
        "problem": backup.problem or None,
    }
