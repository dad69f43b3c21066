# SPDX-License-Identifier: Apache-2.0
"""The host's files as they would be: backing files that staged steps would create."""

from __future__ import annotations

import errno
import os

from ..kernel.configfs import WriteFS
from ..kernel.host_files import HostFiles, RealHostFiles, not_created, size_of
from .overlay import Overlay


class StagedHostFiles(HostFiles):
    """Records the files in the overlay; loads and mounts nothing."""

    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay

    def prepare(self, fs: WriteFS) -> None:
        pass

    def load_module(self, name: str) -> None:
        pass

    def exists(self, path: str) -> bool:
        return path in self._overlay.files or os.path.exists(path)

    def create(self, path: str, size: int, *, sparse: bool) -> None:
        if path in self._overlay.files or os.path.lexists(path):
            raise not_created(path, FileExistsError())
        if not os.path.isdir(os.path.dirname(path)):
            missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            raise not_created(path, missing)
        self._overlay.set("files", path)

    def remove(self, path: str) -> None:
        self._overlay.drop("files", path)

    def grow(self, path: str, size: int) -> None:
        size_of(path, size)

    def text(self, path: str) -> str | None:
        staged = self._overlay.files.get(path)
        return RealHostFiles().text(path) if staged is None else staged

    def put_text(self, path: str, text: str) -> None:
        self._overlay.set("files", path, text)
