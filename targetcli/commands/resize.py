# SPDX-License-Identifier: Apache-2.0
"""Work on storage objects that are in use: more room, a look at what is behind, another device."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from rtslib_ext.config.backing import Block, FileIO, Pscsi, RamDisk, User
from rtslib_ext.config.model import StorageObject
from rtslib_ext.errors import InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.host import devices
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.plan import Plan
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, backstores

from ..changes import apply
from ..env import Env
from ..result import Result
from ..tree import Node
from ..tree.backstores import StorageObjectNode
from ..views import plan as view
from . import storage

# drivers/target/target_core_iblock.c, iblock_show_configfs_dev_params
_NUMBER = re.compile(r"Major: (\d+) Minor: (\d+)")
# The kernel sends no CAPACITY DATA HAS CHANGED (SPC-4 table D.1, 2Ah/09h): target_core_ua.c
# knows it, and nothing raises it.
_LOOK_AGAIN = (
    "initiators see the new size when they look again; on Linux: iscsiadm -m session --rescan"
)


@dataclass(slots=True)
class _Findings:
    """What a look behind storage objects brought."""

    steps: list[Step] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    failures: list[LioError] = field(default_factory=list)


def resize(env: Env, node: Node, size: int | None, dry_run: bool) -> Result:
    """Make a storage object larger while it is exported."""
    if size is None:
        return rescan(env, node, dry_run)
    so, configfs = configured(node)
    backing = so.backing
    if isinstance(backing, RamDisk):
        raise InvalidValue(
            "memory cannot be made larger: the kernel takes its size once, when it is made",
            path=node.path,
            hint="make another one, and have the initiators copy what is in it",
        )
    if not isinstance(backing, User) and (
        not isinstance(backing, FileIO) or devices.is_block_device(backing.dev)
    ):
        raise InvalidValue(
            f"the size of {so.backing.udev_path} is the device's own",
            path=node.path,
            hint="make the device larger, then: resize without a size",
        )
    now = backing.size or 0
    if size < now:
        raise InvalidValue(
            f"it has {now} bytes, and shrinking to {size} would cut off what is behind that",
            path=node.path,
            hint="make a smaller storage object, and have the initiators copy what they need",
        )
    found = _Findings()
    if size > now:
        storage.check_size(size, node)
        if isinstance(backing, FileIO) and not os.path.exists(backing.dev):
            # One made in its place would not be the one that is exported.
            raise _missing(backing.dev, node.path)
        found.steps.append(_grow(so, configfs, now, size))
    return _carry_out(env, found, dry_run)


def _grow(so: StorageObject, configfs: ConfigfsPath, now: int, size: int) -> Step:
    """Refuse what has protection information: that of the new part would be wrong.

    drivers/target/target_core_file.c, fd_format_prot writes it for the size at that time.
    """
    if so.attributes.get("pi_prot_type", "0") != "0":
        raise InvalidValue(
            "it has protection information, which is made for one size",
            path=so.path,
            hint="make another storage object, and have the initiators copy what is in it",
        )
    return backstores.grow(so, configfs, now, size)


def rescan(env: Env, node: Node, dry_run: bool) -> Result:
    """Look whether what is behind storage objects has grown, or is gone."""
    found = _Findings()
    reader = Reader(env.fs)
    objects: Iterable[ConfigfsPath] = (
        [node.configfs] if isinstance(node, StorageObjectNode) else reader.storage_object_paths()
    )
    for configfs in objects:
        so = reader.storage_object(configfs)
        if so is None:
            continue
        try:
            _look(env, so, configfs, found)
        except LioError as err:
            err.path = so.path
            found.failures.append(err)
    return _carry_out(env, found, dry_run)


def _look(env: Env, so: StorageObject, configfs: ConfigfsPath, found: _Findings) -> None:
    backing = so.backing
    if not backing.udev_path:
        return
    if not os.path.exists(backing.udev_path):
        raise _missing(backing.udev_path, so.path)
    if isinstance(backing, Pscsi):
        return
    if isinstance(backing, Block):
        _check_same(env, backing.dev, configfs)
    if not isinstance(backing, FileIO) or devices.is_block_device(backing.udev_path):
        size = devices.device_size(backing.udev_path)
        if not size:
            raise LioError(f"{backing.udev_path} has no size: its medium is gone")
        found.notes.append((so.path, f"{backing.udev_path} has {size} bytes; {_LOOK_AGAIN}"))
        return
    length, now = os.path.getsize(backing.dev), backing.size or 0
    if length < now:
        raise LioError(
            f"{backing.dev} has {length} bytes, and initiators were told of {now}",
            hint=f"what is behind its end cannot be read: truncate --size {now} brings it back",
        )
    if length > now:
        found.steps.append(_grow(so, configfs, now, length))


def _missing(dev: str, path: str) -> NotFound:
    return NotFound(
        f"{dev} is not there any more; the kernel still has what it opened",
        path=path,
        hint="bring it back, or put another one behind: replace",
    )


def _check_same(env: Env, dev: str, configfs: ConfigfsPath) -> None:
    """Refuse a path that leads to another device than the one that the kernel opened."""
    opened = _NUMBER.search(env.fs.read(f"{configfs}/info"))
    number = os.stat(dev).st_rdev
    if opened and (int(opened[1]), int(opened[2])) != (os.major(number), os.minor(number)):
        raise LioError(
            f"{dev} leads to another device now; the kernel still has {opened[1]}:{opened[2]}",
            hint="lsblk shows which one that is; after a restore it would be the other one",
        )


def _carry_out(env: Env, found: _Findings, dry_run: bool) -> Result:
    if found.steps and not dry_run:
        apply.apply(env, found.steps)
    for step in found.steps:
        found.notes.append((step.path, _LOOK_AGAIN))
    done = Plan(tuple(found.steps), {}, tuple(found.notes))
    return Result(
        view.lines(done, done=not dry_run),
        failures=found.failures,
        data=lambda: view.facts(done),
        shows=True,
    )


def configured(node: Node) -> tuple[StorageObject, ConfigfsPath]:
    """The storage object of a node with its configfs path."""
    assert isinstance(node, StorageObjectNode)
    so = node.read()
    if so is None:
        raise LioError("it is not configured", path=node.path, hint="delete it and make it anew")
    return so, node.configfs
