# SPDX-License-Identifier: Apache-2.0
"""owners: the objects that belong to a source of configuration."""

from __future__ import annotations

from rtslib_ext.kernel import paths
from rtslib_ext.owners import units

from ..changes import owners as records
from ..env import Env
from ..result import Result, show
from ..tree import Node
from ..views.table import Column, table
from ..views.wrap import width_of

EXISTS, MISSING, DISABLED = "exists", "missing", "disabled"
_COLUMNS = (Column("OWNER"), Column("OBJECT", cut="start"), Column("STATE"))


def owners(env: Env, node: Node, name: str | None) -> Result:
    """List the objects that have an owner, at and below a node."""
    found = records.below(records.load(env), node.path)
    pairs = sorted((owner, path) for path, owner in found.items() if name in (None, owner))
    rows = [(owner, path, state(env, path)) for owner, path in pairs]
    lines = table(_COLUMNS, rows, width_of(env.stdout)) if rows else ["No object has an owner"]
    result = show(lines, lambda: {"owners": [_facts(*row) for row in rows]})
    if name is not None:
        states = {text for _, _, text in rows}
        result.status = 2 if states <= {MISSING} else 0 if states == {EXISTS} else 1
    return result


def _facts(owner: str, path: str, state: str) -> dict[str, object]:
    return {"owner": owner, "path": path, "exists": state != MISSING, "state": state}


def state(env: Env, path: str) -> str:
    """Return whether an object that has an owner exists; a target may be disabled."""
    folder = units.folder(path)
    if folder is None:
        (key,) = units.of_paths([path]).objects
        folder = paths.find_storage_object(env.fs, *key)
        return EXISTS if folder else MISSING
    if not env.fs.is_dir(folder):
        return MISSING
    enabled = (
        env.fs.read_if_there(f"{folder}/{name}/enable")
        for name in env.fs.directories(folder)
        if name.startswith("tpgt_")
    )
    return DISABLED if "0" in enabled else EXISTS
