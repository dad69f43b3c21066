# SPDX-License-Identifier: Apache-2.0
"""Find the holder of a block device: a mount, swap, a device above it, a storage object."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..config import shell_paths
from ..fast_dataclasses import dataclass
from ..files import mounts
from ..host import device_mapper, system
from ..kernel import paths
from ..kernel.configfs import ReadFS
from ..reading import backed_by


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a device: ``why`` it is in use, as text, and ``help`` to release it.

    ``kind`` is one word for programs.
    """

    why: str
    help: str
    kind: str = "unknown"


_UNKNOWN = Holder("its holder is unknown", "lsblk and fuser -v show what has it open")


def find(fs: ReadFS, device: str) -> Holder:
    """Return the holder of a block device, or of one of its partitions."""
    try:
        number = os.stat(device).st_rdev
    except OSError:
        return _UNKNOWN
    folder = f"/sys/dev/block/{os.major(number)}:{os.minor(number)}"
    holder = _storage_object(fs, device) or _of_host(folder) or _program(number) or _pool(device)
    return holder or _UNKNOWN


def beside(device: str) -> Holder | None:
    """Return the mount, swap space or device that uses a block device beside storage objects."""
    try:
        number = os.stat(device).st_rdev
    except OSError:
        return None
    return _of_host(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")


def _of_host(folder: str) -> Holder | None:
    numbers = {system.read_text(f"{part}/dev") for part in (folder, *_partitions(folder))}
    return _mount(numbers) or _swap(numbers) or _device_above(folder)


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
            held = backed_by.device(fs, storage_object)
            try:
                same = bool(held) and os.path.samefile(device, held)
            except OSError:
                continue
            key = paths.key_of_storage_object(storage_object)
            if same and key:
                return Holder(
                    f"the storage object {shell_paths.storage_object(*key)} has it",
                    f"export that one, or delete it: {shell_paths.backstore(key[0])} delete {name}",
                    "backstore",
                )
    return None


def _mount(numbers: set[str]) -> Holder | None:
    for mount in mounts.read():
        if mount.number in numbers:
            return Holder(f"it is mounted on {mount.point}", f"umount {mount.point}", "mounted")
    return None


def _swap(numbers: set[str]) -> Holder | None:
    for line in system.read_text("/proc/swaps").split("\n")[1:]:
        device = mounts.unescaped(line.partition(" ")[0].rstrip("\t"))
        try:
            number = os.stat(device).st_rdev
        except (OSError, ValueError):
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
                    f"the RAID /dev/{name} uses it",
                    f"export /dev/{name}, or stop it: mdadm --stop /dev/{name}",
                    "md",
                )
            return Holder(f"the device {name} uses it", f"export /dev/{name} instead")
    return None


def _mapped(label: str, uuid: str) -> Holder:
    """Return a device-mapper device as the holder."""
    device, owner = f"/dev/mapper/{label}", device_mapper.owner(uuid)
    if owner == device_mapper.MULTIPATH:
        return Holder(
            f"it is a path of the multipath device {label}",
            f"export {device}, or remove it: multipath -f {label}",
            "multipath",
        )
    if owner == device_mapper.LVM:
        group, volume = device_mapper.volume(label)
        return Holder(
            f"the LVM volume {group}/{volume} uses it",
            f"export /dev/{group}/{volume}, or deactivate its volume group: vgchange -an {group}",
            "lvm",
        )
    if owner == device_mapper.CRYPT:
        return Holder(
            f"the encrypted device {label} uses it",
            f"export {device}, or close it: cryptsetup close {label}",
            "luks",
        )
    return Holder(
        f"the device-mapper device {label} uses it",
        f"export {device}, or remove it: dmsetup remove {label}",
        "dm",
    )


def _program(number: int) -> Holder | None:
    """Return a process that has the device open, exclusively or not."""
    for process in _names("/proc"):
        if not process.isdecimal():
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
    """Return a ZFS pool as the holder: ZFS does not show the devices it uses in /sys."""
    # Imported here: this is the last check.
    from ..host import signatures

    for signature in signatures.read(device):
        if signature.kind == "zfs":
            name = signature.label or "POOL"
            return Holder(f"it is {signature.text}", f"zpool export {name}", "zfs")
    return None


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
