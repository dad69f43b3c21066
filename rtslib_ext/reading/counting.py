# SPDX-License-Identifier: Apache-2.0
"""Count objects by their names alone; read and report progress per object.

An object is a storage object, a target, a TPG, a LUN, a portal, an ACL or a mapped LUN.
"""

from __future__ import annotations

from collections.abc import Callable

from ..config.model import Config, Lun, MappedLun, NodeAcl, Portal, StorageObject, Target, Tpg
from ..fabrics import FABRICS, Fabric
from ..kernel import paths
from ..kernel.abi import DEFAULT_GROUP
from ..kernel.configfs import ConfigfsPath, ReadFS
from .reader import Reader


def wanted(config: Config) -> int:
    """Return the number of objects in a configuration, including its target port groups.

    These count because each takes a step to create.
    """
    number = len(config.lu_groups) + len(config.storage_objects)
    for so in config.storage_objects.values():
        number += sum(name != DEFAULT_GROUP for name in so.alua_groups)
    for target in config.targets.values():
        number += 1 + len(target.tpgs)
        for tpg in target.tpgs.values():
            number += len(tpg.luns) + len(tpg.portals) + len(tpg.acls)
            number += sum(len(acl.mapped_luns) for acl in tpg.acls.values())
    return number


def running(fs: ReadFS) -> int:
    """Return the number of running objects."""
    reader = Reader(fs)
    number = sum(1 for _ in reader.storage_object_paths())
    for fabric in FABRICS.values():
        for wwn in reader.target_wwns(fabric):
            tags = reader.tags(paths.target(fabric, wwn))
            number += 1 + sum(_of_tpg(reader, paths.tpg(fabric, wwn, tag)) for tag in tags)
    return number


def _of_tpg(reader: Reader, path: ConfigfsPath) -> int:
    acls = reader.acl_names(path)
    mapped = sum(len(reader.mapped_indexes(paths.acl(path, name))) for name in acls)
    portals = reader.portal_names(paths.portals(path))
    return 1 + len(reader.lun_indexes(path)) + len(portals) + len(acls) + mapped


class CountedReader(Reader):
    """A reader that calls ``report`` for each object."""

    def __init__(self, fs: ReadFS, report: Callable[[], object]) -> None:
        super().__init__(fs)
        self._report = report

    def storage_object(self, path: ConfigfsPath) -> StorageObject | None:
        self._report()
        return super().storage_object(path)

    def target(self, fabric: Fabric, wwn: str) -> Target:
        self._report()
        return super().target(fabric, wwn)

    def tpg(self, fabric: Fabric, wwn: str, tag: int) -> Tpg:
        self._report()
        return super().tpg(fabric, wwn, tag)

    def lun(self, path: ConfigfsPath, index: int) -> Lun | None:
        self._report()
        return super().lun(path, index)

    def portal(self, path: ConfigfsPath, name: str) -> Portal:
        self._report()
        return super().portal(path, name)

    def acl(self, fabric: Fabric, tpg: ConfigfsPath, name: str) -> NodeAcl:
        self._report()
        return super().acl(fabric, tpg, name)

    def mapped_lun(self, path: ConfigfsPath, index: int) -> MappedLun | None:
        self._report()
        return super().mapped_lun(path, index)
