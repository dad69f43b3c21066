# SPDX-License-Identifier: Apache-2.0
"""replace: switch a storage object in use to another device or file."""

from __future__ import annotations

import os

from rtslib_ext.config import refactor
from rtslib_ext.config.backing import Block, FileIO, User
from rtslib_ext.config.model import StorageObject
from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.host import devices
from rtslib_ext.steps.host_files import in_use
from rtslib_ext.transaction import apply as applying
from rtslib_ext.usage import preflight

from ..changes import preflight as checks
from ..changes import running
from ..env import Env
from ..language.grammar import quote
from ..result import Result
from ..tree import Node
from ..tree.backstores import StorageObjectNode
from . import plan, storage
from .resize import configured


def replace_device(
    env: Env, node: StorageObjectNode, dev: str, smaller: bool, dry_run: bool
) -> Result:
    """Switch a storage object to another device or file."""
    so, _ = configured(node)
    path = os.path.abspath(os.path.expanduser(dev))
    checks.refuse_links(env, node.path, path)
    backing = _new_backing(env, so, path, node)
    before, after = _size(so.backing), _size(backing)
    if after < before and not smaller:
        raise InvalidValue(
            f"{dev} has {after} bytes, fewer than the {before} that initiators use",
            path=node.path,
            hint="--smaller accepts it: initiators lose the data after its end",
        )
    accepted = checks.check(env, node.path, preflight.of_place(path))
    have = running.read(env)
    want = refactor.replace_backing(have, so.key, backing)
    result = plan.carry_out(env, applying.prepare(env.fs, want, have), dry_run=dry_run)
    result.notes += [*checks.notes(accepted), *storage.tail(backing)]
    return result


def _creates(backing: FileIO | Block, path: str) -> str:
    """Return a hint at the command that creates a file as large as the replaced one."""
    if isinstance(backing, Block) or path.startswith("/dev/"):
        return "lsblk lists the block devices"
    return f"truncate -s {backing.size} {quote(path)} creates it" if backing.size else ""


def _new_backing(env: Env, so: StorageObject, path: str, node: Node) -> FileIO | Block:
    backing = so.backing
    if not isinstance(backing, FileIO | Block):
        raise InvalidValue(
            f"the device of a {so.backing.plugin} backstore cannot be replaced",
            path=node.path,
            hint="use changemedium"
            if isinstance(backing, User)
            else "create another storage object",
        )
    if not os.path.exists(path):
        raise NotFound(f"{path} does not exist", path=node.path, hint=_creates(backing, path))
    if os.path.realpath(path) == os.path.realpath(backing.dev):
        raise InvalidValue(f"it already uses {path}", path=node.path)
    device = devices.is_block_device(path)
    if not device and (isinstance(backing, Block) or not os.path.isfile(path)):
        kind = "block device" if isinstance(backing, Block) else "file or block device"
        raise InvalidValue(f"{path} is not a {kind}", path=node.path)
    if device:
        storage.check_disk(path)
        if devices.is_exclusive_open(path):
            # Fail before anything is deleted.
            raise in_use(env.fs, path, f"device {path}")
    if device or devices.written_by_others(path):
        storage.refuse_shared(env.fs, path, node)
    if isinstance(backing, FileIO):
        size = None if device else storage.whole_blocks(os.path.getsize(path), node)[0]
        return replace(backing, dev=path, size=size)
    return replace(backing, dev=path)


def _size(backing: object) -> int:
    """Return the size of the device or file in bytes; 0 if it no longer exists."""
    assert isinstance(backing, FileIO | Block)
    if isinstance(backing, FileIO) and backing.size and not devices.is_block_device(backing.dev):
        return backing.size
    return devices.device_size(backing.dev) or 0
