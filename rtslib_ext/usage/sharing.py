# SPDX-License-Identifier: Apache-2.0
"""Find storage objects with the same backing, under any of its names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from ..config import shell_paths
from ..config.shell_paths import ShellPath
from ..fast_dataclasses import dataclass
from ..host import system
from ..kernel import paths
from ..kernel.configfs import ReadFS
from ..reading import backed_by

_SYS = "/sys/dev/block"


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


def find(fs: ReadFS, path: str, prefixes: tuple[str, ...]) -> Sharer | None:
    """Return a storage object with the same file or device, or a part of it; or None.

    ``prefixes`` are the kinds to search, by their configfs names. Kinds that open their device
    exclusively are detected by ``devices.is_exclusive_open`` without this search.
    """
    wanted = list(extents(path))
    for folder in fs.directories(paths.CORE):
        split = paths.split_hba(folder)
        if split is None or split[0] not in prefixes:
            continue
        hba = paths.hba(folder)
        for name in fs.directories(hba):
            storage_object = paths.storage_object_in(hba, name)
            held = backed_by.device(fs, storage_object)
            if held and any(one.touches(other) for one in extents(held) for other in wanted):
                key = paths.key_of_storage_object(storage_object)
                assert key is not None
                return Sharer(shell_paths.storage_object(*key), held)
    return None


def loops_over(path: str) -> list[str]:
    """Return the loop devices on a file."""
    wanted = os.stat(path)
    loops = []
    try:
        names = sorted(name for name in os.listdir("/sys/block") if name.startswith("loop"))
    except OSError:
        return []
    for name in names:
        file = system.read_text(f"/sys/block/{name}/loop/backing_file")
        try:
            if file and os.path.samestat(os.stat(file), wanted):
                loops.append(f"/dev/{name}")
        except OSError:
            continue
    return loops
