# SPDX-License-Identifier: Apache-2.0
"""configfs -> what there is and what exports it, by names and links: no value is read."""

from __future__ import annotations

from collections.abc import Mapping

from ..config.model import Auth, Config, NodeAcl, Target, Tpg, Values
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import dataclass, field
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import Key
from .reader import Reader


@dataclass(frozen=True, slots=True)
class Topology:
    """What is there: targets and fabrics without values, the paths of storage objects."""

    config: Config = field(default_factory=Config)
    homes: Mapping[Key, ConfigfsPath] = field(default_factory=dict)
    """One configfs path of each storage object."""
    storage_objects: tuple[tuple[Key, ConfigfsPath], ...] = ()
    """All of them: other tools may have made two objects of one name."""


class TopologyReader(Reader):
    """Reads names and links only."""

    def topology(self) -> Topology:
        """All that is there."""
        objects = []
        for path in self.storage_object_paths():
            key = paths.key_of_storage_object(path)
            if key:
                objects.append((key, path))
        targets = {target.key: target for target in self.targets()}
        fabrics = {name: found for name in FABRICS if (found := self.fabric_settings(name))}
        return Topology(
            Config({}, targets, fabrics, self.lu_groups()), dict(objects), tuple(objects)
        )

    def target(self, fabric: Fabric, wwn: str) -> Target:
        """One target with its TPGs."""
        return Target(fabric.name, wwn, {tpg.tag: tpg for tpg in self.tpgs(fabric, wwn)})

    def tpg(self, fabric: Fabric, wwn: str, tag: int) -> Tpg:
        """One TPG with what hangs below it."""
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
        """Not looked at."""
        return None, {}

    def acl(self, fabric: Fabric, tpg: ConfigfsPath, name: str) -> NodeAcl:
        """One node ACL with its mapped LUNs."""
        mapped = self.mapped_luns(paths.acl(tpg, name))
        return NodeAcl(fabric.from_folder(name), {lun.index: lun for lun in mapped}, auth=Auth())

    def write_protected(self, path: ConfigfsPath) -> bool:
        """Not looked at."""
        return False
