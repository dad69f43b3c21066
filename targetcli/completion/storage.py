# SPDX-License-Identifier: Apache-2.0
"""Completers for storage objects, devices and files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from rtslib_ext.config import backing, shell_paths
from rtslib_ext.host import devices
from rtslib_ext.kernel import links, paths
from rtslib_ext.kernel.abi import DEFAULT_GROUP
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.reading.reader import Reader

from ..tree import Node, walk
from ..tree.backstores import StorageObjectNode
from ..tree.fabrics import TpgNode
from .candidates import Ask, Candidate
from .paths import free_numbers, on_disk

_TOP = f"{shell_paths.BACKSTORES}/"
_SCSI_DEVICES = "/sys/bus/scsi/devices"


def files(ask: Ask) -> Iterator[Candidate]:
    """Return files, and block devices that are not in use."""
    return on_disk(ask.partial, _is_file_or_free)


def free_devices(ask: Ask) -> Iterator[Candidate]:
    """Return block devices that are not in use, by default those in /dev."""
    return on_disk(ask.partial or "/dev/", _is_free)


def scsi_devices(ask: Ask) -> Iterator[str | Candidate]:
    """Return SCSI devices by address and by device file; a tape has a character device."""
    if "/" not in ask.partial:
        try:
            names = os.listdir(_SCSI_DEVICES)
        except OSError:
            names = []
        yield from (name for name in names if name.count(":") == 3)
    yield from on_disk(ask.partial or "/dev/", _is_scsi)


def _is_free(path: str, mode: int) -> bool:
    # A device without a medium, or a loop device without a file, has no size.
    return (
        stat.S_ISBLK(mode)
        and not devices.is_exclusive_open(path)
        and devices.device_size(path) != 0
    )


def _is_file_or_free(path: str, mode: int) -> bool:
    return stat.S_ISREG(mode) or _is_free(path, mode)


def _is_scsi(path: str, mode: int) -> bool:
    if not (stat.S_ISBLK(mode) or stat.S_ISCHR(mode)):
        return False
    number = os.stat(path).st_rdev
    kind = "block" if stat.S_ISBLK(mode) else "char"
    device = f"/sys/dev/{kind}/{os.major(number)}:{os.minor(number)}/device"
    return os.path.exists(f"{device}/scsi_level") and not (
        stat.S_ISBLK(mode) and devices.is_exclusive_open(path)
    )


def storage_objects(ask: Ask) -> Iterator[str | Candidate]:
    """Return storage objects that this TPG does not export yet, then devices and files."""
    reader, partial = ask.node.reader, ask.partial
    exported = set(_exported(ask.node))
    for path in reader.storage_object_paths(_kind_in(partial), exported):
        key = paths.key_of_storage_object(path)
        if key:
            yield shell_paths.storage_object(_shown_kind(reader, path, key[0]), key[1])
    if partial and not partial.startswith(_TOP):
        yield from files(ask)


def _kind_in(partial: str) -> str:
    """Return the kind of backstore in the path typed so far, or ""."""
    name, slash, _ = partial.removeprefix(_TOP).partition("/")
    kind = backing.ALIASES.get(name, name).partition(":")[0]
    return kind if slash and partial.startswith(_TOP) and kind in backing.KINDS else ""


def _shown_kind(reader: Reader, path: ConfigfsPath, plugin: str) -> str:
    found = reader.backing(path, plugin) if plugin == "user" else None
    return f"user:{found.handler}" if isinstance(found, backing.User) else plugin


def _exported(node: Node) -> Iterator[ConfigfsPath]:
    """Yield the configfs paths of the storage objects that the TPG above exports."""
    above: Node | None = node
    while above is not None and not isinstance(above, TpgNode):
        above = above.parent
    if above is None:
        return
    luns = paths.luns(above.configfs)
    for name in node.fs.directories(luns):
        link = links.link_in(node.fs, paths.child(luns, name))
        if link:
            yield link[1]


def luns_and_objects(ask: Ask) -> Iterator[str | Candidate]:
    """Return the LUNs of the TPG, or after a slash the objects that could be exported."""
    if "/" in ask.partial:
        yield from storage_objects(ask)
        return
    luns = walk.resolve(ask.node.above(2), "luns")
    yield from (lun.name for lun in luns.children())
    yield Candidate(_TOP, "")


# -- target port groups ---------------------------------------------------------------------


def group_tags(ask: Ask) -> list[str]:
    """Return free numbers for a target port group."""
    fs, groups = ask.node.fs, ask.node.configfs
    found = (fs.read_if_there(f"{groups}/{name}/tg_pt_gp_id") for name in fs.directories(groups))
    return free_numbers((int(text) for text in found if text and text.isdecimal()), 1)


def group_names(ask: Ask) -> list[str]:
    """Return the target port groups that can be deleted."""
    return [child.name for child in ask.node.children() if child.name != DEFAULT_GROUP]


def config_texts(ask: Ask) -> Iterator[str]:
    """Return the present cfgstring of a user-backed storage object."""
    found = ask.node.find(ask.given.get("name", ""))
    if isinstance(found, StorageObjectNode):
        user = found.backing
        if isinstance(user, backing.User) and user.config:
            yield user.config.partition("/")[2]
