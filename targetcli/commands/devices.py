# SPDX-License-Identifier: Apache-2.0
"""Create storage objects from files and devices, which are checked before."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import chain

from rtslib_ext.config.backing import Block, FileIO, Pscsi
from rtslib_ext.config.model import StorageObject
from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.host import devices
from rtslib_ext.kernel import paths
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps.context import Operation
from rtslib_ext.steps.host_files import MakeFile, in_use
from rtslib_ext.usage import preflight
from rtslib_ext.usage.preflight import Finding

from ..changes import preflight as checks
from ..env import Env
from ..result import Aside, Result
from ..tree import Node
from ..tree.backstores import Backstore
from . import storage


def create_fileio(
    env: Env,
    node: Backstore,
    name: str,
    file_or_dev: str,
    size: int | None,
    write_back: bool,
    sparse: bool,
    wwn: str | None,
) -> Result:
    """Create a storage object from a file or, through the page cache, from a block device."""
    path = os.path.abspath(os.path.expanduser(file_or_dev))
    storage.new_object(env.fs, node, "fileio", name)
    checks.refuse_links(env, node.path, path)
    if devices.is_block_device(path):
        source = _device(env, node, path, size)
    elif os.path.isfile(path):
        source = _existing_file(env, node, file_or_dev, path, size)
    else:
        source = _new_file(node, name, file_or_dev, path, size, sparse)
    so = storage.new(env, node, name, FileIO(path, source.size, write_back), wwn)
    accepted = checks.check(env, so.path, chain(preflight.of_place(path), source.findings))
    storage.create(env, so, source.before)
    shown = source.size if source.size is not None else devices.device_size(path)
    created = f"Created fileio {name} with size {shown}"
    lines = [*source.lines, *checks.notes(accepted), created, *storage.twins(env, so, wwn)]
    return _created([*lines, *storage.tail(so.backing)], so, accepted)


@dataclass(frozen=True, slots=True)
class _Source:
    """The file or device of a fileio object; ``size`` is None for a device.

    ``before`` are the operations that create it, ``lines`` the messages about it.
    """

    size: int | None
    findings: Iterable[Finding]
    lines: Sequence[str]
    before: tuple[Operation, ...] = ()


def _device(env: Env, node: Node, path: str, size: int | None) -> _Source:
    lines = ["Note: block backstore preferred for best results"]
    if size is not None:
        lines.insert(0, "Block device, size parameter ignored")
    storage.check_disk(path)
    storage.refuse_shared(env.fs, path, node)
    return _Source(None, preflight.of_device(env.fs, path), lines)


def _existing_file(env: Env, node: Node, file: str, path: str, size: int | None) -> _Source:
    if devices.written_by_others(path):
        storage.refuse_shared(env.fs, path, node)
    length = os.path.getsize(path)
    if not length:
        raise InvalidValue(
            f"{file} exists and is empty",
            path=node.path,
            hint="remove it to create a file of the given size, or enlarge it",
        )
    given = [f"{file} exists, using its size ({length} bytes) instead"] * (size is not None)
    length, note = storage.whole_blocks(length, node)
    return _Source(length, preflight.of_file(env.fs, path), [*given, *note])


def _new_file(
    node: Node, name: str, file: str, path: str, size: int | None, sparse: bool
) -> _Source:
    """Plan to create a file; raises LioError if it cannot exist."""
    if os.path.exists(path):
        raise InvalidValue(f"Path {file} exists but is not a file", path=node.path)
    if path.startswith("/dev/"):
        raise NotFound(
            f"there is no device {file}",
            path=node.path,
            hint="a file created in /dev would be in memory and lost at reboot",
        )
    if size is None:
        raise InvalidValue(
            "Attempting to create file for new fileio backstore, need a size",
            path=node.path,
            hint=f"there is no file {file}; create {name} {file} 10G creates one",
        )
    if size > storage.LARGEST:
        raise InvalidValue(f"The file size is too large ({size} bytes)", path=node.path)
    size, lines = storage.whole_blocks(size, node)
    create = MakeFile(path, size, sparse)
    if not sparse:
        lines.append(f"Writing {size} bytes")
    return _Source(size, preflight.of_new_file(path, size), lines, (create,))


def create_block(
    env: Env,
    node: Backstore,
    name: str,
    dev: str,
    readonly: bool | None,
    wwn: str | None,
    exclusive: bool,
) -> Result:
    """Create a storage object from a block device."""
    path = os.path.abspath(os.path.expanduser(dev))
    storage.new_object(env.fs, node, "block", name)
    checks.refuse_links(env, node.path, path)
    only_read = readonly is None and devices.is_read_only(path)
    storage.check_disk(path)
    findings = preflight.of_device(env.fs, path, exclusive=exclusive)
    backing = Block(path, only_read or bool(readonly), exclusive)
    so = storage.new(env, node, name, backing, wwn)
    accepted = checks.check(env, so.path, chain(preflight.of_place(path), findings))
    if only_read:
        accepted.append(preflight.read_only(path))
    storage.create(env, so)
    lines = [*checks.notes(accepted), f"Created block storage object {name} using {dev}."]
    lines += storage.twins(env, so, wwn)
    if not exclusive and _is_exclusive(env, name):
        text = "Note: this kernel does not support exclusive=false, nothing else can use the device"
        lines.append(Aside(text))
    return _created(lines, so, accepted)


def _created(lines: list[str], so: StorageObject, findings: list[Finding]) -> Result:
    return Result(lines, created=so.path, data=lambda: checks.facts(findings))


def _is_exclusive(env: Env, name: str) -> bool:
    configfs = paths.storage_object(env.fs, "block", name)
    found = Reader(env.fs).backing(configfs, "block")
    return not isinstance(found, Block) or found.exclusive


def create_pscsi(env: Env, node: Backstore, name: str, dev: str) -> Result:
    """Create a storage object that passes a SCSI device through."""
    storage.new_object(env.fs, node, "pscsi", name)
    checks.refuse_links(env, node.path, dev)
    lines = []
    if devices.is_block_device(dev):
        lines.append("Note: block backstore recommended for SCSI block devices")
    address, path = devices.scsi_address(dev)
    if devices.is_exclusive_open(path):
        error = in_use(env.fs, path, f"device {path} (SCSI {':'.join(map(str, address))})")
        error.path = node.path
        raise error
    so = StorageObject(name, Pscsi(path, address))
    findings = preflight.of_device(env.fs, path) if devices.is_block_device(path) else ()
    accepted = checks.check(env, so.path, chain(preflight.of_place(dev), findings))
    storage.create(env, so)
    lines += [*checks.notes(accepted), f"Created pscsi storage object {name} using {dev}"]
    return _created(lines, so, accepted)
