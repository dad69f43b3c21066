# SPDX-License-Identifier: Apache-2.0
"""Making and deleting LUNs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rtslib_ext import naming
from rtslib_ext.config.model import Lun, MappedLun
from rtslib_ext.errors import Exists, LioError, NotFound
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.naming import LUN_MAX
from rtslib_ext.plan import remove
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, acls, luns
from rtslib_ext.usage import exports
from rtslib_ext.usage.exports import Export

from ..changes import apply, consent
from ..env import Env
from ..result import Result, say
from ..tree import Node, walk
from ..tree.backstores import StorageObjectNode
from ..tree.fabrics import TpgNode
from ..tree.luns import Luns
from . import storage

if TYPE_CHECKING:
    from ..tree.node import Tpg


@dataclass(slots=True)
class Source:
    """What is to be exported; ``steps`` make it where it is not there yet."""

    key: tuple[str, str]
    file: str
    steps: list[Step] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def create(
    env: Env,
    node: Node,
    storage_object: str,
    lun: int | None = None,
    add_mapped_luns: bool | None = None,
) -> Result:
    """Export a storage object."""
    tpg = tpg_of(node)
    source = find_source(env, node, storage_object)
    index, steps, lines = new_lun(env, tpg, source, lun)
    if env.prefs.flag("auto_add_mapped_luns") if add_mapped_luns is None else add_mapped_luns:
        more, said = _map_everywhere(env, tpg, index, lun)
        steps += more
        lines += said
    apply.apply(env, steps)
    return Result(lines, created=f"{node.path}/lun{index}")


def tpg_of(node: Node) -> TpgNode:
    """The TPG that a node below it belongs to."""
    while not isinstance(node, TpgNode):
        node = node.above(1)
    return node


def find_source(env: Env, node: Node, text: str) -> Source:
    """The storage object at a shell path, or one that is made for a device or file."""
    found = storage_object_at(node, text)
    if found is not None:
        return Source((found.plugin, found.name), found.file)
    so, steps, file = storage.from_path(env, text)
    return Source(so.key, file, steps, [f"Created storage object {so.name}."])


def storage_object_at(node: Node, text: str) -> StorageObjectNode | None:
    """The storage object at a shell path."""
    try:
        found = walk.resolve(node, text)
    except NotFound:
        return None
    return found if isinstance(found, StorageObjectNode) else None


def new_lun(
    env: Env, tpg: Tpg, source: Source, lun: int | None
) -> tuple[int, list[Step], list[str]]:
    """The steps that export a storage object: (LUN number, steps, what is said)."""
    if not source.steps:
        there = exported_as(env, tpg, source.file)
        if there is not None:
            name = "/".join(source.key)
            raise Exists(
                f"lun for storage object {name} already exists",
                path=f"{tpg.path}/luns",
                hint=f"it is lun{there.index}",
            )
    index = _free_index(env, tpg) if lun is None else lun
    if lun is not None and env.fs.is_dir(f"{tpg.file}/lun/lun_{index}"):
        raise Exists("This LUN already exists in configFS", path=f"{tpg.path}/luns/lun{index}")
    created = luns.create_lun(tpg.place, Lun(index, source.key, naming.alias()), source.file)
    return index, [*source.steps, *created], [*source.lines, f"Created LUN {index}."]


def exported_as(env: Env, tpg: Tpg, file: str) -> Export | None:
    """The LUN of a TPG that exports a storage object already."""
    place = tpg.place
    found = exports.of_storage_object(env.fs, file)
    return next((export for export in found if export.place == place), None)


def _free_index(env: Env, tpg: Tpg) -> int:
    free = _first_free(env, f"{tpg.file}/lun", lambda: Reader(env.fs).lun_indexes(tpg.file))
    if free > LUN_MAX:
        raise LioError(f"all LUNs from 0 to {LUN_MAX} are in use", path=f"{tpg.path}/luns")
    return free


def _first_free(env: Env, folder: str, used: Callable[[], Sequence[int]]) -> int:
    """The first number that no LUN in a folder has."""
    known = env.session.transaction.free_numbers if env.session.transaction is not None else {}
    free = known.get(folder)
    if free is None:
        taken = set(used())
        free = next(number for number in range(len(taken) + 1) if number not in taken)
    else:
        while env.fs.is_dir(f"{folder}/lun_{free}"):
            free += 1
    known[folder] = free
    return free


def _map_everywhere(
    env: Env, tpg: Tpg, index: int, wanted: int | None
) -> tuple[list[Step], list[str]]:
    """Map a new LUN in every ACL, under its first free number or the one that was given."""
    if not tpg.fabric.has("acls"):
        return [], []
    reader = Reader(env.fs)
    steps, lines = [], []
    for folder in reader.acl_names(tpg.file):
        wwn = tpg.fabric.from_folder(folder)
        file = f"{tpg.file}/acls/{folder}"
        number = wanted
        if number is None or env.fs.is_dir(f"{file}/lun_{number}"):
            number = _first_free(env, file, partial(reader.mapped_indexes, file))
        mapped = MappedLun(number, index, alias=naming.alias())
        steps.append(acls.create_mapped_lun(tpg.place, wwn, mapped))
        lines.append(f"Created LUN {index}->{number} mapping in node ACL {wwn}")
    return steps, lines


def delete(env: Env, node: Node, lun: int) -> Result:
    """Delete a LUN with the mapped LUNs that lead to it."""
    assert isinstance(node, Luns)
    tpg = tpg_of(node)
    if not env.fs.is_dir(f"{node.file}/lun_{lun}"):
        raise NotFound("Invalid LUN", path=node.path, hint=f"there is no lun{lun}")
    export = Export(tpg.fabric, tpg.wwn, tpg.tag, lun)
    removal = partial(remove.remove_lun, Reader(env.fs), export)
    steps = removal(likely=consent.may_miss(env))
    consent.ask(env, steps)
    apply.apply(env, steps, removal)
    return say(f"Deleted LUN {lun}.")
