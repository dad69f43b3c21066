# SPDX-License-Identifier: Apache-2.0
"""Find storage objects with the same backing, under any of its names."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress

from ..config import shell_paths
from ..config.shell_paths import ShellPath
from ..fast_dataclasses import dataclass
from ..host import system
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..reading import backed_by
from ..reading.reader import Reader

_SYS = "/sys/dev/block"
_SEARCHED = ("fileio", "iblock")
# target_core_iblock.c, iblock_show_configfs_dev_params
_EXCLUSIVE = re.compile(r"exclusive: (\d)")


@dataclass(frozen=True, slots=True)
class Extent:
    """A file by device and inode, or a disk by device number, or one of its partitions.

    ``part`` is the number of the partition, "" for the base disk or file.
    """

    base: str
    part: str = ""

    def touches(self, other: Extent) -> bool:
        """Return True if both have data in common."""
        return self.base == other.base and (
            not self.part or not other.part or self.part == other.part
        )


@dataclass(frozen=True, slots=True)
class Sharer:
    """A storage object with the same backing: its shell path, and its device or file."""

    path: ShellPath
    device: str


def extents(path: str) -> Iterator[Extent]:
    """Yield the extents of a file or device; for a loop device also those of its file."""
    try:
        status = os.stat(path)
    except OSError:
        return
    if not stat.S_ISBLK(status.st_mode):
        yield Extent(f"file {status.st_dev} {status.st_ino}")
        return
    folder = f"{_SYS}/{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    part = system.read_text(f"{folder}/partition")
    disk = f"{os.path.realpath(folder)}/.." if part else folder
    yield Extent(system.read_text(f"{disk}/dev"), part)
    file = system.read_text(f"{disk}/loop/backing_file")
    if file:
        # A partition of a loop device is a part of the file.
        yield from (one if one.part else Extent(one.base, part) for one in extents(file))


def find_same(fs: ReadFS, path: str) -> ConfigfsPath | None:
    """Return a storage object of any kind with this very file or device; or None."""
    for storage_object in Reader(fs).storage_object_paths():
        held = backed_by.device(fs, storage_object)
        with suppress(OSError):
            if held and os.path.samefile(path, held):
                return storage_object
    return None


def find(fs: ReadFS, path: str) -> Sharer | None:
    """Return a storage object with the same file or device, or a part of it; or None.

    Only those are searched that do not open their device exclusively: all others are detected by
    ``devices.is_exclusive_open``.
    """
    wanted = list(extents(path))
    for storage_object in _sharing(fs):
        held = backed_by.device(fs, storage_object)
        if held and any(one.touches(other) for one in extents(held) for other in wanted):
            key = paths.key_of_storage_object(storage_object)
            assert key is not None
            return Sharer(shell_paths.storage_object(*key), held)
    return None


def _sharing(fs: ReadFS) -> Iterator[ConfigfsPath]:
    """Yield the fileio objects, and the block objects with exclusive=false (from 6.17 on)."""
    blocks = True
    for folder in fs.directories(paths.CORE):
        split = paths.split_hba(folder)
        if split is None or split[0] not in _SEARCHED or (split[0] == "iblock" and not blocks):
            continue
        hba = paths.hba(folder)
        for storage_object in (paths.storage_object_in(hba, name) for name in fs.directories(hba)):
            if split[0] == "fileio":
                yield storage_object
                continue
            found = _EXCLUSIVE.search(fs.read_if_there(f"{storage_object}/info") or "")
            if found is None:
                # An older kernel: each of them is exclusive.
                blocks = False
                break
            if found[1] == "0":
                yield storage_object


def loops_over(path: str) -> list[str]:
    """Return the loop devices on a file."""
    wanted = os.stat(path)
    return loops().get((wanted.st_dev, wanted.st_ino), [])


def loops() -> dict[tuple[int, int], list[str]]:
    """Return the loop devices by the device and inode of their file."""
    found: dict[tuple[int, int], list[str]] = {}
    try:
        names = sorted(name for name in os.listdir("/sys/block") if name.startswith("loop"))
    except OSError:
        return {}
    for name in names:
        file = system.read_text(f"/sys/block/{name}/loop/backing_file")
        try:
            status = os.stat(file) if file else None
        except OSError:
            continue
        if status is not None:
            found.setdefault((status.st_dev, status.st_ino), []).append(f"/dev/{name}")
    return found
