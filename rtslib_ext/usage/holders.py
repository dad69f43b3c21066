# SPDX-License-Identifier: Apache-2.0
"""Who holds a block device, so that nobody else can have it: a mount, swap, a device above, us."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ..config import shell_paths
from ..fast_dataclasses import dataclass
from ..host import system
from ..kernel import paths
from ..kernel.configfs import ReadFS


@dataclass(frozen=True, slots=True)
class Holder:
    """``why`` it is held, in words, and the command that ends it, as a ``help``.

    ``kind`` is one word for programs.
    """

    why: str
    help: str
    kind: str = "unknown"


_UNKNOWN = Holder("somebody holds it", "look with lsblk and fuser -v who has it open")


def find(fs: ReadFS, device: str) -> Holder:
    """Who holds a block device, or a partition of it."""
    try:
        number = os.stat(device).st_rdev
    except OSError:
        return _UNKNOWN
    folder = f"/sys/dev/block/{os.major(number)}:{os.minor(number)}"
    numbers = {system.read_text(f"{part}/dev") for part in (folder, *_partitions(folder))}
    found = (
        _storage_object(fs, device)
        or _mount(numbers)
        or _swap(numbers)
        or _device_above(folder)
        or _program(number)
        or _pool(device)
    )
    return found or _UNKNOWN


def _partitions(folder: str) -> Iterator[str]:
    for name in _names(folder):
        if os.path.exists(f"{folder}/{name}/partition"):
            yield f"{folder}/{name}"


def _storage_object(fs: ReadFS, device: str) -> Holder | None:
    for folder in fs.directories(paths.CORE):
        split = paths.split_hba(folder)
        if split is None or split[0] not in ("iblock", "pscsi", "fileio"):
            continue
        hba = paths.hba(folder)
        for name in fs.directories(hba):
            storage_object = paths.storage_object_in(hba, name)
            held = fs.read_if_there(f"{storage_object}/udev_path")
            try:
                same = bool(held) and os.path.samefile(device, held or "")
            except OSError:
                continue
            key = paths.key_of_storage_object(storage_object)
            if same and key:
                return Holder(
                    f"the storage object {shell_paths.storage_object(*key)} has it",
                    f"export that one, or take it away: {shell_paths.backstore(key[0])} delete "
                    f"{name}",
                    "backstore",
                )
    return None


def _mount(numbers: set[str]) -> Holder | None:
    for line in system.read_text("/proc/self/mountinfo").splitlines():
        # proc(5): mount ID, parent ID, major:minor, root, mount point
        fields = line.split()
        if len(fields) > 4 and fields[2] in numbers:
            folder = _unescaped(fields[4])
            return Holder(f"it is mounted on {folder}", f"umount {folder}", "mounted")
    return None


def _swap(numbers: set[str]) -> Holder | None:
    for line in system.read_text("/proc/swaps").splitlines()[1:]:
        device = _unescaped(line.split()[0])
        try:
            number = os.stat(device).st_rdev
        except OSError:
            continue
        if f"{os.major(number)}:{os.minor(number)}" in numbers:
            return Holder("it is swap space in use", f"swapoff {device}", "swap")
    return None


def _device_above(folder: str) -> Holder | None:
    for part in (folder, *_partitions(folder)):
        for name in _names(f"{part}/holders"):
            above = f"{part}/holders/{name}"
            label = system.read_text(f"{above}/dm/name")
            if label:
                return _mapped(label, system.read_text(f"{above}/dm/uuid"))
            if os.path.isdir(f"{above}/md"):
                return Holder(
                    f"the RAID /dev/{name} stands on it",
                    f"export /dev/{name}, or end it: mdadm --stop /dev/{name}",
                    "md",
                )
            return Holder(f"the device {name} stands on it", f"export /dev/{name} instead")
    return None


def _mapped(label: str, uuid: str) -> Holder:
    """A device-mapper device, by whose it is: its UUID begins with that (libdevmapper.h)."""
    device = f"/dev/mapper/{label}"
    if uuid.startswith("mpath-"):
        return Holder(
            f"it is a path of the multipath device {label}",
            f"export {device}, or take it away: multipath -f {label}",
            "multipath",
        )
    if uuid.startswith("LVM-"):
        # Between group and volume is one dash; one in a name is doubled.
        group, _, volume = re.sub(r"(?<!-)-(?!-)", "/", label, count=1).partition("/")
        group, volume = group.replace("--", "-"), volume.replace("--", "-")
        return Holder(
            f"the LVM volume {group}/{volume} stands on it",
            f"export /dev/{group}/{volume}, or stop its group: vgchange -an {group}",
            "lvm",
        )
    if uuid.startswith("CRYPT-"):
        return Holder(
            f"the encrypted device {label} stands on it",
            f"export {device}, or close it: cryptsetup close {label}",
            "luks",
        )
    return Holder(
        f"the device-mapper device {label} stands on it",
        f"export {device}, or take it away: dmsetup remove {label}",
        "dm",
    )


def _program(number: int) -> Holder | None:
    """A process with the device open; one that wants it for itself alone cannot be told apart."""
    for process in _names("/proc"):
        if not process.isdigit():
            continue
        for handle in _names(f"/proc/{process}/fd"):
            try:
                same = os.stat(f"/proc/{process}/fd/{handle}").st_rdev == number
            except OSError:
                continue
            if same:
                name = system.read_text(f"/proc/{process}/comm")
                return Holder(
                    f"the program {name} (process {process}) has it open",
                    f"end it: kill {process}",
                    "program",
                )
    return None


def _pool(device: str) -> Holder | None:
    """A ZFS pool: its module holds devices, and nothing below /sys tells of it."""
    # Imported here: it is the last thing that is tried.
    from ..host import signatures

    for found in signatures.read(device):
        if found.kind == "zfs":
            name = found.label or "POOL"
            return Holder(f"it is {found.text}", f"zpool export {name}", "zfs")
    return None


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _unescaped(text: str) -> str:
    r"""A path as proc(5) writes it: blanks are \040."""
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), text)
