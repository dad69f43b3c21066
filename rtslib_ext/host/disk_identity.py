# SPDX-License-Identifier: Apache-2.0
"""The identity of a device or file: its path may lead to another one after a boot."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress

from ..config import scalars
from ..files import placement
from ..files.trusted import Untrusted
from .devices import is_block_device, sectors, udev_property
from .system import read_text

PLACED_BY = "placed_by"
# The files in sysfs, of the device or, for a partition, of its disk. wwid: SCSI; NVMe; device
# mapper; MD. serial: NVMe; virtio. name: devices of device mapper that have no UUID.
_FILES = {
    "wwid": ("device/wwid", "wwid", "dm/uuid", "md/uuid"),
    "serial": ("device/serial", "serial"),
    "name": ("dm/name",),
}
# The same from udev's database, where sysfs does not have it.
_UDEV_NAMES = {
    "wwid": "MD_UUID",
    "partuuid": "ID_PART_ENTRY_UUID",
    "filesystem": "ID_FS_UUID",
}
_ADDRESS = re.compile(r"\d+:\d+:\d+:\d+")
_BY_ID = "/dev/disk/by-id"
# Names that the kernel gives in the order in which it finds the disks.
_COUNTED = re.compile(r"/dev/(sd[a-z]+\d*|vd[a-z]+\d*|nvme\d+n\d+(p\d+)?)")
# Of these, a restore takes a size that differs as a sign of another disk.
_NUMBERED = re.compile(rf"{_COUNTED.pattern}|/dev/(loop|dm-|md|rbd|nbd|drbd|zd)\d+")
# The best names first: what the disk itself says.
_PREFERRED = ("wwn-", "nvme-eui.", "scsi-3", "nvme-uuid.", "virtio-", "nvme-", "scsi-", "ata-")


def read(path: str, safe: set[str] | None = None) -> dict[str, str]:
    """Return what identifies a device: wwid, serial, name, file, partition, partuuid, size.

    The size is in bytes, the file that of a loop device.

    ``path`` is a block device, another SCSI device such as a tape, or a SCSI address H:C:T:L.
    Unknown values are missing; empty for anything else. Nothing is read from the device itself:
    labels and UUIDs of file systems are what initiators write. The PARTUUID is in the partition
    table, which is outside of an exported partition. For the path of a file, also of one that is
    missing: its size, its mount point, the UUID of the file system there, and which other users
    may have placed it (files.placement; ``safe`` is as there).
    """
    if path.startswith("/") and not path.startswith("/dev/") and _may_be_file(path):
        return {**_of_file(path), **_placed_by(path, safe)}
    folder = _folder(path)
    found = {}
    partition = read_text(f"{folder}/partition")
    if partition:
        found["partition"] = partition
        partuuid = _line(f"{folder}/uevent", "PARTUUID") or _of_udev(path, "partuuid")
        if partuuid:
            found["partuuid"] = partuuid.lower()
        folder = os.path.dirname(folder)
    found |= identifiers(folder)
    if "wwid" in found:
        found.pop("name", None)
    elif os.path.isdir(f"{folder}/md") and (uuid := _of_udev(path, "wwid")):
        found["wwid"] = uuid
    # Which file a loop device has depends on the order in which they are set up.
    file = read_text(f"{folder}/loop/backing_file")
    if file.isprintable() and file:
        found["file"] = file
    size = sectors(path) if is_block_device(path) else None
    if size is not None:
        found["size"] = str(size * 512)
    return found


def identifiers(folder: str) -> dict[str, str]:
    """Return wwid, serial and name of a disk by its directory in sysfs, those that it has."""
    found = {}
    for name, files in _FILES.items():
        text = next(filter(None, (read_text(f"{folder}/{file}") for file in files)), "")
        if text and text.isprintable():
            found[name] = " ".join(text.split())
    return found


def _may_be_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def _of_file(path: str) -> dict[str, str]:
    """Return the size of a file, if it exists, and its file system."""
    place = os.path.realpath(path)
    found = {"size": str(os.path.getsize(place))} if os.path.exists(place) else {}
    # overlayfs has other device numbers for files than for directories.
    place = os.path.dirname(place)
    while not os.path.exists(place):
        place = os.path.dirname(place)
    number = os.stat(place).st_dev
    # A bind mount is of the same file system as the directory above it, or of another one.
    while place != "/" and os.stat(above := os.path.dirname(place)).st_dev == number:
        place = above
    found["mount"] = place
    uuid = udev_property(number, _UDEV_NAMES["filesystem"])
    return {**found, "filesystem": uuid} if uuid else found


def _placed_by(path: str, safe: set[str] | None) -> dict[str, str]:
    """Return the other user that may have placed a file, if any; nothing behind a link."""
    with suppress(Untrusted):
        found = placement.find(path, safe)
        return {PLACED_BY: found.by} if found else {}
    return {}


def _folder(path: str) -> str:
    """Return the directory of a device in sysfs; that of nothing if there is none."""
    if _ADDRESS.fullmatch(path):
        return f"/sys/bus/scsi/devices/{path}"
    try:
        status = os.stat(path)
    except OSError:
        return os.devnull
    kind = {stat.S_IFBLK: "block", stat.S_IFCHR: "char"}.get(stat.S_IFMT(status.st_mode))
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    return os.path.realpath(f"/sys/dev/{kind}/{number}") if kind else os.devnull


def _of_udev(path: str, name: str) -> str:
    return udev_property(os.stat(path).st_rdev, _UDEV_NAMES[name])


def _line(file: str, name: str) -> str:
    """Return the value of a line NAME=VALUE of a file; "" without one."""
    lines = (line.partition("=") for line in read_text(file).split("\n"))
    return next((value for key, _, value in lines if key == name), "")


def difference(saved: Mapping[str, str], found: Mapping[str, str], path: str = "") -> str:
    """Return in which respect a device is another one than the saved one; "" if it may be it.

    A device without an identifier may be another one that has the same size, or a larger one: it
    may have grown. Not so if its ``path`` is a name that the kernel counts. The number of a
    partition counts only where its PARTUUID is not known.
    """
    if "mount" in saved and "mount" in found:
        return _of_file_system(saved, found) or _smaller(saved, found)
    unique = "partuuid" if saved.get("partuuid") and found.get("partuuid") else "partition"
    for name in ("wwid", "serial", "name", "file", unique):
        one, other = saved.get(name), found.get(name)
        if one and other and one != other:
            return f"its {name} is {other}, and was {one}"
    if saved.keys() & {"wwid", "serial", "partuuid"}:
        return ""
    if _NUMBERED.fullmatch(path) and saved.get("size") != found.get("size"):
        return _sizes(saved, found)
    return _smaller(saved, found)


def _of_file_system(saved: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Return why a file is not on the file system that the saved one was on; "" if it may be."""
    one, other = saved["mount"], found["mount"]
    if one == other:
        one, other = saved.get("filesystem", ""), found.get("filesystem", "")
        return f"its filesystem is {other}, and was {one}" if one and other and one != other else ""
    # A file on a mount further down was moved there.
    is_above = one.startswith(f"{other.rstrip('/')}/")
    return f"the file system {one} is not mounted" if is_above else ""


def _smaller(saved: Mapping[str, str], found: Mapping[str, str]) -> str:
    was, now = (scalars.number(values.get("size", "")) for values in (saved, found))
    return _sizes(saved, found) if was is not None and now is not None and now < was else ""


def _sizes(saved: Mapping[str, str], found: Mapping[str, str]) -> str:
    if "size" not in saved or "size" not in found:
        return ""
    return f"its size is {found['size']} bytes, and was {saved['size']} bytes"


def lasting_name(path: str) -> str:
    """Return a name of a disk in /dev/disk/by-id if the given one may change; else ""."""
    if not _COUNTED.fullmatch(path):
        return ""
    try:
        names = sorted(os.listdir(_BY_ID))
    except OSError:
        return ""
    real = os.path.realpath(path)
    same = [name for name in names if os.path.realpath(f"{_BY_ID}/{name}") == real]
    best = [name for start in _PREFERRED for name in same if name.startswith(start)]
    return f"{_BY_ID}/{best[0]}" if best else ""
