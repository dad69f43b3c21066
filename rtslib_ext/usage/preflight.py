# SPDX-License-Identifier: Apache-2.0
"""Checks of a device or file before it becomes a storage object; they change nothing.

A device in use is refused. What would surely damage data needs --yes; what may be intended is asked
or noted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from ..config.backing import Block, FileIO, Pscsi
from ..config.model import Config, StorageObject
from ..config.shell_paths import ShellPath
from ..fast_dataclasses import dataclass
from ..files import mounts, placement
from ..files.trusted import Untrusted
from ..host import devices, disk_identity, signatures
from ..host.system import read_text
from ..kernel.configfs import ReadFS
from . import sharing

if TYPE_CHECKING:
    from .holders import Holder

# File systems in memory, lost at a reboot.
_IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")


class Severity(Enum):
    """How severe a finding is: refused, needs --yes, asked at a terminal, or noted."""

    REFUSED = "refused"
    INSIST = "insist"
    ASK = "ask"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """A result of a check: ``text`` describes it, ``help`` says what to do.

    ``kind`` is one word for programs.
    """

    kind: str
    severity: Severity
    text: str
    help: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.help})" if self.help else self.text


def of_place(path: str) -> Iterator[Finding]:
    """Yield a finding if other users may have placed a device or file, or can replace it."""
    try:
        found = placement.find(path)
    except Untrusted as err:
        yield Finding("place", Severity.REFUSED, str(err), err.hint)
        return
    if found:
        yield Finding("place", Severity.INSIST, found.text, placement.CURE)


def of_device(fs: ReadFS, path: str, *, exclusive: bool = True) -> Iterator[Finding]:
    """Yield findings about a block device.

    ``exclusive``: the storage object needs exclusive use, so a device in use is refused, not noted.
    """
    if devices.is_exclusive_open(path):
        holder = _holder(fs, path)
        yield Finding(
            holder.kind,
            Severity.REFUSED if exclusive else Severity.NOTE,
            f"device {path} is already in use: {holder.why}",
            holder.help,
        )
        if not exclusive:
            yield from _others(fs, path, Severity.NOTE)
        return
    if _waits_for_multipath(path):
        yield Finding(
            "multipath",
            Severity.INSIST,
            f"{path} is a path of a multipath device that does not exist yet",
            "create it with multipath -v2 and export it",
        )
    yield from _others(fs, path, Severity.INSIST if exclusive else Severity.NOTE)
    lasting = disk_identity.lasting_name(path)
    if lasting:
        yield Finding(
            "name",
            Severity.NOTE,
            f"{path} may be another disk after a reboot",
            f"{lasting} stays the same disk",
        )
    for signature in signatures.read(path):
        text = f"{path} contains {signature.text}"
        yield Finding(signature.kind, Severity.ASK, text, _advice(signature.kind, path))


def read_only(path: str) -> Finding:
    """Return the finding that a device is read-only."""
    return Finding(
        "read-only",
        Severity.NOTE,
        f"{path} is read-only, and so will be the storage object",
        f"to make it writable: blockdev --setrw {path}",
    )


def of_file(fs: ReadFS, path: str) -> Iterator[Finding]:
    """Yield findings about an existing file."""
    if devices.written_by_others(path):
        others = list(_others(fs, path, Severity.INSIST))
        if others:
            yield from others
            return
    for loop in sharing.loops_over(path):
        held = devices.is_exclusive_open(loop)
        holder = _holder(fs, loop) if held else None
        yield Finding(
            holder.kind if holder else "loop",
            Severity.INSIST if holder else Severity.NOTE,
            f"{path} is used as {loop}" + (f", and {holder.why}" if holder else ""),
            holder.help if holder else f"losetup --detach {loop}",
        )
    status = os.stat(path)
    # A file without blocks contains no data.
    if status.st_blocks:
        for signature in signatures.read(path):
            yield Finding(signature.kind, Severity.NOTE, f"{path} contains {signature.text}")
    yield from _of_file_system(path, status.st_size - status.st_blocks * 512)


def of_new_file(path: str, size: int) -> Iterator[Finding]:
    """Yield findings about the file system for a new file of ``size`` bytes."""
    yield from _of_file_system(path, size)


def of_config(fs: ReadFS, have: Config, want: Config) -> Iterator[tuple[str, Finding]]:
    """Yield (shell path, finding) of the storage objects that ``want`` adds or changes.

    A missing block device is one: a dry run would otherwise promise what the kernel refuses.
    """
    new: list[tuple[ShellPath, Block]] = []
    for key, so in want.storage_objects.items():
        running = have.storage_objects.get(key)
        if running is not None and _same(running.backing.udev_path, so.backing.udev_path):
            continue
        for finding in _of_backing(fs, so.backing, _released(have, want)):
            yield so.path, finding
        yield from ((so.path, finding) for finding in _of_new(so, new))


def shared_in(config: Config) -> Iterator[tuple[ShellPath, str]]:
    """Yield (shell path, text) of the block objects that share their device with another one."""
    blocks = [so for so in config.storage_objects.values() if isinstance(so.backing, Block)]
    new: list[tuple[ShellPath, Block]] = []
    for so in blocks:
        yield from ((so.path, str(finding)) for finding in _of_new(so, new))


def _missing(path: str) -> Finding:
    cure = "lsblk shows those of this host"
    return Finding("missing", Severity.NOTE, f"the device {path} does not exist", cure)


def _of_new(so: StorageObject, new: list[tuple[ShellPath, Block]]) -> Iterator[Finding]:
    """Yield a finding about another new object on a shared device; ``new`` are those so far."""
    backing = so.backing
    if not isinstance(backing, Block) or not os.path.exists(backing.dev):
        return
    mine = list(sharing.extents(backing.dev))
    for path, other in new:
        theirs = sharing.extents(other.dev)
        if not (backing.exclusive and other.exclusive) and any(
            one.touches(two) for one in theirs for two in mine
        ):
            yield _shared(backing.dev, sharing.Sharer(path, other.dev), Severity.NOTE)
            break
    new.append((so.path, backing))


def _released(have: Config, want: Config) -> list[str]:
    """Return the files and devices of storage objects that the change deletes."""
    return [
        so.backing.udev_path
        for key, so in have.storage_objects.items()
        if key not in want.storage_objects
        or not _same(so.backing.udev_path, want.storage_objects[key].backing.udev_path)
    ]


def _of_backing(fs: ReadFS, backing: object, released: list[str]) -> Iterator[Finding]:
    if not isinstance(backing, (Block, FileIO, Pscsi)):
        return
    if not os.path.exists(backing.dev):
        if isinstance(backing, Block):
            yield _missing(backing.dev)
        return
    if any(one and _same(one, backing.dev) for one in released):
        # It is in use by an object that will be deleted.
        return
    yield from of_place(backing.dev)
    if devices.is_block_device(backing.dev):
        yield from of_device(fs, backing.dev, exclusive=getattr(backing, "exclusive", True))
    elif isinstance(backing, FileIO) and os.path.isfile(backing.dev):
        yield from of_file(fs, backing.dev)


def _waits_for_multipath(path: str) -> bool:
    """Return True if multipath claims a device that is in no map yet.

    The map may be created at any moment. Its udev rules (60-multipath.rules) record the claim in
    udev's database.
    """
    number = os.stat(path).st_rdev
    return devices.udev_property(number, "DM_MULTIPATH_DEVICE_PATH") == "1"


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _holder(fs: ReadFS, device: str) -> Holder:
    # Imported here: only a device in use needs it.
    from . import holders

    return holders.find(fs, device)


def _others(fs: ReadFS, path: str, severity: Severity) -> Iterator[Finding]:
    """Yield a finding about a storage object on the same device or file, if there is one."""
    other = sharing.find(fs, path)
    if other:
        yield _shared(path, other, severity)


def _shared(path: str, other: sharing.Sharer, severity: Severity) -> Finding:
    name = other.path.rpartition("/")[2]
    by = "" if other.device == path else f", on {other.device}"
    return Finding(
        "backstore",
        severity,
        f"storage object for {path} already exists: {name}{by}",
        f"export {other.path}: it can have any number of LUNs",
    )


def _of_file_system(path: str, growth: int) -> Iterator[Finding]:
    """Yield findings about the file system of a file."""
    folder = os.path.dirname(path)
    try:
        number, room = os.stat(folder).st_dev, os.statvfs(folder)
    except OSError:
        # Creating the file reports the error.
        return
    kind = mounts.type_of(number)
    if kind in _IN_MEMORY:
        yield Finding("memory", Severity.NOTE, f"{path} is in memory ({kind}) and lost at a reboot")
    free = room.f_bavail * room.f_frsize
    if growth > free:
        yield Finding(
            "room",
            Severity.NOTE,
            f"{path} may grow by {growth} bytes, and its file system has {free} bytes free",
            "writes fail once it is full",
        )
    if _vendor_of(number) == "LIO-ORG":
        yield Finding(
            "loopback",
            Severity.NOTE,
            f"{path} is on a LUN of LIO",
            "if this host exports that LUN, this is not safe when memory is short",
        )


def _vendor_of(number: int) -> str:
    """Return the vendor of the SCSI disk with a device number, or of a partition's disk; or ""."""
    folder = os.path.realpath(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if os.path.exists(f"{folder}/partition"):
        folder = os.path.dirname(folder)
    return read_text(f"{folder}/device/vendor")


def _advice(kind: str, path: str) -> str:
    if kind == "lvm":
        return "this host's LVM uses it too unless global_filter in /etc/lvm/lvm.conf excludes it"
    if kind == "silent":
        return ""
    return f"initiators can overwrite that; wipefs {path} shows it"
