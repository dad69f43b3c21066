# SPDX-License-Identifier: Apache-2.0
"""The identity of a block device, which its name in /dev is not: that may change at a boot."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from .devices import is_block_device, sectors
from .system import read_text

# The files in sysfs, of the device or, for a partition, of its disk. wwid: SCSI; NVMe; device
# mapper. serial: NVMe; virtio.
_FILES = {
    "wwid": ("device/wwid", "wwid", "dm/uuid"),
    "serial": ("device/serial", "serial"),
}
_BY_ID = "/dev/disk/by-id"
# Names that the kernel gives in the order in which it finds the disks.
_COUNTED = re.compile(r"/dev/(sd[a-z]+\d*|vd[a-z]+\d*|nvme\d+n\d+(p\d+)?)")
# The best names first: what the disk itself says.
_PREFERRED = ("wwn-", "nvme-eui.", "scsi-3", "nvme-uuid.", "virtio-", "nvme-", "scsi-", "ata-")


def read(path: str) -> dict[str, str]:
    """Return what identifies a block device: wwid, serial, partition, size in bytes.

    Unknown values are missing; empty for anything but a block device that exists.
    """
    if not is_block_device(path):
        return {}
    number = os.stat(path).st_rdev
    folder = os.path.realpath(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    found = {}
    partition = read_text(f"{folder}/partition")
    if partition:
        found["partition"] = partition
        folder = os.path.dirname(folder)
    for name, files in _FILES.items():
        text = next(filter(None, (read_text(f"{folder}/{file}") for file in files)), "")
        if text and text.isprintable():
            found[name] = " ".join(text.split())
    size = sectors(path)
    if size:
        found["size"] = str(size * 512)
    return found


def difference(saved: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Return in which respect a device is another one than the saved one; "" if it may be it.

    A device without an identifier may be another one that has the same size.
    """
    for name in ("wwid", "serial", "partition"):
        one, other = saved.get(name), found.get(name)
        if one and other and one != other:
            return f"its {name} is {other}, and was {one}"
    if saved.keys() & {"wwid", "serial"} or "size" not in saved or "size" not in found:
        return ""
    if int(found["size"]) < int(saved["size"]):
        return f"its size is {found['size']} bytes, and was {saved['size']} bytes"
    return ""


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
