# SPDX-License-Identifier: Apache-2.0
"""Folders of attribute files: which files there are, which of them can be set."""

from __future__ import annotations

import stat
from collections.abc import Collection

from ..errors import KernelRefused
from ..fast_dataclasses import dataclass, field
from .configfs import ReadFS


@dataclass(slots=True)
class Attributes:
    """What the folders of one tree hold.

    The names and modes are the same in all folders of a kind ("attrib of fileio"): they are
    looked up in the first one, which saves a third of the system calls of reading.
    """

    fs: ReadFS
    _modes: dict[str, dict[str, int]] = field(default_factory=dict)

    def modes(self, path: str, kind: str) -> dict[str, int]:
        """The files in a folder with their permission bits, by name."""
        if kind not in self._modes:
            found = self._look(path)
            if not found:
                return {}
            self._modes[kind] = found
        return self._modes[kind]

    def settable(self, path: str, kind: str) -> list[str]:
        """The files that can be both read and written."""
        both = stat.S_IRUSR | stat.S_IWUSR
        return [name for name, mode in self.modes(path, kind).items() if mode & both == both]

    def values(self, path: str, kind: str, without: Collection[str] = ()) -> dict[str, str]:
        """The settable values; a file that the kernel does not let be read is left out."""
        names = (name for name in self.settable(path, kind) if name not in without)
        pairs = ((name, self.fs.read_if_there(f"{path}/{name}")) for name in names)
        return {name: value for name, value in pairs if value is not None}

    def _look(self, path: str) -> dict[str, int]:
        try:
            names = sorted(entry.name for entry in self.fs.scan(path) if entry.kind == "file")
            return self.fs.modes(path, names)
        except (KernelRefused, OSError):
            self.fs.note_missing()
            return {}
