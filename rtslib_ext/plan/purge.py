# SPDX-License-Identifier: Apache-2.0
"""The steps that take away whatever is there, known by its names alone.

No value is read and no link followed, so this is the quick way, and the one for what is broken;
it cannot be taken back. Each step is made as somebody asks for the next, from what is there then.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..config.model import Auth, FabricSettings, NodeAcl, Portal, Target, Tpg
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import replace
from ..host import cpus
from ..kernel import paths
from ..kernel.paths import TpgPath
from ..reading.reader import Reader
from ..steps import Action, Step, acls, backstores, lu_groups, portals, targets
from ..steps.context import Operation
from ..steps.operations import CheckUnmapped, Rmdir, Unlink


def everything(reader: Reader) -> Iterator[Step]:
    """Take all targets, fabrics' settings, storage objects and LU groups away."""
    for fabric in FABRICS.values():
        for wwn in reader.target_wwns(fabric):
            yield from target(reader, fabric, wwn)
    for name in FABRICS:
        if settings := reader.fabric_settings(name):
            yield from _fabric(settings)
    for file in list(reader.storage_object_paths()):
        if key := paths.key_of_storage_object(file):
            yield storage_object(key, file)
    for group, number in reader.lu_groups().items():
        yield lu_groups.delete(group, number)


def storage_object(key: tuple[str, str], file: str) -> Step:
    """Take a storage object away that nothing exports."""
    plugin, name = key
    return backstores.discard(f"/backstores/{plugin}/{name}", file)


def target(reader: Reader, fabric: Fabric, wwn: str) -> Iterator[Step]:
    """Take one target away."""
    for tag in reader.tags(paths.target(fabric, wwn)):
        yield from _tpg(reader, fabric, wwn, tag)
    yield _for_good(targets.delete_target(Target(fabric.name, wwn)))


def _tpg(reader: Reader, fabric: Fabric, wwn: str, tag: int) -> Iterator[Step]:
    """Take one TPG away: first nobody is served any more."""
    place = TpgPath.of(fabric, wwn, tag)
    if reader.enabled(place.file):
        yield targets.enable(fabric, wwn, tag, False)
    with_acls = fabric.has("acls")
    for name in reader.acl_names(place.file) if with_acls else ():
        yield from _acl(reader, place, name)
    # Where an ACL stayed, a LUN may not be taken from it.
    stayed = with_acls and bool(reader.acl_names(place.file))
    for index in reader.lun_indexes(place.file):
        file = f"{place.file}/lun/lun_{index}"
        check = (CheckUnmapped(file),) if stayed else ()
        path = f"{place.path}/luns/lun{index}"
        operations = (*check, *_connected(reader, file))
        yield Step(Action.DELETE, path, "delete", f"LUN {index}", operations)
    for portal in reader.portal_names(paths.portals(place.file)) if fabric.has("nps") else ():
        address, _, port = portal.rpartition(":")
        yield _for_good(portals.delete_portal(place, Portal(address, int(port))))
    nexus = reader.nexus(fabric, place.file)
    yield from map(_for_good, targets.delete_tpg(fabric, wwn, Tpg(tag, nexus=nexus)))


def _acl(reader: Reader, place: TpgPath, name: str) -> Iterator[Step]:
    wwn = place.fabric.from_folder(name)
    folder = paths.acl(place.file, name)
    for index in reader.mapped_indexes(folder):
        path = f"{place.path}/acls/{wwn}/mapped_lun{index}"
        operations = _connected(reader, f"{folder}/lun_{index}")
        yield Step(Action.DELETE, path, "delete", f"mapped LUN {index}", operations, undo=())
    yield from map(_for_good, acls.delete_acl(place, NodeAcl(wwn)))


def _connected(reader: Reader, file: str) -> tuple[Operation, ...]:
    """Take a LUN or mapped LUN away, with the link in its folder if there is one."""
    alias = paths.alias_in(reader.fs, file)
    return (Unlink("", f"{file}/{alias}"), Rmdir(file)) if alias else (Rmdir(file),)


def _fabric(settings: FabricSettings) -> Iterator[Step]:
    nothing = FabricSettings(settings.name, Auth("", "", "", ""), False)
    if settings.cpus_allowed_list is not None:
        nothing = replace(nothing, cpus_allowed_list=cpus.possible_cpus())
    yield from targets.set_fabric(nothing, settings)


def _for_good(step: Step) -> Step:
    """Where values were not read, what is taken away cannot come back as it was."""
    return replace(step, undo=())
