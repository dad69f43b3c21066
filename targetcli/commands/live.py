# SPDX-License-Identifier: Apache-2.0
"""Work on storage objects that are in use: more room, a look at what is behind, another device."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from rtslib_ext import apply as applying
from rtslib_ext import edit, host
from rtslib_ext.backing import Block, FileIO, Pscsi, RamDisk, User
from rtslib_ext.errors import InvalidValue, LioError, NotFound
from rtslib_ext.model import StorageObject
from rtslib_ext.plan import Plan
from rtslib_ext.reader import Reader
from rtslib_ext.records import dataclass, field, replace
from rtslib_ext.steps import Step, backstores
from rtslib_ext.steps.host_files import in_use

from ..env import Env
from ..nodes import Node
from ..nodes.backstores import StorageObjectNode
from ..result import Result
from ..views import plan as view
from . import change, plan, storage, whole

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


def resize(env: Env, node: Node, size: int | None = None, dry_run: bool = False) -> Result:
    """Make a storage object larger while it is exported."""
    if size is None:
        return rescan(env, node, dry_run)
    so, file = _object(node)
    backing = so.backing
    if isinstance(backing, RamDisk):
        raise InvalidValue(
            "memory cannot be made larger: the kernel takes its size once, when it is made",
            path=node.path,
            hint="make another one, and have the initiators copy what is in it",
        )
    if not isinstance(backing, User) and (
        not isinstance(backing, FileIO) or host.is_block_device(backing.dev)
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
        found.steps.append(_grow(so, file, now, size))
    return _carry_out(env, found, dry_run)


def _grow(so: StorageObject, file: str, now: int, size: int) -> Step:
    """Refuse what has protection information: that of the new part would be wrong.

    drivers/target/target_core_file.c, fd_format_prot writes it for the size at that time.
    """
    if so.attributes.get("pi_prot_type", "0") != "0":
        raise InvalidValue(
            "it has protection information, which is made for one size",
            path=so.path,
            hint="make another storage object, and have the initiators copy what is in it",
        )
    return backstores.grow(so, file, now, size)


def rescan(env: Env, node: Node, dry_run: bool = False) -> Result:
    """Look whether what is behind storage objects has grown, or is gone."""
    found = _Findings()
    reader = Reader(env.fs)
    files: Iterable[str] = (
        [node.file] if isinstance(node, StorageObjectNode) else reader.storage_object_paths()
    )
    for file in files:
        so = reader.storage_object(file)
        if so is None:
            continue
        try:
            _look(env, so, file, found)
        except LioError as err:
            err.path = so.path
            found.failures.append(err)
    return _carry_out(env, found, dry_run)


def _look(env: Env, so: StorageObject, file: str, found: _Findings) -> None:
    backing = so.backing
    if not backing.udev_path:
        return
    if not os.path.exists(backing.udev_path):
        raise _missing(backing.udev_path, so.path)
    if isinstance(backing, Pscsi):
        return
    if isinstance(backing, Block):
        _check_same(env, backing.dev, file)
    if not isinstance(backing, FileIO) or host.is_block_device(backing.udev_path):
        size = host.device_size(backing.udev_path)
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
        found.steps.append(_grow(so, file, now, length))


def _missing(dev: str, path: str) -> NotFound:
    return NotFound(
        f"{dev} is not there any more; the kernel still has what it opened",
        path=path,
        hint="bring it back, or put another one behind: replace",
    )


def _check_same(env: Env, dev: str, file: str) -> None:
    """Refuse a path that leads to another device than the one that the kernel opened."""
    opened = _NUMBER.search(env.fs.read(f"{file}/info"))
    number = os.stat(dev).st_rdev
    if opened and (int(opened[1]), int(opened[2])) != (os.major(number), os.minor(number)):
        raise LioError(
            f"{dev} leads to another device now; the kernel still has {opened[1]}:{opened[2]}",
            hint="lsblk shows which one that is; after a restore it would be the other one",
        )


def _carry_out(env: Env, found: _Findings, dry_run: bool) -> Result:
    if found.steps and not dry_run:
        change.apply(env, found.steps)
    for step in found.steps:
        found.notes.append((step.path, _LOOK_AGAIN))
    done = Plan(tuple(found.steps), {}, tuple(found.notes))
    return Result(
        view.lines(done), failures=found.failures, data=lambda: view.facts(done), shows=True
    )


# -- another device ---------------------------------------------------------------------------


def replace_device(
    env: Env, node: Node, dev: str, smaller: bool = False, dry_run: bool = False
) -> Result:
    """Put another device or file behind a storage object."""
    so, _ = _object(node)
    path = os.path.abspath(os.path.expanduser(dev))
    backing = _other(env, so, path, node)
    before, after = _size(so.backing), _size(backing)
    if after < before and not smaller:
        raise InvalidValue(
            f"{dev} has {after} bytes, fewer than the {before} that initiators know of",
            path=node.path,
            hint="--smaller takes it all the same: what is behind its end is lost to them",
        )
    have = whole.running(env)
    want = edit.replace_backing(have, so.key, backing)
    return plan.carry_out(env, applying.prepare(env.fs, want, have), dry_run=dry_run)


def _other(env: Env, so: StorageObject, path: str, node: Node) -> FileIO | Block:
    backing = so.backing
    if not isinstance(backing, FileIO | Block):
        raise InvalidValue(
            f"what is behind a {so.backing.plugin} backstore cannot be replaced",
            path=node.path,
            hint="changemedium does it with its handler"
            if isinstance(backing, User)
            else "make another storage object",
        )
    if not os.path.exists(path):
        raise NotFound(f"{path} is not there", path=node.path)
    if os.path.realpath(path) == os.path.realpath(backing.dev):
        raise InvalidValue(f"{path} is behind it already", path=node.path)
    device = host.is_block_device(path)
    if not device and (isinstance(backing, Block) or not os.path.isfile(path)):
        kind = "block device" if isinstance(backing, Block) else "file or block device"
        raise InvalidValue(f"{path} is no {kind}", path=node.path)
    if device:
        storage.check_disk(path)
        if host.is_held(path):
            # Before anything is taken away.
            raise in_use(env.fs, path, f"device {path}")
    if device or host.written_by_others(path):
        storage.refuse_shared(env.fs, path, node)
    if isinstance(backing, FileIO):
        size = None if device else storage.check_size(os.path.getsize(path), node)
        return replace(backing, dev=path, size=size)
    return replace(backing, dev=path)


def _size(backing: object) -> int:
    """The size in bytes of what is behind; 0 where that is gone."""
    assert isinstance(backing, FileIO | Block)
    if isinstance(backing, FileIO) and backing.size and not host.is_block_device(backing.dev):
        return backing.size
    return host.device_size(backing.dev) or 0


# -- what these and others have in common -----------------------------------------------------


def _object(node: Node) -> tuple[StorageObject, str]:
    """The storage object of a node with its configfs path."""
    assert isinstance(node, StorageObjectNode)
    so = node.read()
    if so is None:
        raise LioError("it is not configured", path=node.path, hint="delete it and make it anew")
    return so, node.file
