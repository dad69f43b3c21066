# SPDX-License-Identifier: Apache-2.0
"""Rules about the files and devices of storage objects."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from ..config.backing import Block, FileIO, Pscsi
from ..config.model import StorageObject
from ..config.wording import shortened
from ..fast_dataclasses import dataclass, field
from ..host import disk_identity, lvm
from ..usage import another_disk, holders, restorable, sharing
from . import exported_again
from .facts import Facts
from .rule import Finding, Needs, Rule, Severity, Words

# Of a file system: less is nearly full.
_FREE_PERCENT = 10
_BY_ID = "/dev/disk/by-id"
_SAME = ("wwid", "serial", "partition", "partuuid")


def _on_host(facts: Facts) -> Iterator[tuple[StorageObject, str]]:
    """Yield the storage objects on a file or device, with its path."""
    for so in facts.config.storage_objects.values():
        if isinstance(so.backing, FileIO | Block | Pscsi) and so.backing.dev:
            yield so, so.backing.dev


def missing(facts: Facts) -> Iterator[Finding]:
    """Yield the objects whose file or device is gone, and where it may be now."""
    sizes: dict[str, dict[int, list[str]]] = {}
    used = {path for _, path in _on_host(facts)}
    for so in facts.config.storage_objects.values():
        text = restorable.problem(so.backing)
        if not text:
            continue
        backing = so.backing
        if isinstance(backing, FileIO) and not backing.dev.startswith("/dev/"):
            found = _renamed(sizes, used, backing)
        else:
            found = _moved(facts, so)
        cure = (so.path, "replace", found)
        yield Finding(
            so.path,
            f"it cannot be restored: {text}" + (f"; {found} may be it" if found else ""),
            f"make it available, or {so.path} replace {found or 'DEVICE'}",
            (cure,) if found else (),
        )


def _moved(facts: Facts, so: StorageObject) -> str:
    """Return another path of a missing device, by its saved identity; or ""."""
    saved = facts.saved.identities.get(so.path, {}) if facts.saved else {}
    if not saved.keys() & {"wwid", "serial"} or isinstance(so.backing, Pscsi):
        return ""
    for name in _names(_BY_ID):
        path = f"{_BY_ID}/{name}"
        read = disk_identity.read(path)
        if all(read.get(key) == saved.get(key) for key in _SAME):
            return path
    return ""


def _renamed(sizes: dict[str, dict[int, list[str]]], used: set[str], backing: FileIO) -> str:
    """Return the only unused file of the same size in the same directory; or "".

    ``sizes`` are the files of the directories that were read so far, by size.
    """
    folder = os.path.dirname(backing.dev)
    if folder not in sizes:
        sizes[folder] = {}
        for path in (os.path.join(folder, name) for name in _names(folder)):
            if path not in used and os.path.isfile(path):
                sizes[folder].setdefault(os.path.getsize(path), []).append(path)
    found = sizes[folder].get(backing.size or 0, [])
    return found[0] if len(found) == 1 and backing.size else ""


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def another(facts: Facts) -> Iterator[Finding]:
    """Yield the objects whose path leads to another device or file than the saved one."""
    if facts.saved is None:
        return
    objects = facts.config.storage_objects
    for key, text in another_disk.of_config(facts.config, facts.saved.identities).items():
        yield Finding(
            objects[key].path,
            text,
            f"if it is the right one, save it; else {objects[key].path} replace DEVICE",
            (("/", "saveconfig"),),
        )


def changing_name(facts: Facts) -> Iterator[Finding]:
    """Yield the objects on a device whose name may be another disk's after a boot."""
    for so, path in _on_host(facts):
        lasting = disk_identity.lasting_name(path)
        if lasting:
            words = [lasting]
            if isinstance(so.backing, Block) and so.backing.readonly:
                words.append("readonly=true")
            if isinstance(so.backing, FileIO):
                words.append(f"write_back={'true' if so.backing.write_back else 'false'}")
            yield Finding(
                so.path,
                f"{path} may be another disk after a reboot; {lasting} stays the same one",
                "create it again on that name",
                exported_again.recreated(facts, so, words),
            )


def used_here(facts: Facts) -> Iterator[Finding]:
    """Yield the objects whose file or device this host uses for something else too."""
    loops: dict[tuple[int, int], list[str]] | None = None
    for so, path in _on_host(facts):
        try:
            status = os.stat(path)
        except OSError:
            continue
        if stat.S_ISBLK(status.st_mode):
            holder = holders.beside(path)
            if holder:
                yield Finding(so.path, f"this host uses {path} too: {holder.why}", holder.help)
        elif stat.S_ISREG(status.st_mode):
            loops = sharing.loops() if loops is None else loops
            for loop in loops.get((status.st_dev, status.st_ino), ()):
                yield _looped(so, path, loop)


def volumes_inside(facts: Facts) -> Iterator[Finding]:
    """Yield the objects on a device with a physical volume that this host's LVM may use."""
    found = [
        (so, path)
        for so, path in _on_host(facts)
        if path.startswith("/dev/") and lvm.is_member(path)
    ]
    if not found or lvm.is_filtered():
        return
    for so, path in found:
        yield Finding(
            so.path,
            f"{path} is an LVM physical volume, as an initiator may have made it, and this host's "
            "LVM may activate its volumes at boot, before it can be exported",
            f'exclude it in /etc/lvm/lvm.conf: global_filter = [ "r|^{os.path.realpath(path)}$|" ]',
        )


def _looped(so: StorageObject, path: str, loop: str) -> Finding:
    holder = holders.beside(loop)
    cure: tuple[Words, ...] = () if holder else (("losetup", "--detach", loop),)
    why = f"it is {loop}" + (f", and {holder.why}" if holder else "")
    return Finding(
        so.path, f"this host uses {path} too: {why}", holder.help if holder else "", cure
    )


@dataclass(slots=True)
class _FileSystem:
    folder: str
    growth: int = 0
    objects: list[StorageObject] = field(default_factory=list)


def full(facts: Facts) -> Iterator[Finding]:
    """Yield the objects with thin files on a nearly full file system."""
    systems: dict[int, _FileSystem] = {}
    for so, path in _on_host(facts):
        size = so.backing.size if isinstance(so.backing, FileIO) else None
        try:
            status = os.stat(path)
        except OSError:
            continue
        growth = (size or 0) - status.st_blocks * 512
        if stat.S_ISREG(status.st_mode) and growth > 0:
            one = systems.setdefault(status.st_dev, _FileSystem(os.path.dirname(path)))
            one.growth += growth
            one.objects.append(so)
    for one in systems.values():
        yield from _fullness(one)


def _fullness(one: _FileSystem) -> Iterator[Finding]:
    room = os.statvfs(one.folder)
    free, size = room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize
    if free >= one.growth or free * 100 >= size * _FREE_PERCENT:
        return
    paths = [so.path for so in one.objects]
    others = f" (with {shortened(paths[1:], 2)})" if len(paths) > 1 else ""
    yield Finding(
        paths[0],
        f"its file{others} may grow by {one.growth >> 20} MiB, and the file system of {one.folder} "
        f"has {free >> 20} of {size >> 20} MiB free: once it is full, writes fail",
        f"make room in {one.folder}, or enlarge its file system",
    )


def open_to_others(facts: Facts) -> Iterator[Finding]:
    """Yield the objects whose file any user of this host can read or write."""
    for so, path in _on_host(facts):
        try:
            mode = os.stat(path).st_mode
        except OSError:
            continue
        if mode & 0o006 and (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            verb = "write" if mode & stat.S_IWOTH else "read"
            yield Finding(
                so.path,
                f"every user of this host can {verb} {path} (mode {stat.S_IMODE(mode):04o})",
                commands=(("chmod", "o-rwx", path),),
            )


RULES = (
    Rule(
        "missing-backing",
        Severity.ERROR,
        Needs.HOST,
        missing,
        "The file or device of a storage object is gone or was renamed. The kernel continues with "
        "the open one, but the object cannot be restored at the next boot.",
        "Make it available under its name again, or replace it by its new name.",
        breaks=True,
    ),
    Rule(
        "another-device",
        Severity.ERROR,
        Needs.HOST,
        another,
        "The path of a storage object leads to another device, file or file system than the one "
        "that was saved, as after disks were moved. Initiators would get the wrong data.",
        "Correct the path; if the device was exchanged on purpose, save the configuration.",
    ),
    Rule(
        "changing-name",
        Severity.NOTE,
        Needs.HOST,
        changing_name,
        "A storage object names its disk by a name such as /dev/sdb, which the kernel gives in the "
        "order in which it finds the disks.",
        "Use a name in /dev/disk/by-id.",
    ),
    Rule(
        "used-here",
        Severity.ERROR,
        Needs.HOST,
        used_here,
        "This host itself uses the file or device of a storage object: it is mounted, swap space, "
        "a part of LVM, RAID, multipath or another device, or a loop device. Initiators and the "
        "host overwrite each other's data.",
        "Release it here, or export the device above it.",
    ),
    Rule(
        "lvm-inside",
        Severity.WARNING,
        Needs.HOST,
        volumes_inside,
        "An exported device has an LVM physical volume, usually one of an initiator, and neither "
        "global_filter nor a file of devices keeps this host's LVM from it. It may activate the "
        "volumes at boot: then the device is in use and cannot be exported, or both write to it.",
        "Exclude exported devices in lvm.conf. The contents are those of udev's database, which "
        "may be as old as the last boot.",
    ),
    Rule(
        "full-file-system",
        Severity.WARNING,
        Needs.HOST,
        full,
        "Thin files can grow by more than their file system has left, and less than a tenth of it "
        "is free. Once it is full, writes of all initiators on it fail.",
        "Make room, or enlarge the file system. Where initiators discard blocks (emulate_tpu=1), "
        "files shrink.",
    ),
    Rule(
        "open-backing-file",
        Severity.WARNING,
        Needs.HOST,
        open_to_others,
        "Any user of this host can read or write a backing file or device, past all ACLs.",
        "Remove the permissions of other users.",
    ),
)
