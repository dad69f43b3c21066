# SPDX-License-Identifier: Apache-2.0
"""Steps that delete existing objects by name only.

No attribute is read, and no link but that of a LUN: this is fast and works for broken objects,
but it cannot be undone. The steps are made lazily, each from the configfs tree at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..config import shell_paths
from ..config.model import Auth, FabricSettings, Key, NodeAcl, Portal, Target, Tpg
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import replace
from ..host import cpus
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath
from ..reading.reader import Reader
from ..steps import Action, Step, acls, backstores, lu_groups, portals, targets
from ..steps.operations import CheckUnmapped, RemoveLinked


def everything(reader: Reader) -> Iterator[Step]:
    """Delete all targets, storage objects and LU groups; reset the settings of fabrics."""
    exported: set[ConfigfsPath] = set()
    for fabric in FABRICS.values():
        for wwn in reader.target_wwns(fabric):
            yield from target(reader, fabric, wwn, exported)
    for name in FABRICS:
        if settings := reader.fabric_settings(name):
            yield from _reset_fabric(settings)
    # The links of LUNs have named most storage objects: their directories need no listing.
    for configfs in (*sorted(exported), *list(reader.storage_object_paths(known=exported))):
        if key := paths.key_of_storage_object(configfs):
            yield storage_object(key, configfs)
    for group, number in reader.lu_groups().items():
        yield lu_groups.delete(group, number)


def storage_object(key: Key, configfs: ConfigfsPath) -> Step:
    """Delete a storage object that is not exported."""
    return backstores.discard(shell_paths.storage_object(*key), configfs)


def target(
    reader: Reader, fabric: Fabric, wwn: str, exported: set[ConfigfsPath] | None = None
) -> Iterator[Step]:
    """Delete one target with its content; add the storage objects of its LUNs to ``exported``."""
    for tag in reader.tags(paths.target(fabric, wwn)):
        yield from _tpg(reader, fabric, wwn, tag, exported)
    yield _irreversible(targets.delete_target(Target(fabric.name, wwn)))


def _tpg(
    reader: Reader, fabric: Fabric, wwn: str, tag: int, exported: set[ConfigfsPath] | None
) -> Iterator[Step]:
    """Disable a TPG and delete it with its content."""
    tpg_path = TpgPath.of(fabric, wwn, tag)
    if reader.enabled(tpg_path.configfs):
        yield targets.enable(fabric, wwn, tag, False)
    # The kernel allows ACLs in every fabric, also where nothing uses them.
    names = reader.acl_names(tpg_path.configfs)
    for name in names:
        yield from _acl(reader, tpg_path, name)
    # Where an ACL could not be deleted, its LUNs must stay.
    has_acls = bool(names) and bool(reader.acl_names(tpg_path.configfs))
    for index in reader.lun_indexes(tpg_path.configfs):
        configfs = paths.lun(tpg_path.configfs, index)
        if exported is not None and (source := links.target_of_default(reader.fs, configfs)):
            exported.add(source)
        check = (CheckUnmapped(configfs),) if has_acls else ()
        path = shell_paths.lun(tpg_path.shell, index)
        operations = (*check, RemoveLinked(configfs))
        yield Step(Action.DELETE, path, "delete", f"LUN {index}", operations)
    for portal in (
        reader.portal_names(paths.portals(tpg_path.configfs)) if fabric.has("nps") else ()
    ):
        address, _, port = portal.rpartition(":")
        yield _irreversible(portals.delete_portal(tpg_path, Portal(address, int(port))))
    nexus = reader.nexus(fabric, tpg_path.configfs)
    yield from map(_irreversible, targets.delete_tpg(fabric, wwn, Tpg(tag, nexus=nexus)))


def _acl(reader: Reader, tpg_path: TpgPath, name: str) -> Iterator[Step]:
    wwn = tpg_path.fabric.from_folder(name)
    configfs, acl = paths.acl(tpg_path.configfs, name), shell_paths.acl(tpg_path.shell, wwn)
    for index in reader.mapped_indexes(configfs):
        path = shell_paths.mapped_lun(acl, index)
        operations = (RemoveLinked(paths.mapped_lun(configfs, index)),)
        yield Step(Action.DELETE, path, "delete", f"mapped LUN {index}", operations, undo=())
    yield from map(_irreversible, acls.delete_acl(tpg_path, NodeAcl(wwn)))


def _reset_fabric(settings: FabricSettings) -> Iterator[Step]:
    nothing = FabricSettings(settings.name, Auth("", "", "", ""), False)
    if settings.cpus_allowed_list is not None:
        nothing = replace(nothing, cpus_allowed_list=cpus.possible_cpus())
    yield from targets.set_fabric(nothing, settings)


def _irreversible(step: Step) -> Step:
    """Mark a step as not undoable, as the values of the object were not read."""
    return replace(step, undo=())
