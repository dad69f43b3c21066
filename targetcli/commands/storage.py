# SPDX-License-Identifier: Apache-2.0
"""Create storage objects in memory and in user space; what all kinds have in common."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rtslib_ext import naming
from rtslib_ext.config import shell_paths
from rtslib_ext.config.backing import Backing, Block, FileIO, RamDisk, User
from rtslib_ext.config.model import StorageObject
from rtslib_ext.errors import Exists, InUse, InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.host import devices
from rtslib_ext.kernel import paths, setup
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.steps import Action, Step, backstores
from rtslib_ext.steps.context import Operation
from rtslib_ext.usage import preflight, reservations, sharing

from ..changes import apply
from ..changes import preflight as checks
from ..env import Env
from ..result import Aside, Caution, Result, say, show
from ..tree import Node
from ..tree.backstores import Backstore, StorageObjectNode

# SBC-3 section 4.5: a disk has one logical block at least.
SMALLEST = 512
# loff_t
LARGEST = 2**63 - 1


def create_ramdisk(
    env: Env, node: Backstore, name: str, size: str, nullio: bool, wwn: str | None
) -> Result:
    """Create a storage object in memory."""
    from ..sizes import parse_size

    new_object(env.fs, node, "ramdisk", name)
    bytes_, lines = whole_blocks(parse_size(size), node)
    so = new(env, node, name, RamDisk(bytes_, nullio), wwn)
    create(env, so)
    lines += [f"Created ramdisk {name} with size {size}.", *twins(env, so, wwn), *tail(so.backing)]
    if nullio:
        # Imported here: few objects store nothing.
        from rtslib_ext.usage import hazards

        lines.append(Caution(f"Note: {hazards.NULLIO}"))
    return Result(lines, created=node_path(node, name))


def create_user(
    env: Env,
    node: Backstore,
    name: str,
    size: int,
    cfgstring: str,
    wwn: str | None,
    hw_max_sectors: int | None,
    control: str | None,
) -> Result:
    """Create a storage object that a tcmu handler in user space serves."""
    from rtslib_ext.host import tcmu

    handler = _handler(node)
    new_object(env.fs, node, "user", name)
    config = f"{handler}/{cfgstring}"
    tcmu.check_config(handler, config, node.path)
    bytes_, lines = whole_blocks(size, node)
    backing = User(config, bytes_, hw_max_sectors, control)
    so = StorageObject(name, backing, _serial(env, node, ("user", name), wwn))
    create(env, so)
    created = f"Created user-backed storage object {name} size {size}."
    lines += [created, *twins(env, so, wwn), *tail(backing)]
    return Result(lines, created=node_path(node, name))


def change_medium(env: Env, node: Backstore, name: str, size: int, cfgstring: str) -> Result:
    """Change the medium of a user-backed storage object."""
    from rtslib_ext.host import tcmu

    handler = _handler(node)
    node.child(name)
    config = f"{handler}/{cfgstring}"
    if apply.only_shown(env, f"change the medium of {node_path(node, name)} to {config}"):
        return Result()
    tcmu.change_medium(handler, name, size, config, node.path)
    path = node_path(node, name)
    # The handler has made the change: the step has no operations.
    apply.note(env, [Step(Action.UPDATE, path, "change", f"the medium to {config}", ())])
    return say("Medium Changed.")


def _handler(node: Backstore) -> str:
    if not node.handler:
        raise InvalidValue(
            "the handler is missing",
            path=node.path,
            hint=f"run it at {shell_paths.backstore('user:HANDLER')}",
        )
    return node.handler


def version(env: Env, node: StorageObjectNode) -> Result:
    """Show the version of the kernel's backstore."""
    text = env.fs.read(f"{paths.parent(node.configfs)}/hba_info")
    facts = {"name": node.plugin, "version": text.partition("version: ")[2].strip()}
    return show([f"Backstore plugin {node.plugin} {facts['version']}"], lambda: facts)


# -- what the kinds have in common ----------------------------------------------------------


def new_object(fs: ReadFS, node: Node, plugin: str, name: str) -> None:
    """Raise InvalidValue or Exists if a storage object cannot have this name."""
    naming.check_object_name(name, node.path)
    if paths.find_storage_object(fs, plugin, name):
        # Clients look for both texts.
        raise Exists(
            f"Storage object {plugin}/{name} exists",
            path=node.path,
            hint="an object with this name already exists: choose another name",
        )


def refuse_shared(fs: ReadFS, path: str, node: Node) -> None:
    """Raise InUse if a storage object already has this file or device."""
    same = sharing.find_same(fs, path)
    if same:
        name = paths.name_of(same)
        raise InUse(f"storage object for {path} already exists: {name}", path=node.path)


def from_path(env: Env, text: str) -> tuple[StorageObject, list[Step], ConfigfsPath, list[str]]:
    """Plan a storage object for a device or file: (object, steps, configfs path, notes).

    Raises LioError if the path leads to neither, or others may have placed the file.
    """
    path = os.path.abspath(os.path.expanduser(text))
    name = os.path.basename(path)
    checks.refuse_links(env, "", path)
    backing: Backing
    if devices.is_block_device(path):
        check_disk(path)
        backing = Block(path, devices.is_read_only(path))
    elif os.path.isfile(path):
        size = os.path.getsize(path)
        backing = FileIO(path, SMALLEST if 0 < size < SMALLEST else size)
    else:
        raise NotFound("storage object or path not valid", hint=f"{text} is neither")
    node = _top_backstore(env, backing.plugin)
    new_object(env.fs, node, backing.plugin, name)
    refuse_shared(env.fs, path, node)
    so = new(env, node, name, backing, None)
    so = replace(so, attributes={})
    notes = checks.notes(checks.check(env, so.path, preflight.of_place(path)))
    notes += tail(backing)
    hba = paths.HbaAllocator(env.fs).choose(backing.plugin, name)
    return so, list(backstores.create(so, hba)), paths.storage_object_in(hba, name), notes


def _top_backstore(env: Env, plugin: str) -> Node:
    from ..tree import walk

    return walk.resolve(walk.root(env), shell_paths.backstore(plugin))


def node_path(node: Node, name: str) -> str:
    return f"{node.path}/{name}"


def new(env: Env, node: Node, name: str, backing: Backing, wwn: str | None) -> StorageObject:
    serial = _serial(env, node, (backing.plugin, name), wwn)
    model = env.prefs.flag("export_backstore_name_as_model")
    return StorageObject(
        name, backing, serial, attributes={"emulate_model_alias": "1"} if model else {}
    )


def _serial(env: Env, node: Node, key: tuple[str, str], wwn: str | None) -> str:
    """Return the unit serial number of a new object: given, derived from its name, or random."""
    if wwn:
        return naming.check_unit_serial(wwn, node.path)
    if not env.prefs.get("identity_namespace"):
        return naming.unit_serial()
    # Imported here: only a pair of hosts needs it.
    from ..changes import derived

    found = derived.of(env)
    assert found is not None
    return derived.serial(env, found, key, node.path)


def create(env: Env, so: StorageObject, before: tuple[Operation, ...] = ()) -> None:
    apply.apply(env, _creating(env, so, before))


def twins(env: Env, so: StorageObject, wwn: str | None) -> list[str]:
    """Return a note about the objects that initiators take for the same disk as a new one.

    A serial number that was not given is random: no other object has it.
    """
    if not wwn:
        return []
    from rtslib_ext.usage import twins as others

    configfs = paths.storage_object(env.fs, *so.key)
    text = others.running(env.fs, configfs, so.key[0])
    return [Caution(f"Note: {text}")] if text else []


def tail(backing: Backing) -> list[str]:
    """Return a note if initiators do not see the end of a new storage object."""
    # Imported here: sizes are multiples of 512 mostly.
    from rtslib_ext.usage import hazards

    text = hazards.tail_of(backing)
    return [Caution(f"Note: {text}")] if text else []


def _creating(env: Env, so: StorageObject, before: tuple[Operation, ...]) -> Iterator[Step]:
    hba = paths.HbaAllocator(env.fs).choose(*so.key)
    kept = reservations.kept(setup.dbroot(env.fs), so.wwn or "")
    yield from backstores.create(so, hba, aptpl=kept, before=before)


def whole_blocks(size: int, node: Node) -> tuple[int, list[str]]:
    """Return (size in bytes, note): less than one block becomes one block.

    Raises InvalidValue if no disk can have the size.
    """
    if not 0 < size < SMALLEST:
        return check_size(size, node), []
    note = f"Note: {size} bytes is less than one block, so the size is {SMALLEST} bytes"
    return SMALLEST, [Aside(note)]


def check_size(size: int, node: Node) -> int:
    """Return a size in bytes; raises InvalidValue if no disk can have it."""
    if not SMALLEST <= size <= LARGEST:
        raise InvalidValue(
            f"a size of {size} bytes is out of range",
            path=node.path,
            hint=f"the minimum is one block of {SMALLEST} bytes, the maximum {LARGEST} bytes",
        )
    return size


def check_disk(path: str) -> None:
    """Raise LioError if a path does not lead to a disk."""
    if not os.path.exists(path):
        raise NotFound(f"Could not open {path}: no such file or directory")
    if not devices.is_disk(path):
        raise LioError(
            f"Device {path} is not a TYPE_DISK block device",
            hint="use pscsi to pass other SCSI devices through",
        )
