# SPDX-License-Identifier: Apache-2.0
"""How many objects there are, by their names alone; and reading that tells of each of them.

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
    """How many a configuration has; target port groups count, too: each is made by a step."""
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
    """How many run."""
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
    """Reads as any reader, and tells of each object."""

    def __init__(self, fs: ReadFS, tell: Callable[[], object]) -> None:
        super().__init__(fs)
        self._tell = tell

    def storage_object(self, path: ConfigfsPath) -> StorageObject | None:
        """One storage object."""
        self._tell()
        return super().storage_object(path)

    def target(self, fabric: Fabric, wwn: str) -> Target:
        """One target."""
        self._tell()
        return super().target(fabric, wwn)

    def tpg(self, fabric: Fabric, wwn: str, tag: int) -> Tpg:
        """One TPG."""
        self._tell()
        return super().tpg(fabric, wwn, tag)

    def lun(self, path: ConfigfsPath, index: int) -> Lun | None:
        """One LUN."""
        self._tell()
        return super().lun(path, index)

    def portal(self, path: ConfigfsPath, name: str) -> Portal:
        """One portal."""
        self._tell()
        return super().portal(path, name)

    def acl(self, fabric: Fabric, tpg: ConfigfsPath, name: str) -> NodeAcl:
        """One node ACL."""
        self._tell()
        return super().acl(fabric, tpg, name)

    def mapped_lun(self, path: ConfigfsPath, index: int) -> MappedLun | None:
        """One mapped LUN."""
        self._tell()
        return super().mapped_lun(path, index)
