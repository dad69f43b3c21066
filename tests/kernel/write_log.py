# SPDX-License-Identifier: Apache-2.0
"""A disk that loses power: dm-log-writes notes each write, and what the disk had after it.

The kernel logs a write once a flush, or FUA, has put it on the disk (drivers/md/dm-log-writes.c),
so what no flush followed is missing in every earlier state, as after a power failure.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MAGIC = 0x6A736677736872
_SECTOR = 512
_LIBC = ctypes.CDLL(None, use_errno=True)
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8


@dataclass
class Disk:
    """A file system in a file of ``mib`` MiB, mounted at ``mount`` through dm-log-writes."""

    folder: Path
    mib: int = 4
    mkfs: tuple[str, ...] = ("mkfs.ext4", "-q", "-b", "1024", "-J", "size=1")
    options: str = "data=ordered"

    @property
    def mount(self) -> Path:
        return self.folder / "mnt"

    def start(self) -> None:
        """Make the file system and mount it."""
        run("modprobe", "-a", "loop", "dm-log-writes")
        self.mount.mkdir()
        for name in ("data", "log"):
            with (self.folder / name).open("wb") as file:
                file.truncate(self.mib << (20 if name == "data" else 23))
        run(*self.mkfs, f"{self.folder}/data")
        shutil.copyfile(self.folder / "data", self.folder / "image")
        loops = [run("losetup", "--find", "--show", f"{self.folder}/{n}") for n in ("data", "log")]
        table = f"0 {(self.mib << 20) // _SECTOR} log-writes {' '.join(loops)}"
        run("dmsetup", "create", "logged", "--noudevsync", "--table", table)
        minor = run("dmsetup", "info", "--columns", "--noheadings", "-o", "minor", "logged")
        run("mount", "-o", self.options, f"/dev/dm-{minor}", str(self.mount))

    def mark(self, text: str) -> None:
        """Note a moment in the log."""
        run("dmsetup", "message", "logged", "0", "mark", text)

    def stop(self) -> None:
        """Unmount, and detach the devices."""
        run("umount", str(self.mount))
        self.detach()

    def detach(self) -> None:
        run("dmsetup", "remove", "--noudevsync", "logged")
        for name in ("data", "log"):
            found = run("losetup", "--noheadings", "-O", "NAME", "-j", f"{self.folder}/{name}")
            run("losetup", "--detach", found)

    def states(self, chance: random.Random | None = None) -> Iterator[str]:
        """Make a file of the disk after each write; yield the last mark before it.

        With ``chance``, of the writes after the last flush only some reached the disk.
        """
        mark = ""
        waiting: list[tuple[int, bytes]] = []
        image, state = self.folder / "image", self.folder / "state"
        shutil.copyfile(image, self.folder / "now")
        for sector, flags, data in entries(self.folder / "log"):
            if flags & _MARK:
                mark = data.decode()
                continue
            if flags & _FLUSH:
                _put(self.folder / "now", waiting)
                waiting.clear()
            if data:
                waiting.append((sector, data))
            if flags & _FUA:
                _put(self.folder / "now", waiting[-1:])
            # The kernel copies it; Python's memory is slow in the sandbox.
            shutil.copyfile(self.folder / "now", state)
            _put(state, [write for write in waiting if not chance or chance.random() < 0.5])
            yield mark

    @contextmanager
    def after_power_failure(self) -> Iterator[Path]:
        """Mount the file that ``states`` made, which replays the journal; yield where."""
        device = run("losetup", "--find", "--show", f"{self.folder}/state")
        places = device.encode(), os.fsencode(self.mount)
        # Without mount(8): each process takes time in the sandbox.
        if _LIBC.mount(*places, b"ext4", 0, self.options.encode()):
            raise OSError(ctypes.get_errno(), f"{device} cannot be mounted")
        try:
            yield self.mount
        finally:
            assert _LIBC.umount2(places[1], 0) == 0
            run("losetup", "--detach", device)


def entries(log: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield (sector, flags, data or text of the mark) for each entry of a log."""
    with log.open("rb") as file:
        magic, _, count, size = struct.unpack_from("<QQQI", file.read(_SECTOR))
        assert (magic, size) == (_MAGIC, _SECTOR)
        for _ in range(count):
            head = file.read(size)
            sector, sectors, flags, length = struct.unpack_from("<QQQQ", head)
            if flags & _MARK:
                yield sector, flags, head[32 : 32 + length].rstrip(b"\0")
            elif flags & _DISCARD:
                yield sector, flags, bytes(sectors * size)
            else:
                yield sector, flags, file.read(sectors * size)


def run(*words: str) -> str:
    """Run a program that must succeed; return what it prints."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def _put(path: Path, writes: list[tuple[int, bytes]]) -> None:
    handle = os.open(path, os.O_WRONLY)
    for sector, data in writes:
        os.pwrite(handle, data, sector * _SECTOR)
    os.close(handle)
