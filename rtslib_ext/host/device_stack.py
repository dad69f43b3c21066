# SPDX-License-Identifier: Apache-2.0
"""The layers below a file or block device, down to the disks: from /sys/block and the mounts.

Device mapper, LVM, MD, partitions, loop devices, volumes of ZFS, and the file system of a file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping

from ..errors import LioError
from ..fast_dataclasses import dataclass, field
from ..files import mounts
from ..files.mounts import Mount
from . import device_mapper, disk_identity, system
from .system import read_text

_DM = {
    device_mapper.LVM: "logical volume",
    device_mapper.MULTIPATH: "multipath device",
    device_mapper.CRYPT: "encrypted device",
    device_mapper.PARTITION: "partition",
    device_mapper.OTHER: "device-mapper device",
}
# By the start of the kernel's name.
_NAMED = {
    "drbd": "DRBD device",
    "bcache": "bcache device",
    "rbd": "Ceph RBD image",
    "nbd": "network block device",
    "ram": "RAM disk",
    "zram": "RAM disk",
    "zd": "ZFS volume",
}
_SECTOR = 512
# Seconds for the one program that is asked: zpool.
_PATIENCE = 5.0
_MOST = 64


@dataclass(frozen=True, slots=True)
class Layer:
    """A file, file system, device or disk.

    ``id`` is unique: a kind and a number or path. ``name`` is how an admin names it, such as
    /dev/vg0/disk1 or /srv; ``facts`` are size in bytes, model, serial, wwid, type, those
    that are known. ``below`` are the ids of the layers that it is on.
    """

    id: str
    kind: str
    name: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    below: tuple[str, ...] = ()


class Stack:
    """The layers that were asked for and all below them, each read once; ``root`` is for tests.

    ``layers`` are by id, those above before those below.
    """

    def __init__(self, root: str = "") -> None:
        self.layers: dict[str, Layer] = {}
        self._sys = f"{root}/sys"
        self._mounts: list[Mount] | None = None
        self._table = f"{root}/proc/self/mountinfo"
        self._btrfs: dict[str, tuple[str, ...]] | None = None
        self._depth = 0

    def path(self, path: str) -> str:
        """Add a file, or a device by its path; return its id.

        One that does not exist is of the kind "missing".
        """
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return self._put(Layer(f"missing {path}", "missing", path))
        if stat.S_ISBLK(status.st_mode):
            return self.number(f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}", path)
        if stat.S_ISCHR(status.st_mode):
            facts = disk_identity.read(path)
            return self._put(Layer(f"device {path}", "SCSI device", path, dict(facts)))
        return self._file(os.path.realpath(path), status.st_size)

    def number(self, number: str, path: str = "") -> str:
        """Add a block device by major:minor; return its id. ``path`` names one that is unknown."""
        known = f"block {number}"
        if known in self.layers or self._depth > _MOST:
            return known
        folder = os.path.realpath(f"{self._sys}/dev/block/{number}")
        if not os.path.isdir(folder):
            return self._put(Layer(known, "missing", path or number))
        name = os.path.basename(folder).replace("!", "/")
        self.layers[known] = Layer(known, "", name)
        kind, label = self._kind(folder, name)
        self._depth += 1
        below = tuple(self._below(folder, kind, label))
        self._depth -= 1
        self.layers[known] = Layer(known, kind, label, self._facts(folder, kind), below)
        return known

    def other(self, kind: str, name: str, **facts: str | int) -> str:
        """Add something else than a file or device, such as memory; return its id."""
        return self._put(Layer(f"{kind} {name}", kind, name, facts))

    def _put(self, layer: Layer) -> str:
        self.layers.setdefault(layer.id, layer)
        return layer.id

    # -- block devices ----------------------------------------------------------------------

    def _kind(self, folder: str, name: str) -> tuple[str, str]:
        """Return (kind, path in /dev) of a block device."""
        if label := read_text(f"{folder}/dm/name"):
            owner = device_mapper.owner(read_text(f"{folder}/dm/uuid"))
            group, volume = device_mapper.volume(label)
            is_volume = owner == device_mapper.LVM and bool(volume)
            return _DM[owner], f"/dev/{group}/{volume}" if is_volume else f"/dev/mapper/{label}"
        if read_text(f"{folder}/partition"):
            return "partition", f"/dev/{name}"
        if os.path.isdir(f"{folder}/md"):
            return "RAID", f"/dev/{name}"
        if os.path.isdir(f"{folder}/loop"):
            return "loop device", f"/dev/{name}"
        start = re.split(r"\d", name, maxsplit=1)[0]
        if start == "zd":
            return _NAMED[start], _zvol(name) or f"/dev/{name}"
        return _NAMED.get(start, "disk"), f"/dev/{name}"

    def _below(self, folder: str, kind: str, label: str) -> Iterator[str]:
        """Yield the ids of what a block device is on."""
        for name in _names(f"{folder}/slaves"):
            number = read_text(f"{folder}/slaves/{name}/dev")
            if number:
                yield self.number(number)
        if os.path.exists(f"{folder}/partition"):
            yield self.number(read_text(f"{os.path.dirname(folder)}/dev"))
        if kind == "loop device" and (file := read_text(f"{folder}/loop/backing_file")):
            yield self.path(file)
        if kind == "ZFS volume" and label.startswith("/dev/zvol/"):
            yield self._pool(label.split("/")[3])

    def _facts(self, folder: str, kind: str) -> dict[str, str | int]:
        facts: dict[str, str | int] = {}
        sectors = read_text(f"{folder}/size")
        if sectors.isdecimal():
            facts["size"] = int(sectors) * _SECTOR
        if kind == "RAID":
            facts["type"] = read_text(f"{folder}/md/level")
        if kind == "Ceph RBD image":
            place = f"{self._sys}/bus/rbd/devices/{os.path.basename(folder).removeprefix('rbd')}"
            facts["source"] = f"{read_text(f'{place}/pool')}/{read_text(f'{place}/name')}"
        if kind == "partition":
            facts["partition"] = read_text(f"{folder}/partition")
            return {name: value for name, value in facts.items() if value != ""}
        words = (read_text(f"{folder}/device/{name}") for name in ("vendor", "model"))
        facts["model"] = " ".join(" ".join(words).split())
        facts |= disk_identity.identifiers(folder)
        facts.pop("name", None)
        return {name: value for name, value in facts.items() if value != ""}

    # -- files ------------------------------------------------------------------------------

    def _file(self, path: str, size: int) -> str:
        known = f"file {path}"
        if known not in self.layers:
            self.layers[known] = Layer(known, "file", path, {"size": size})
            below = self.file_system(path)
            self.layers[known] = Layer(known, "file", path, {"size": size}, (below,) * bool(below))
        return known

    def file_system(self, path: str) -> str:
        """Add the file system that a path without symbolic links is on; return its id, or ""."""
        if self._mounts is None:
            self._mounts = mounts.read(self._table)
        mount = mounts.of_file(path, self._mounts)
        if mount is None:
            return ""
        known = f"file system {mount.point}"
        if known not in self.layers:
            facts: dict[str, str | int] = {"type": mount.type, "source": mount.source}
            self.layers[known] = Layer(known, "file system", mount.point, facts)
            below = tuple(self._devices(mount))
            if below:
                # Not of one on the network: it may not answer.
                facts.update(_space(mount.point))
            self.layers[known] = Layer(known, "file system", mount.point, facts, below)
        return known

    def _devices(self, mount: Mount) -> Iterator[str]:
        """Yield the ids of the devices of a file system."""
        if not mount.number.startswith("0:"):
            yield self.number(mount.number)
        elif mount.type == "btrfs":
            name = os.path.basename(os.path.realpath(mount.source))
            for device in self._of_btrfs().get(name, ()):
                yield self.number(device)
        elif mount.type == "zfs":
            yield self._pool(mount.source.partition("/")[0])

    def _of_btrfs(self) -> dict[str, tuple[str, ...]]:
        """Return the numbers of all devices of a btrfs by the name of each: it may have several."""
        if self._btrfs is None:
            self._btrfs = {}
            place = f"{self._sys}/fs/btrfs"
            for uuid in _names(place):
                names = _names(f"{place}/{uuid}/devices")
                files = (read_text(f"{place}/{uuid}/devices/{name}/dev") for name in names)
                numbers = tuple(filter(None, files))
                self._btrfs |= dict.fromkeys(names, numbers)
        return self._btrfs

    def _pool(self, name: str) -> str:
        """Add a pool of ZFS, and the devices that zpool names; return its id."""
        known = f"ZFS pool {name}"
        if known not in self.layers:
            self.layers[known] = Layer(known, "ZFS pool", name)
            below = tuple(map(self.path, pool_devices(name)))
            self.layers[known] = Layer(known, "ZFS pool", name, {}, below)
        return known


def pool_devices(pool: str) -> list[str]:
    """Return the paths of the devices and files of a ZFS pool; none without an answer of zpool."""
    try:
        done = system.run("zpool", "list", "-v", "-H", "-P", pool, timeout=_PATIENCE)
    except (LioError, TimeoutError):
        return []
    # The first line is the pool; a vdev with parts, such as mirror-0, has no path.
    words = (line.split()[:1] for line in done.stdout.splitlines()[1:])
    return [name for part in words for name in part if name.startswith("/")]


def _space(point: str) -> dict[str, int]:
    """Return the size of a file system, and the part available to others than root, in bytes."""
    try:
        found = os.statvfs(point)
    except OSError:
        return {}
    return {"size": found.f_blocks * found.f_frsize, "available": found.f_bavail * found.f_frsize}


def _zvol(name: str) -> str:
    """Return the lasting name of a volume of ZFS, which udev makes; "" without one."""
    for folder, _, files in os.walk("/dev/zvol"):
        for file in files:
            if os.path.basename(os.path.realpath(f"{folder}/{file}")) == name:
                return f"{folder}/{file}"
    return ""


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
