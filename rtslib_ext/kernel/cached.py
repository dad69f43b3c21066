# SPDX-License-Identifier: Apache-2.0
"""A tree that is read at most once: what one command sees of the kernel."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import KernelRefused
from .configfs import ConfigFS, Entry


class CachingFS(ConfigFS):
    """Remembers what it read; shares the counter of the tree it looks at.

    It only reads: changes go through the tree itself, and a new snapshot sees them.
    """

    def __init__(self, fs: ConfigFS) -> None:
        super().__init__(fs.root)
        self.fs = fs
        self.calls = fs.calls
        self._texts: dict[str, str | KernelRefused] = {}
        self._entries: dict[str, list[Entry] | KernelRefused] = {}
        self._links: dict[str, str] = {}
        self._directories: dict[str, bool] = {}

    def read(self, path: str) -> str:
        """As ConfigFS.read."""
        found = self._texts.get(path)
        if found is None:
            try:
                found = self.fs.read(path)
            except KernelRefused as err:
                found = err
            self._texts[path] = found
        if isinstance(found, KernelRefused):
            raise found
        return found

    def scan(self, path: str) -> list[Entry]:
        """As ConfigFS.scan."""
        found = self._entries.get(path)
        if found is None:
            try:
                found = self.fs.scan(path)
            except KernelRefused as err:
                found = err
            self._entries[path] = found
        if isinstance(found, KernelRefused):
            raise found
        return found

    def readlink(self, path: str) -> str:
        """As ConfigFS.readlink."""
        if path not in self._links:
            self._links[path] = self.fs.readlink(path)
        return self._links[path]

    def is_dir(self, path: str) -> bool:
        """As ConfigFS.is_dir."""
        if path not in self._directories:
            self._directories[path] = self.fs.is_dir(path)
        return self._directories[path]

    def exists(self, path: str) -> bool:
        """As ConfigFS.exists."""
        return self.fs.exists(path)

    def modes(self, path: str, names: Iterable[str]) -> dict[str, int]:
        """As ConfigFS.modes."""
        return self.fs.modes(path, names)
