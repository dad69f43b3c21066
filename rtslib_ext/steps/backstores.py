# SPDX-License-Identifier: Apache-2.0
"""Steps that create, change and delete storage objects and their target port groups."""

from __future__ import annotations

from collections.abc import Iterator

from .. import naming
from ..config import scalars, shell_paths
from ..config.backing import Backing, Block, FileIO, Pscsi, RamDisk, User
from ..config.model import AluaGroup, StorageObject, Values
from ..config.shell_paths import ShellPath
from ..errors import InvalidValue, LioError
from ..fast_dataclasses import replace
from ..host import devices
from ..kernel import paths
from ..kernel.abi import (
    ALUA_TEXTS,
    DEFAULT_GROUP,
    GROUP_TAG_MAX,
    LBA_DEPENDENT,
    PD_TEXT_FILE,
    PD_TEXT_MAX,
)
from ..kernel.configfs import ConfigfsPath
from . import lu_groups
from .context import Operation
from .defaults import KernelDefaults
from .host_files import NEW_FILE, CheckFree, CheckLinks, CheckMemory, CheckThere, GrowFile, MakeFile
from .operations import EnsureValue, Fail, MakeShared, Mkdir, RemoveShared, RemoveTree, Rmdir, Write
from .settings import UNKNOWN, ensure_values, known
from .step import Action, Step, set_step

# A state can be set only while the group supports it, is implicit, and has no delay
# (drivers/target/target_core_configfs.c, target_tg_pt_gp_alua_access_state_store), and that
# changes the status.
_ALUA_ORDER = ("alua_access_state", "alua_access_status", "alua_access_type")
# Ramdisks below this size are created without a check of the free memory.
_CHECKED_SIZE = 1 << 20
# Block-dependent states must be enabled first, which needs a group that is not explicit.
_LBA_ORDER = ("alua_access_type", LBA_DEPENDENT, "alua_access_state", "alua_access_status")


def create(
    so: StorageObject,
    hba: ConfigfsPath,
    *,
    aptpl: tuple[str, ...] = (),
    before: tuple[Operation, ...] = (),
    defaults: KernelDefaults = UNKNOWN,
) -> Iterator[Step]:
    """Create a storage object in the directory ``hba`` with all its settings.

    ``aptpl`` are lines of persistent reservations (SPC-4 section 5.13.5) that were kept on
    disk, ``before`` the operations that create its backing file.
    """
    configfs = paths.storage_object_in(hba, so.name)
    on_device = _is_on_device(so)
    try:
        operations = (*before, *_build(so, hba, configfs, on_device))
    except LioError as err:
        yield refuse(so, err)
        return
    new = NEW_FILE if any(isinstance(one, MakeFile) for one in before) else ""
    yield Step(Action.CREATE, so.path, "create", f"{describe(so)}{new}", operations)
    yield from _reservations(so, configfs, aptpl)
    yield from _attributes(so, configfs, on_device, defaults)
    # After emulate_model_alias, which changes the product.
    yield from _identity(so, configfs)
    for group in so.alua_groups.values():
        if group.name != DEFAULT_GROUP:
            yield create_group(so, configfs, group)
    if so.lba_map is not None:
        # The map names the groups.
        yield from ensure_values(so.path, configfs, {"lba_map": so.lba_map}, lambda _: True, None)
    for group in so.alua_groups.values():
        yield from alua_values(so, configfs, group, defaults)
    if so.lu_group is not None:
        # Last: in an LU group a state is set for all members.
        yield lu_groups.join(so.path, configfs, so.lu_group, None)


def refuse(so: StorageObject, reason: LioError) -> Step:
    """Return a step that fails, for a storage object that cannot be created."""
    return Step(Action.CREATE, so.path, "create", describe(so), (Fail(reason),))


def describe(so: StorageObject) -> str:
    """Return plugin, name and device of a storage object: ``fileio disk1 on /srv/disk1``."""
    what = so.backing.udev_path or getattr(so.backing, "config", "") or "memory"
    return f"{so.backing.plugin} {so.name} on {what}"


def _reservations(
    so: StorageObject, configfs: ConfigfsPath, aptpl: tuple[str, ...]
) -> Iterator[Step]:
    """Yield a step per line: a line that the kernel refuses leaves the storage object."""
    for line in aptpl:
        write = Write(f"{paths.reservations(configfs)}/res_aptpl_metadata", line)
        yield Step(Action.UPDATE, so.path, "restore", "a persistent reservation", (write,))


def _is_on_device(so: StorageObject) -> bool:
    """Return True for a fileio storage object on a block device, also by a symbolic link."""
    return isinstance(so.backing, FileIO) and devices.is_block_device(so.backing.dev)


def _build(
    so: StorageObject, hba: ConfigfsPath, configfs: ConfigfsPath, on_device: bool
) -> tuple[Operation, ...]:
    backing = _resolved(so.backing, on_device)
    operations: list[Operation] = [*_guards(so, on_device), MakeShared(hba), Mkdir(configfs)]
    if isinstance(backing, Block):
        operations.append(Write(f"{configfs}/udev_path", backing.udev_path))
    operations += [Write(f"{configfs}/control", line) for line in backing.controls()]
    early = backing.early_attributes()
    early |= {name: so.attributes[name] for name in backing.before_enable if name in so.attributes}
    folder = paths.attributes(configfs)
    operations += [Write(f"{folder}/{name}", value) for name, value in early.items()]
    if backing.udev_path and not isinstance(backing, Block):
        operations.append(Write(f"{configfs}/udev_path", backing.udev_path))
    operations.append(Write(f"{configfs}/enable", "1"))
    if backing.has_wwn:
        serial = so.wwn or naming.unit_serial()
        operations.append(Write(f"{paths.identity(configfs)}/vpd_unit_serial", serial))
    return tuple(operations)


def _resolved(backing: Backing, on_device: bool) -> Backing:
    if isinstance(backing, Pscsi) and backing.hctl is None:
        address, device = devices.scsi_address(backing.dev)
        return Pscsi(device, address)
    if isinstance(backing, FileIO) and on_device:
        # The kernel uses the size of the device.
        return replace(backing, size=None)
    return backing


def _guards(so: StorageObject, on_device: bool) -> list[Operation]:
    backing = so.backing
    if isinstance(backing, FileIO):
        free = [CheckFree(backing.dev)] if on_device else []
        return [CheckLinks(backing.dev), *free, CheckThere(backing.dev)]
    if isinstance(backing, Block):
        return [CheckLinks(backing.dev), *([CheckFree(backing.dev)] if backing.exclusive else [])]
    if isinstance(backing, Pscsi):
        return [CheckLinks(backing.dev)]
    if isinstance(backing, RamDisk) and not backing.nullio and backing.size >= _CHECKED_SIZE:
        return [CheckMemory(backing.size)]
    return []


def _identity(so: StorageObject, configfs: ConfigfsPath) -> Iterator[Step]:
    if so.identity:
        folder = paths.identity(configfs)
        for step in ensure_values(so.path, folder, so.identity, known("wwn"), None):
            error = too_long(step.subject, step.value or "")
            yield replace(step, operations=(Fail(error),)) if error else step
    if so.alias is not None:
        yield from ensure_values(so.path, configfs, {"alias": so.alias}, lambda _: True, None)


def too_long(name: str, value: str) -> InvalidValue | None:
    """Return the error for an identifying text that is too long: the kernel says no reason."""
    most = PD_TEXT_MAX if name == PD_TEXT_FILE else None
    if most is None or len(value.encode("utf-8", "surrogateescape")) <= most:
        return None
    return InvalidValue(f"{name} takes text of at most {most} bytes", hint="shorten it")


def _attributes(
    so: StorageObject, configfs: ConfigfsPath, on_device: bool, defaults: KernelDefaults = UNKNOWN
) -> Iterator[Step]:
    key = so.backing.defaults_key(on_device=on_device)
    yield from ensure_values(
        so.path,
        paths.attributes(configfs),
        so.attributes,
        known("storage_object"),
        key and f"{so.backing.plugin} {key}",
        defaults,
    )


def grow(so: StorageObject, configfs: ConfigfsPath, before: int, size: int) -> Step:
    """Enlarge a storage object while it is exported; a rollback leaves its file enlarged.

    The handler of a user-backed object may refuse (drivers/target/target_core_user.c,
    tcmu_dev_size_store).
    """
    backing = so.backing
    if isinstance(backing, User):
        attribute = Write(f"{paths.attributes(configfs)}/dev_size", str(size), str(before))
        return set_step(so.path, "size", str(size), str(before), (attribute,))
    assert isinstance(backing, FileIO)
    control = f"{configfs}/control"
    return set_step(
        so.path,
        "size",
        str(size),
        str(before),
        (GrowFile(backing.dev, size), Write(control, f"fd_dev_size={size}")),
        undo=(Write(control, f"fd_dev_size={before}"),),
    )


def delete(
    so: StorageObject, configfs: ConfigfsPath, aptpl: tuple[str, ...] = ()
) -> Iterator[Step]:
    """Delete a storage object that is not exported."""
    if so.lu_group is not None:
        # So that a rollback restores the state of the groups of this object only.
        yield lu_groups.join(so.path, configfs, None, so.lu_group)
    for group in so.alua_groups.values():
        if group.name != DEFAULT_GROUP:
            yield delete_group(so, configfs, group)
    hba = paths.parent(configfs)
    undo: tuple[Operation, ...]
    on_device = _is_on_device(so)
    try:
        undo = (
            *_build(so, hba, configfs, on_device),
            *_restored_values(so, configfs, aptpl, on_device),
        )
    except LioError as err:
        undo = (Fail(err),)
    yield Step(
        Action.DELETE,
        so.path,
        "delete",
        describe(so),
        (Rmdir(configfs), RemoveShared(hba)),
        undo=undo,
    )


def discard(path: ShellPath, configfs: ConfigfsPath) -> Step:
    """Delete a storage object of which only the paths are known; this cannot be undone."""
    hba = paths.parent(configfs)
    subject = " ".join(path.split("/")[2:])
    operations = (RemoveTree(configfs), RemoveShared(hba))
    return Step(Action.DELETE, path, "delete", subject, operations, undo=())


def _restored_values(
    so: StorageObject, configfs: ConfigfsPath, aptpl: tuple[str, ...], on_device: bool
) -> Iterator[Operation]:
    """Yield the writes that restore the values of a storage object after a failed deletion."""
    steps = [*_reservations(so, configfs, aptpl), *_attributes(so, configfs, on_device)]
    steps += _identity(so, configfs)
    if so.lba_map is not None:
        steps += ensure_values(so.path, configfs, {"lba_map": so.lba_map}, lambda _: True, None)
    default = so.alua_groups.get(DEFAULT_GROUP)
    if default:
        steps += alua_values(so, configfs, default)
    for step in steps:
        yield from step.operations


# -- target port groups -----------------------------------------------------------------------


def create_group(so: StorageObject, configfs: ConfigfsPath, group: AluaGroup) -> Step:
    """Create a target port group other than the default one; alua_values sets its settings."""
    operations: tuple[Operation, ...] = _create_operations(configfs, group)
    if group.tag is None or not 1 <= group.tag <= GROUP_TAG_MAX:
        operations = (Fail(InvalidValue(f"tag must be between 1 and {GROUP_TAG_MAX}")),)
    path = shell_paths.tg_pt_gp(so.path, group.name)
    subject = f"target port group {group.name} with tag {group.tag}"
    return Step(Action.CREATE, path, "create", subject, operations, needs=(so.path,))


def _create_operations(configfs: ConfigfsPath, group: AluaGroup) -> tuple[Operation, ...]:
    folder = paths.tg_pt_gp(configfs, group.name)
    return (Mkdir(folder), Write(f"{folder}/tg_pt_gp_id", str(group.tag)))


def alua_order(settings: Values) -> list[str]:
    """Return the names of the settings of a group in an order that the kernel accepts."""
    order = _LBA_ORDER if settings.get(LBA_DEPENDENT) == "1" else _ALUA_ORDER
    first = [name for name in order if name in settings]
    return [*first, *sorted(set(settings) - set(first))]


def alua_values(
    so: StorageObject, configfs: ConfigfsPath, group: AluaGroup, defaults: KernelDefaults = UNKNOWN
) -> Iterator[Step]:
    """Set the settings of a target port group."""
    path = shell_paths.tg_pt_gp(so.path, group.name)
    folder = paths.tg_pt_gp(configfs, group.name)
    settings = defaults.left(group.settings, folder, "alua", _shown)
    for name in (name for name in alua_order(group.settings) if name in settings):
        value = settings[name]
        one = EnsureValue(folder, name, value, "alua", True, path, _shown(name, value))
        yield set_step(path, name, value, None, (one,))


def _shown(name: str, value: str) -> str:
    """Return the text that an attribute of a target port group reads as."""
    texts = ALUA_TEXTS.get(name, ())
    number = scalars.number(value)
    return value if number is None or not 0 <= number < len(texts) else texts[number]


def delete_group(
    so: StorageObject, configfs: ConfigfsPath, group: AluaGroup, luns: tuple[ConfigfsPath, ...] = ()
) -> Step:
    """Delete a target port group; its ``luns`` (configfs paths) move to the default one."""
    steps = alua_values(so, configfs, group)
    values = [operation for step in steps for operation in step.operations]
    return Step(
        Action.DELETE,
        shell_paths.tg_pt_gp(so.path, group.name),
        "delete",
        f"target port group {group.name}",
        (Rmdir(paths.tg_pt_gp(configfs, group.name)),),
        undo=(
            *_create_operations(configfs, group),
            *values,
            *(Write(f"{lun}/alua_tg_pt_gp", group.name) for lun in luns),
        ),
    )
