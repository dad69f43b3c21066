# SPDX-License-Identifier: Apache-2.0
"""A reader that also notes where storage objects are, and which LUNs lead nowhere."""

from __future__ import annotations

from collections.abc import Callable

from ..config.model import Key, Lun, MappedLun, StorageObject
from ..kernel.configfs import ConfigfsPath, ReadFS
from .counting import CountedReader


class LinksReader(CountedReader):
    """Reads the configuration, and notes what it leaves out.

    ``objects`` are the configfs paths of the storage objects.
    """

    def __init__(self, fs: ReadFS, report: Callable[[], object]) -> None:
        super().__init__(fs, report)
        self.objects: dict[Key, ConfigfsPath] = {}
        self._without_link: list[ConfigfsPath] = []

    def broken(self) -> list[ConfigfsPath]:
        """Return the LUNs and mapped LUNs that lead nowhere and still exist."""
        return [path for path in self._without_link if self.fs.is_dir(path)]

    def storage_object(self, path: ConfigfsPath) -> StorageObject | None:
        found = super().storage_object(path)
        if found is not None:
            self.objects[found.key] = path
        return found

    def lun(self, path: ConfigfsPath, index: int) -> Lun | None:
        found = super().lun(path, index)
        if found is None:
            self._without_link.append(path)
        return found

    def mapped_lun(self, path: ConfigfsPath, index: int) -> MappedLun | None:
        found = super().mapped_lun(path, index)
        if found is None:
            self._without_link.append(path)
        return found
