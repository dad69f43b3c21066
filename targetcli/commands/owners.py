# SPDX-License-Identifier: Apache-2.0
"""owners: the objects that belong to a source of configuration."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from rtslib_ext.errors import InUse, LioError
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.owners import record, standby, units

from ..changes import apply
from ..changes import owners as records
from ..env import Env
from ..result import Result, show
from ..tree import Node
from ..views.table import Column, table
from ..views.wrap import width_of
from . import fragment_files, save_files

EXISTS, MISSING, DISABLED, STANDBY = "exists", "missing", "disabled", "standby"
STARTING = "starting"
NOT_SERVED = (MISSING, STANDBY)
_COLUMNS = (Column("OWNER"), Column("OBJECT", cut="start"), Column("STATE"))


def owners(env: Env, node: Node, name: str | None) -> Result:
    """List the objects that have an owner, at and below a node; for root, which reads the record.

    Raises PermissionDenied: by an empty list, the other host of a pair would start to serve.
    """
    apply.require_root(env)
    if name is not None:
        units.check_name(name)
    found = records.below(records.load(env), node.path)
    pairs = sorted((owner, path) for path, owner in found.items() if name in (None, owner))
    found_rows = list(_rows(env.fs, pairs))
    there = {path for _, path, state in found_rows if state != MISSING}
    rows = list(_as_served(env, found_rows))
    lines = table(_COLUMNS, rows, width_of(env.stdout)) if rows else ["No object has an owner"]
    result = show(lines, lambda: {"owners": [_facts(*row, exists=row[1] in there) for row in rows]})
    if name is not None:
        if not rows and node.parent is None:
            refuse_unclaimed(env, name)
        states = {text for _, _, text in rows}
        result.status = 2 if states <= {*NOT_SERVED} else 0 if states == {EXISTS} else 1
    return result


def refuse_unclaimed(env: Env, name: str) -> None:
    """Raise InUse if objects of the fragment of a pair exist here, and the record has no owner.

    The record was removed, or a save file restored them: this host serves what it does not know.
    """
    path = f"{env.pairs}/{name}{fragment_files.SUFFIX}"
    if not os.path.exists(path):
        return
    try:
        config = save_files.load_understood(env, path).config
    except LioError:
        # No takeover with it has made them.
        return
    known = records.load(env)
    pairs = [(name, one) for one in units.of_config(config).paths() if one not in known]
    for _, one, state in _rows(env.fs, pairs):
        if state != MISSING:
            raise InUse(
                f"it is in {path} and exists here, but has no owner",
                path=one,
                hint=f"apply {path} --owner {name} --adopt lets {name} own it, and release it",
            )


def _as_served(env: Env, rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the rows; what a takeover is about to serve is not free for the other host."""
    starting = record.starting(env.owners)
    for owner, path, state in rows:
        yield owner, path, STARTING if owner == starting and state in NOT_SERVED else state


def _facts(owner: str, path: str, state: str, *, exists: bool) -> dict[str, object]:
    return {"owner": owner, "path": path, "exists": exists, "state": state}


def _rows(fs: ReadFS, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield (owner, path, state); the storage objects of each owner come first.

    Targets of an owner all of whose exported disks are in standby are in standby as well.
    """
    locate = paths.locator(fs)
    disks: dict[str, set[str]] = {}
    for owner, path in pairs:
        folder = units.folder(path)
        if folder is None:
            (key,) = units.of_paths([path]).objects
            state = _of_disk(fs, locate(key))
            disks.setdefault(owner, set()).add(state)
        else:
            state = _of_folder(fs, folder)
            if state == EXISTS and disks.get(owner) == {STANDBY}:
                state = STANDBY
        yield owner, path, state


def _of_disk(fs: ReadFS, folder: ConfigfsPath | None) -> str:
    if folder is None:
        return MISSING
    return STANDBY if standby.has(fs, folder) else EXISTS


def _of_folder(fs: ReadFS, folder: ConfigfsPath) -> str:
    """Return whether a target or ACL exists; a target may be disabled."""
    if not fs.is_dir(folder):
        return MISSING
    enabled = (
        fs.read_if_there(f"{folder}/{name}/enable")
        for name in fs.directories(folder)
        if name.startswith("tpgt_")
    )
    return DISABLED if "0" in enabled else EXISTS


def states_of(env: Env, name: str) -> dict[str, str]:
    """Return the states of the objects of an owner, by shell path."""
    pairs = sorted((owner, path) for path, owner in records.load(env).items() if owner == name)
    return {path: state for _, path, state in _rows(env.fs, pairs)}
