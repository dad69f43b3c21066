# SPDX-License-Identifier: Apache-2.0
"""Which storage object has the same data behind it, by whatever name it calls that."""

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

_SYS = "/sys/dev/block"


@dataclass(frozen=True, slots=True)
class Extent:
    """A file by device and inode, or a disk by its number; of a disk perhaps one partition."""

    whole: str
    part: str = ""

    def touches(self, other: Extent) -> bool:
        """Whether both have data in common."""
        return self.whole == other.whole and (
            not self.part or not other.part or self.part == other.part
        )


@dataclass(frozen=True, slots=True)
class Sharer:
    """A storage object by its shell path; ``device`` is what it was made from."""

    path: ShellPath
    device: str


def extents(path: str) -> Iterator[Extent]:
    """Where the data of a file or device is: of a loop device the file's place too."""
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
        # A partition of a loop device is a part of its file.
        yield from (one if one.part else Extent(one.whole, part) for one in extents(file))


def find(fs: ReadFS, path: str, prefixes: tuple[str, ...]) -> Sharer | None:
    """The storage object that has the same file or device, or part of it.

    ``prefixes`` are the kinds to look at, as configfs calls them. Those that open their device
    exclusively are found by ``devices.is_exclusive_open`` without this search.
    """
    wanted = list(extents(path))
    for folder in fs.directories(paths.CORE):
        split = paths.split_hba(folder)
        if split is None or split[0] not in prefixes:
            continue
        hba = paths.hba(folder)
        for name in fs.directories(hba):
            storage_object = paths.storage_object_in(hba, name)
            held = fs.read_if_there(f"{storage_object}/udev_path")
            if held and any(one.touches(other) for one in extents(held) for other in wanted):
                key = paths.key_of_storage_object(storage_object)
                assert key is not None
                return Sharer(shell_paths.storage_object(*key), held)
    return None


def loops_over(path: str) -> list[str]:
    """The loop devices that are made from a file."""
    wanted = os.stat(path)
    found = []
    try:
        names = sorted(name for name in os.listdir("/sys/block") if name.startswith("loop"))
    except OSError:
        return []
    for name in names:
        file = system.read_text(f"/sys/block/{name}/loop/backing_file")
        try:
            if file and os.path.samestat(os.stat(file), wanted):
                found.append(f"/dev/{name}")
        except OSError:
            continue
    return found
