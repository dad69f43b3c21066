# SPDX-License-Identifier: Apache-2.0
"""Create and delete LUNs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import Lun, MappedLun
from rtslib_ext.errors import Exists, LioError, NotFound
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.naming import LUN_MAX
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, acls, luns
from rtslib_ext.usage import exports
from rtslib_ext.usage.exports import Export

from ..changes import apply, consent, reused
from ..changes.reused import LoggedIn
from ..env import Env
from ..result import Result, say
from ..tree import Node, walk
from ..tree.backstores import StorageObjectNode
from ..tree.fabrics import TpgNode
from ..tree.luns import Luns

if TYPE_CHECKING:
    from ..tree.node import Tpg


@dataclass(slots=True)
class Source:
    """A storage object to export; ``steps`` create it if it does not exist yet."""

    key: tuple[str, str]
    configfs: ConfigfsPath
    steps: list[Step] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def create(
    env: Env,
    node: Node,
    storage_object: str,
    lun: int | None,
    add_mapped_luns: bool | None,
) -> Result:
    """Export a storage object."""
    tpg = tpg_of(node)
    source = find_source(env, node, storage_object)
    known = LoggedIn(env.fs)
    index, steps, lines = new_lun(env, tpg, source, lun, known)
    if env.prefs.flag("auto_add_mapped_luns") if add_mapped_luns is None else add_mapped_luns:
        wanted = index if lun is None and env.prefs.get("identity_namespace") else lun
        more, mapped = _map_everywhere(
            env, tpg, index, wanted, "/".join(source.key), known, strict=wanted != lun
        )
        steps += more
        lines += mapped
    apply.apply(env, steps, logged_in=known)
    return Result(lines, created=shell_paths.lun(tpg.path, index))


def tpg_of(node: Node) -> TpgNode:
    """Return the TPG above a node."""
    return node.nearest(TpgNode)


def find_source(env: Env, node: Node, text: str) -> Source:
    """Return the storage object at a shell path, or plan one for a device or file."""
    found = storage_object_at(node, text)
    if found is not None:
        return Source((found.plugin, found.name), found.configfs)
    # Imported here: with its preflight checks it is needed for devices and files only.
    from . import storage

    try:
        so, steps, configfs, notes = storage.from_path(env, text)
    except NotFound as err:
        err.hint = proposal(node, text) or err.hint
        raise
    return Source(so.key, configfs, steps, [*notes, f"Created storage object {so.name}."])


def proposal(node: Node, text: str) -> str:
    """Return a hint at the path of the storage object with a name, or with the closest one."""
    # Imported here: only an error needs it.
    from .. import closest

    found: dict[str, str] = {}
    for backstore in walk.resolve(node, "/backstores").children():
        for child in backstore.children():
            if isinstance(child, StorageObjectNode):
                found.setdefault(child.name, child.path)
    name = closest.find(text.rpartition("/")[2], found)
    return f"did you mean {found[name]}?" if name else ""


def storage_object_at(node: Node, text: str) -> StorageObjectNode | None:
    """Return the storage object at a shell path, or None."""
    try:
        found = walk.resolve(node, text)
    except NotFound:
        return None
    return found if isinstance(found, StorageObjectNode) else None


def new_lun(
    env: Env, tpg: Tpg, source: Source, lun: int | None, known: LoggedIn
) -> tuple[int, list[Step], list[str]]:
    """Plan the export of a storage object: (LUN number, steps, messages)."""
    if not source.steps:
        existing = exported_as(env, tpg, source.configfs)
        if existing is not None:
            name = "/".join(source.key)
            raise Exists(
                f"lun for storage object {name} already exists",
                path=shell_paths.luns(tpg.path),
                hint=f"it is lun{existing.index}",
            )
    if lun is None and env.prefs.get("identity_namespace"):
        lun = _derived(env, tpg, source.key)
    index = _free_index(env, tpg, "/".join(source.key), known) if lun is None else lun
    if lun is not None and env.fs.is_dir(paths.lun(tpg.configfs, index)):
        path = shell_paths.lun(tpg.path, index)
        raise Exists("This LUN already exists in configFS", path=path)
    lun_wanted = Lun(index, source.key)
    created = luns.create_lun(tpg.tpg_path, lun_wanted, source.configfs)
    return index, [*source.steps, *created], [*source.lines, f"Created LUN {index}."]


def _derived(env: Env, tpg: Tpg, key: tuple[str, str]) -> int:
    """Return the LUN that is derived from the name of a storage object; raises Exists."""
    # Imported here: only a pair of hosts needs it.
    from ..changes import derived

    found = derived.of(env)
    assert found is not None
    number = found.lun(key)
    if env.fs.is_dir(paths.lun(tpg.configfs, number)):
        raise Exists(
            f"LUN {number}, which is derived for {'/'.join(key)}, is another storage object",
            path=shell_paths.luns(tpg.path),
            hint="give another number, on each node the same",
        )
    return number


def exported_as(env: Env, tpg: Tpg, storage_object: ConfigfsPath) -> Export | None:
    """Return the LUN of a TPG that exports a storage object, or None."""
    tpg_path = tpg.tpg_path
    found = exports.of_storage_object(env.fs, storage_object)
    return next((export for export in found if export.tpg_path == tpg_path), None)


def _free_index(env: Env, tpg: Tpg, key: str, known: LoggedIn) -> int:
    used = partial(Reader(env.fs).lun_indexes, tpg.configfs)
    free = _first_free(env, tpg.configfs, paths.lun, used)
    if known.acls_of(tpg.configfs):
        free = reused.Numbers(env).next_free(
            tpg.configfs,
            free,
            lambda number: (shell_paths.lun(tpg.path, number), paths.lun(tpg.configfs, number)),
            key,
        )
    if free > LUN_MAX:
        raise LioError(f"all LUNs from 0 to {LUN_MAX} are in use", path=shell_paths.luns(tpg.path))
    return free


def _first_free(
    env: Env,
    owner: ConfigfsPath,
    path: Callable[[ConfigfsPath, int], ConfigfsPath],
    used: Callable[[], Sequence[int]],
) -> int:
    """Return the lowest number that no LUN of a TPG, or mapped LUN of an ACL, has."""
    known = env.session.transaction.free_numbers if env.session.transaction is not None else {}
    free = known.get(owner)
    if free is None:
        taken = set(used())
        free = next(number for number in range(len(taken) + 1) if number not in taken)
    else:
        while env.fs.is_dir(path(owner, free)):
            free += 1
    known[owner] = free
    return free


def _map_everywhere(
    env: Env,
    tpg: Tpg,
    index: int,
    wanted: int | None,
    key: str,
    known: LoggedIn,
    *,
    strict: bool = False,
) -> tuple[list[Step], list[str]]:
    """Map a new LUN in every ACL, under the given number or the lowest free one.

    ``strict``: raises Exists if an ACL has the given number already.
    """
    if not tpg.fabric.has("acls"):
        return [], []
    reader = Reader(env.fs)
    steps, lines = [], []
    logged_in = known.acls_of(tpg.configfs) if wanted is None else []
    numbers = reused.Numbers(env) if logged_in else None
    for folder in reader.acl_names(tpg.configfs):
        wwn = tpg.fabric.from_folder(folder)
        acl = paths.acl(tpg.configfs, folder)
        number = wanted
        if number is None or env.fs.is_dir(paths.mapped_lun(acl, number)):
            if strict:
                raise Exists(
                    f"LUN {number}, which is derived for {key}, is another storage object",
                    path=shell_paths.acl(tpg.path, wwn),
                    hint="give another number, on each node the same",
                )
            used = partial(reader.mapped_indexes, acl)
            number = _first_free(env, acl, paths.mapped_lun, used)
            if numbers and folder in logged_in:
                number = numbers.next_free(
                    tpg.configfs, number, partial(_mapped_paths, tpg, folder), key
                )
        mapped = MappedLun(number, index)
        steps.append(acls.create_mapped_lun(tpg.tpg_path, wwn, mapped))
        lines.append(f"Created LUN {index}->{number} mapping in node ACL {wwn}")
    return steps, lines


def _mapped_paths(tpg: Tpg, folder: str, number: int) -> tuple[str, ConfigfsPath]:
    """Return the shell path and the configfs path of a mapped LUN."""
    path = shell_paths.acl(tpg.path, tpg.fabric.from_folder(folder))
    configfs = paths.mapped_lun(paths.acl(tpg.configfs, folder), number)
    return shell_paths.mapped_lun(path, number), configfs


def delete(env: Env, node: Luns, lun: int) -> Result:
    """Delete a LUN and its mapped LUNs."""
    tpg = tpg_of(node)
    export = Export(tpg.fabric, tpg.wwn, tpg.tag, lun)
    if not env.fs.is_dir(export.configfs):
        raise NotFound("Invalid LUN", path=node.path, hint=f"there is no lun{lun}")
    # Imported here: no other command of LUNs deletes.
    from rtslib_ext.plan import remove

    removal = partial(remove.remove_lun, Reader(env.fs), export)
    steps = removal(likely=consent.may_miss(env))
    apply.apply(env, steps, removal)
    return say(f"Deleted LUN {lun}.")
