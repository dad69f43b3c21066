# SPDX-License-Identifier: Apache-2.0
"""reservations: the initiators that hold storage objects, and registered keys."""

from __future__ import annotations

from rtslib_ext.kernel import paths, setup
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.usage import reservations as library

from ..changes import part
from ..env import Env
from ..result import Result, show
from ..tree import Node, walk
from ..tree.backstores import StorageObjectNode
from ..views import reservations as view
from ..views.reservations import Held
from ..views.wrap import width_of
from .exported_scope import storage_objects


def reservations(env: Env, node: Node) -> Result:
    """Show the reservations of a node's storage objects; a single one is shown without any, too."""
    walk.require_readable(env)
    single = isinstance(part.owner(node), StorageObjectNode)
    dbroot = setup.dbroot(env.fs)
    found = [
        Held(path, library.read(node.reader.fs, configfs), _kept(node.reader, dbroot, configfs))
        for path, configfs in storage_objects(node)
        if single or _is_used(node.reader, configfs)
    ]
    return show(
        view.lines(found, width_of(env.stdout)),
        lambda: {"storage_objects": [view.facts(item) for item in found]},
    )


def _is_used(reader: Reader, configfs: ConfigfsPath) -> bool:
    """Return True if an initiator ever registered a key, or holds a reservation: two reads."""
    folder = paths.reservations(configfs)
    generation = reader.fs.read_if_there(f"{folder}/res_pr_generation") or ""
    if generation.startswith("0x") and int(generation, 16):
        return True
    return "Initiator: " in (reader.fs.read_if_there(f"{folder}/res_holder") or "")


def _kept(reader: Reader, dbroot: str, configfs: ConfigfsPath) -> int:
    """Return the number of registrations that the kernel saved on disk."""
    return len(library.kept(dbroot, reader.unit_serial(configfs)))
