# SPDX-License-Identifier: Apache-2.0
"""A read cache over configfs: each file is read at most once per command."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import KernelRefused
from .configfs import ConfigfsPath, Entry, ReadFS


class CachingFS(ReadFS):
    """Caches what it reads. Changes go through the tree below, and are visible in a new cache."""

    def __init__(self, fs: ReadFS) -> None:
        self.fs = fs
        self._texts: dict[str, str | KernelRefused] = {}
        self._entries: dict[str, list[Entry] | KernelRefused] = {}
        self._links: dict[str, ConfigfsPath] = {}
        self._directories: dict[str, bool] = {}

    def absolute(self, path: str) -> str:
        return self.fs.absolute(path)

    def read(self, path: str) -> str:
        cached = self._texts.get(path)
        if cached is None:
            try:
                cached = self.fs.read(path)
            except KernelRefused as err:
                cached = err
            self._texts[path] = cached
        if isinstance(cached, KernelRefused):
            raise cached
        return cached

    def scan(self, path: ConfigfsPath) -> list[Entry]:
        cached = self._entries.get(path)
        if cached is None:
            try:
                cached = self.fs.scan(path)
            except KernelRefused as err:
                cached = err
            self._entries[path] = cached
        if isinstance(cached, KernelRefused):
            raise cached
        return cached

    def readlink(self, path: str) -> ConfigfsPath:
        if path not in self._links:
            self._links[path] = self.fs.readlink(path)
        return self._links[path]

    def is_dir(self, path: ConfigfsPath) -> bool:
        if path not in self._directories:
            self._directories[path] = self.fs.is_dir(path)
        return self._directories[path]

    def exists(self, path: str) -> bool:
        return self.fs.exists(path)

    def modes(self, path: ConfigfsPath, names: Iterable[str]) -> dict[str, int]:
        return self.fs.modes(path, names)
