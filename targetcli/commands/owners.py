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

_COLUMNS = (Column("OWNER"), Column("OBJECT", cut="start"), Column("STATE"))


def owners(env: Env, node: Node, name: str | None) -> Result:
    """List the objects that have an owner, at and below a node."""
    found = records.below(records.load(env), node.path)
    pairs = sorted((owner, path) for path, owner in found.items() if name in (None, owner))
    rows = [(owner, path, exists(env, path)) for owner, path in pairs]
    cells = [(owner, path, "exists" if there else "missing") for owner, path, there in rows]
    lines = table(_COLUMNS, cells, width_of(env.stdout)) if rows else ["No object has an owner"]
    return show(
        lines,
        lambda: {
            "owners": [
                {"owner": owner, "path": path, "exists": there} for owner, path, there in rows
            ]
        },
    )


def exists(env: Env, path: str) -> bool:
    """Return True if an object that has an owner exists."""
    folder = units.folder(path)
    if folder is None:
        (key,) = units.of_paths([path]).objects
        folder = paths.find_storage_object(env.fs, *key)
    return folder is not None and env.fs.is_dir(folder)
