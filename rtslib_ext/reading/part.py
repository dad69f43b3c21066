# SPDX-License-Identifier: Apache-2.0
"""Read only those objects of the running configuration that a configuration names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from ..config.model import Config
from ..fabrics import FABRICS, Fabric
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..kernel.paths import TpgPath
from .reader import Reader


class PartReader(Reader):
    """A reader for which the other objects do not exist."""

    def __init__(self, fs: ReadFS, part: Config) -> None:
        super().__init__(fs)
        self._part = part
        self._below: dict[ConfigfsPath, Sequence[int]] = {}
        self._names: dict[ConfigfsPath, list[str]] = {}
        for target in part.targets.values():
            fabric = FABRICS[target.fabric]
            self._below[paths.target(fabric, target.wwn)] = sorted(target.tpgs)
            for tag, tpg in target.tpgs.items():
                path = TpgPath.of(fabric, target.wwn, tag)
                self._below[paths.luns(path.configfs)] = sorted(tpg.luns)
                self._names[paths.portals(path.configfs)] = list(tpg.portals)
                self._names[path.configfs] = [fabric.to_folder(wwn) for wwn in tpg.acls]
                for acl in tpg.acls.values():
                    self._below[path.acl(acl.wwn)] = sorted(acl.mapped_luns)

    def storage_object_paths(
        self, plugin: str = "", known: Set[ConfigfsPath] = frozenset()
    ) -> Iterator[ConfigfsPath]:
        found = map(paths.locator(self.fs), self._part.storage_objects)
        return (path for path in found if path)

    def target_wwns(self, fabric: Fabric) -> list[str]:
        return [wwn for name, wwn in self._part.targets if name == fabric.name]

    def tags(self, path: ConfigfsPath) -> list[int]:
        return [*self._below.get(path, ())]

    def lun_indexes(self, path: ConfigfsPath) -> list[int]:
        return [*self._below.get(paths.luns(path), ())]

    def portal_names(self, folder: ConfigfsPath) -> list[str]:
        return self._names.get(folder, [])

    def acl_names(self, path: ConfigfsPath) -> list[str]:
        return self._names.get(path, [])

    def mapped_indexes(self, path: ConfigfsPath) -> list[int]:
        return [*self._below.get(path, ())]
