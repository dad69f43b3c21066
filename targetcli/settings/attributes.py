# SPDX-License-Identifier: Apache-2.0
"""The group ``attribute`` of a storage object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rtslib_ext.config.backing import FileIO
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ReadFS
from rtslib_ext.reading import backed_by
from rtslib_ext.usage import exports, hazards, no_effect

from .group import Folder


class Attributes(Folder):
    """The attributes of a storage object."""

    def notes(self, fs: ReadFS, names: Iterable[str]) -> Iterator[str]:
        """Yield notes about values without effect on a fabric that exports the object.

        Also about UNMAP for a file whose file system cannot punch holes, and a size of blocks that
        leaves out the end of the object.
        """
        for name in no_effect.SETTINGS.keys() & set(names):
            found = exports.of_storage_object(fs, paths.parent(self.folders[0]))
            value = fs.read_if_there(f"{self.folders[0]}/{name}") or ""
            yield from no_effect.texts(name, value, (item.fabric.name for item in found or ()))
        if hazards.UNMAP in names and (text := self._unmap(fs)):
            yield text
        if hazards.BLOCK_SIZE in names:
            # Imported here: few commands set it.
            from rtslib_ext.reading.reader import Reader

            so = Reader(fs).storage_object(paths.parent(self.folders[0]))
            if so and (text := hazards.tail(so)):
                yield text

    def _unmap(self, fs: ReadFS) -> str:
        path = paths.parent(self.folders[0])
        if fs.read_if_there(f"{self.folders[0]}/{hazards.UNMAP}") != "1":
            return ""
        key = paths.key_of_storage_object(path)
        file = backed_by.device(fs, path) if key and key[0] == FileIO.plugin else ""
        return hazards.unmap(file)
