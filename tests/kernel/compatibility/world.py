# SPDX-License-Identifier: Apache-2.0
"""The worlds that rows start from, made anew only when a row has changed one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rtslib_ext.kernel.configfs import ConfigFS

from ..commands.harness import ETC, Shell
from .row import DISK, DISKS, Row

_CHANGES = ("mkdir", "rmdir", "write", "symlink", "unlink")


@dataclass
class Worlds:
    """Gives a row its world; ``clear`` empties the kernel and /etc/target."""

    clear: Callable[[], None]
    now: tuple[str, ...] | None = None
    fs: ConfigFS = field(default_factory=ConfigFS)

    def shell(self, row: Row, home: Path) -> Shell:
        """A user without preferences in the world of a row."""
        self.start(row.world, home)
        return Shell(home, fs=self.fs)

    def start(self, world: tuple[str, ...], home: Path) -> None:
        """Have a world, and none of the files of the row before."""
        if world != self.now or self._is_changed():
            self._make(world, home.with_name("maker"))
        self._clean_files()
        self.fs = ConfigFS()

    def _is_changed(self) -> bool:
        return any(self.fs.calls[verb] for verb in _CHANGES)

    def _make(self, world: tuple[str, ...], home: Path) -> None:
        self.now = None
        self.clear()
        shutil.rmtree(DISKS, ignore_errors=True)
        DISKS.mkdir()
        maker = Shell(home)
        for line in world:
            maker.ok(line)
        self.now = world

    def _clean_files(self) -> None:
        for path in DISKS.iterdir():
            if str(path) != DISK:
                path.unlink()
        for path in ETC.iterdir():
            if path.is_file():
                path.unlink()
        shutil.rmtree(ETC / "backup", ignore_errors=True)
