# SPDX-License-Identifier: Apache-2.0
"""resize and rescan: adapt a storage object in use to a new size."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from rtslib_ext.config.backing import Block, FileIO, Pscsi, RamDisk, User
from rtslib_ext.config.model import StorageObject
from rtslib_ext.errors import InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import dataclass, field, replace
from rtslib_ext.host import devices
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.plan.builder import Plan
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, backstores
from rtslib_ext.usage import hazards

from ..changes import plans
from ..env import Env
from ..result import Result
from ..tree import Node
from ..tree.backstores import StorageObjectNode
from . import storage

# drivers/target/target_core_iblock.c, iblock_show_configfs_dev_params
_NUMBER = re.compile(r"Major: (\d+) Minor: (\d+)")
# The kernel sends no CAPACITY DATA HAS CHANGED (SPC-4 table D.1, 2Ah/09h): target_core_ua.c
# knows it, and nothing raises it.
_RESCAN = "initiators see the new size after a rescan; on Linux: iscsiadm -m session --rescan"


@dataclass(slots=True)
class _Findings:
    """The results of checking the devices and files of storage objects."""

    steps: list[Step] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    failures: list[LioError] = field(default_factory=list)

    def grow(self, so: StorageObject, configfs: ConfigfsPath, now: int, size: int) -> None:
        """Plan to enlarge a file; raises InvalidValue."""
        assert isinstance(so.backing, FileIO | User)
        self.steps.append(_grow(so, configfs, now, size))
        if text := hazards.tail(replace(so, backing=replace(so.backing, size=size))):
            self.notes.append((so.path, text))


def resize(
    env: Env, node: StorageObjectNode, size: tuple[str, int] | None, dry_run: bool
) -> Result:
    """Enlarge a storage object while it is exported; ``size`` is (sign, bytes)."""
    if size is None:
        return rescan(env, node, dry_run)
    so, configfs = configured(node)
    backing = so.backing
    if isinstance(backing, RamDisk):
        raise InvalidValue(
            "a ramdisk cannot be enlarged: its size is fixed when it is created",
            path=node.path,
            hint="create another one, and copy the data on the initiators",
        )
    if not isinstance(backing, User) and (
        not isinstance(backing, FileIO) or devices.is_block_device(backing.dev)
    ):
        raise InvalidValue(
            f"the size is that of the device {so.backing.udev_path}",
            path=node.path,
            hint="enlarge the device, then run resize without a size",
        )
    now = backing.size or 0
    wanted = _wanted(now, *size)
    if wanted < now:
        raise InvalidValue(
            f"it has {now} bytes, shrinking it to {wanted} would lose data",
            path=node.path,
            hint="create a smaller storage object, and copy the data on the initiators",
        )
    findings = _Findings()
    if wanted > now:
        storage.check_size(wanted, node)
        if isinstance(backing, FileIO) and not os.path.exists(backing.dev):
            # A new file of this name would not be the one that is exported.
            raise _missing(backing.dev, node.path)
        findings.grow(so, configfs, now, wanted)
    return _carry_out(env, findings, dry_run)


def _wanted(now: int, sign: str, size: int) -> int:
    """Return the size in bytes that +SIZE, -SIZE or SIZE stand for."""
    return {"+": now + size, "-": max(now - size, 0)}.get(sign, size)


def _grow(so: StorageObject, configfs: ConfigfsPath, now: int, size: int) -> Step:
    """Plan to enlarge a file; raises InvalidValue if it has protection information.

    drivers/target/target_core_file.c, fd_format_prot writes it once, for the size at that time.
    """
    if so.attributes.get("pi_prot_type", "0") != "0":
        raise InvalidValue(
            "it has protection information, which is formatted for one size",
            path=so.path,
            hint="create another storage object, and copy the data on the initiators",
        )
    return backstores.grow(so, configfs, now, size)


def rescan(env: Env, node: Node, dry_run: bool) -> Result:
    """Check whether the devices and files of storage objects have grown or disappeared."""
    findings = _Findings()
    reader = Reader(env.fs)
    objects: Iterable[ConfigfsPath] = (
        [node.configfs] if isinstance(node, StorageObjectNode) else reader.storage_object_paths()
    )
    for configfs in objects:
        so = reader.storage_object(configfs)
        if so is None:
            continue
        try:
            _check(env, so, configfs, findings)
        except LioError as err:
            err.path = so.path
            findings.failures.append(err)
    return _carry_out(env, findings, dry_run)


def _check(env: Env, so: StorageObject, configfs: ConfigfsPath, findings: _Findings) -> None:
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
            raise LioError(f"{backing.udev_path} has no size: its medium was removed")
        findings.notes.append((so.path, f"{backing.udev_path} has {size} bytes; {_RESCAN}"))
        return
    length, now = os.path.getsize(backing.dev), backing.size or 0
    if length < now:
        raise LioError(
            f"{backing.dev} has {length} bytes, fewer than the {now} that initiators use",
            hint=f"data after its end cannot be read: truncate --size {now} restores the length",
        )
    if length > now:
        findings.grow(so, configfs, now, length)


def _missing(dev: str, path: str) -> NotFound:
    return NotFound(
        f"{dev} no longer exists; the kernel still has it open",
        path=path,
        hint="restore it, or run replace to switch to another one",
    )


def _check_same(env: Env, dev: str, configfs: ConfigfsPath) -> None:
    """Raise LioError if a path no longer leads to the device that the kernel opened."""
    opened = _NUMBER.search(env.fs.read(f"{configfs}/info"))
    number = os.stat(dev).st_rdev
    if opened and (int(opened[1]), int(opened[2])) != (os.major(number), os.minor(number)):
        raise LioError(
            f"{dev} now leads to another device; the kernel still uses {opened[1]}:{opened[2]}",
            hint="lsblk shows which one that is; a restore would use the other one",
        )


def _carry_out(env: Env, findings: _Findings, dry_run: bool) -> Result:
    notes = [*findings.notes, *((step.path, _RESCAN) for step in findings.steps)]
    plan = Plan(tuple(findings.steps), {}, tuple(notes))
    result = plans.carry_out(env, plan, dry_run=dry_run)
    result.failures = findings.failures
    return result


def configured(node: StorageObjectNode) -> tuple[StorageObject, ConfigfsPath]:
    """Return the storage object of a node with its configfs path; raises LioError."""
    so = node.read()
    if so is None:
        raise LioError("it is not configured", path=node.path, hint="delete it and create it again")
    return so, node.configfs
