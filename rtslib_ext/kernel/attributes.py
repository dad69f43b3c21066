# SPDX-License-Identifier: Apache-2.0
"""Directories of attribute files: which files exist, and which can be written."""

from __future__ import annotations

import stat
from collections.abc import Collection

from ..errors import KernelRefused
from ..fast_dataclasses import dataclass, field
from .configfs import ConfigfsPath, ReadFS


@dataclass(slots=True)
class Attributes:
    """Reads the attribute directories of one tree.

    Names and modes are the same in all directories of a kind ("attrib of fileio"): they are looked
    up only in the first one, which saves a third of the system calls of reading.
    """

    fs: ReadFS
    _modes: dict[str, dict[str, int]] = field(default_factory=dict)
    _settable: dict[str, list[str]] = field(default_factory=dict)

    def modes(self, path: ConfigfsPath, kind: str) -> dict[str, int]:
        """Return the permission bits of the files in a directory, by name."""
        if kind not in self._modes:
            modes = self._scan(path)
            if not modes:
                return {}
            self._modes[kind] = modes
        return self._modes[kind]

    def settable(self, path: ConfigfsPath, kind: str) -> list[str]:
        """Return the names of the files that are readable and writable."""
        names = self._settable.get(kind)
        if names is None:
            both = stat.S_IRUSR | stat.S_IWUSR
            modes = self.modes(path, kind)
            names = [name for name, mode in modes.items() if mode & both == both]
            if modes:
                self._settable[kind] = names
        return names

    def values(
        self, path: ConfigfsPath, kind: str, without: Collection[str] = ()
    ) -> dict[str, str]:
        """Return the texts of the settable files, by name; unreadable ones are omitted."""
        # A loop, as a large configuration has a hundred thousand of these files.
        found, read = {}, self.fs.read_if_there
        for name in self.settable(path, kind):
            if name not in without and (value := read(f"{path}/{name}")) is not None:
                found[name] = value
        return found

    def of_tpg(self, path: ConfigfsPath, kind: str) -> dict[str, str]:
        """Return the settings in a TPG's own directory; rtpi only if it was set on purpose."""
        # Imported here: a reader of names does not need it.
        from . import rtpi

        values = self.values(path, kind, ("enable", "nexus", rtpi.NAME))
        has = rtpi.NAME in self.modes(path, kind)
        return {**values, **rtpi.if_set(self.fs, path)} if has else values

    def _scan(self, path: ConfigfsPath) -> dict[str, int]:
        try:
            names = sorted(entry.name for entry in self.fs.scan(path) if entry.kind == "file")
            return self.fs.modes(path, names)
        except (KernelRefused, OSError):
            self.fs.note_missing()
            return {}
