# SPDX-License-Identifier: Apache-2.0
"""configfs -> the existing objects and their links, without reading values."""

from __future__ import annotations

from collections.abc import Mapping

from ..config.model import Auth, Config, Key, NodeAcl, Target, Tpg, Values
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import dataclass, field
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from .reader import Reader


@dataclass(frozen=True, slots=True)
class Topology:
    """The existing objects: targets and fabrics without values, paths of storage objects."""

    config: Config = field(default_factory=Config)
    locations: Mapping[Key, ConfigfsPath] = field(default_factory=dict)
    """One configfs path of each storage object."""
    storage_objects: tuple[tuple[Key, ConfigfsPath], ...] = ()
    """All of them: other tools may have created two objects with the same name."""

    @property
    def is_empty(self) -> bool:
        """Return True if nothing exists."""
        return self.config.is_empty and not self.storage_objects


class TopologyReader(Reader):
    """A reader of names and links only."""

    def topology(self) -> Topology:
        """Return the names and links of everything in the tree."""
        objects = []
        for path in self.storage_object_paths():
            key = paths.key_of_storage_object(path)
            if key:
                objects.append((key, path))
        targets = {target.key: target for target in self.targets()}
        fabrics = {name: settings for name in FABRICS if (settings := self.fabric_settings(name))}
        return Topology(
            Config({}, targets, fabrics, self.lu_groups()), dict(objects), tuple(objects)
        )

    def target(self, fabric: Fabric, wwn: str) -> Target:
        return Target(fabric.name, wwn, {tpg.tag: tpg for tpg in self.tpgs(fabric, wwn)})

    def tpg(self, fabric: Fabric, wwn: str, tag: int) -> Tpg:
        path = paths.tpg(fabric, wwn, tag)
        return Tpg(
            tag,
            enable=self.enabled(path),
            luns={lun.index: lun for lun in self.luns(path)},
            portals={portal.name: portal for portal in self.portals(path)}
            if fabric.has("nps")
            else {},
            acls={acl.wwn: acl for acl in self.acls(fabric, path)},
            nexus=self.nexus(fabric, path),
        )

    def lun_alua(self, path: ConfigfsPath) -> tuple[str | None, Values]:
        """Return nothing, without a read."""
        return None, {}

    def acl(self, fabric: Fabric, tpg: ConfigfsPath, name: str) -> NodeAcl:
        mapped = self.mapped_luns(paths.acl(tpg, name))
        return NodeAcl(fabric.from_folder(name), {lun.index: lun for lun in mapped}, auth=Auth())

    def write_protected(self, path: ConfigfsPath) -> bool:
        """Return False, without a read."""
        return False
