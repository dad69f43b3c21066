# SPDX-License-Identifier: Apache-2.0
"""Steps that make, change and remove storage objects and their target port groups."""

from __future__ import annotations

from collections.abc import Iterator

from .. import host, naming, schema
from ..backing import Block, FileIO, Pscsi
from ..errors import InvalidValue, LioError
from ..files import ALUA_TEXTS, DEFAULT_GROUP, GROUP_TAG_MAX, IDENTITY_FILES
from ..model import AluaGroup, StorageObject
from .operations import (
    CheckFree,
    Discard,
    Mkdir,
    Operation,
    Refuse,
    Rmdir,
    Settle,
    Share,
    Unshare,
    Write,
)
from .step import Action, Step
from .values import settle

# A state can be set only while the group supports it, is implicit, and has no delay
# (drivers/target/target_core_configfs.c, target_tg_pt_gp_alua_access_state_store), and setting
# it changes the status.
_ALUA_ORDER = ("alua_access_state", "alua_access_type", "alua_access_status")


def create(
    so: StorageObject, hba: str, *, aptpl: tuple[str, ...] = (), before: tuple[Operation, ...] = ()
) -> Iterator[Step]:
    """Make a storage object in the folder ``hba`` with all its settings.

    ``aptpl`` are lines of persistent reservations (SPC-4 section 5.13.5) that were kept on
    disk, ``before`` what the host needs first: a new backing file.
    """
    file = f"{hba}/{so.name}"
    try:
        operations = (*before, *_build(so, hba, aptpl))
    except LioError as err:
        operations = (Refuse(err),)
    yield Step(Action.CREATE, so.path, f"create {describe(so)}", operations)
    yield from _attributes(so, file)
    # After emulate_model_alias, which changes the product.
    yield from _identity(so, file)
    for group in so.alua_groups.values():
        yield from create_group(so, file, group)


def describe(so: StorageObject) -> str:
    """What the object is, in a few words."""
    what = so.backing.udev_path or getattr(so.backing, "config", "") or "memory"
    return f"{so.backing.plugin} {so.name} on {what}"


def _build(so: StorageObject, hba: str, aptpl: tuple[str, ...]) -> tuple[Operation, ...]:
    file = f"{hba}/{so.name}"
    backing = _with_address(so.backing) if isinstance(so.backing, Pscsi) else so.backing
    operations: list[Operation] = [*_guards(so), Share(hba), Mkdir(file)]
    if isinstance(backing, Block):
        operations.append(Write(f"{file}/udev_path", backing.udev_path))
    operations += [Write(f"{file}/control", line) for line in backing.controls()]
    early = backing.early_attributes()
    operations += [Write(f"{file}/attrib/{name}", value) for name, value in early.items()]
    if backing.udev_path and not isinstance(backing, Block):
        operations.append(Write(f"{file}/udev_path", backing.udev_path))
    operations.append(Write(f"{file}/enable", "1"))
    if backing.has_wwn:
        serial = so.wwn or naming.unit_serial()
        operations.append(Write(f"{file}/wwn/vpd_unit_serial", serial))
    operations += [Write(f"{file}/pr/res_aptpl_metadata", line) for line in aptpl]
    return tuple(operations)


def _with_address(backing: Pscsi) -> Pscsi:
    if backing.hctl is not None:
        return backing
    address, device = host.scsi_address(backing.dev)
    return Pscsi(device, address)


def _guards(so: StorageObject) -> list[Operation]:
    backing = so.backing
    if isinstance(backing, Block) and backing.exclusive:
        return [CheckFree(backing.dev)]
    if isinstance(backing, FileIO) and host.is_block_device(backing.dev):
        return [CheckFree(backing.dev)]
    return []


def _identity(so: StorageObject, file: str) -> Iterator[Step]:
    values = {name: so.identity[name] for name in IDENTITY_FILES if name in so.identity}
    yield from settle(so.path, f"{file}/wwn", values, lambda _: True, None)


def _attributes(so: StorageObject, file: str) -> Iterator[Step]:
    plugin = so.backing.plugin
    yield from settle(
        so.path,
        f"{file}/attrib",
        so.attributes,
        lambda name: schema.known("storage_object", name),
        so.backing.fresh_key() and f"{plugin} {so.backing.fresh_key()}",
    )


def delete(so: StorageObject, file: str, aptpl: tuple[str, ...] = ()) -> Iterator[Step]:
    """Remove a storage object that nothing exports."""
    for group in so.alua_groups.values():
        if group.name != DEFAULT_GROUP:
            yield delete_group(so, file, group)
    hba = file.rpartition("/")[0]
    undo: tuple[Operation, ...]
    try:
        undo = (*_build(so, hba, aptpl), *_values_again(so, file))
    except LioError as err:
        undo = (Refuse(err),)
    yield Step(
        Action.DELETE, so.path, f"delete {describe(so)}", (Rmdir(file), Unshare(hba)), undo=undo
    )


def discard(path: str, file: str) -> Step:
    """Remove a storage object of which only the place is known; this cannot be undone."""
    hba = file.rpartition("/")[0]
    return Step(Action.DELETE, path, "delete", (Discard(file), Unshare(hba)), undo=())


def _values_again(so: StorageObject, file: str) -> Iterator[Operation]:
    """Give an object that is made again after a failure all its values."""
    steps = [*_attributes(so, file), *_identity(so, file)]
    default = so.alua_groups.get(DEFAULT_GROUP)
    if default:
        steps += create_group(so, file, default)
    for step in steps:
        yield from step.operations


# -- target port groups -----------------------------------------------------------------------


def create_group(so: StorageObject, file: str, group: AluaGroup) -> Iterator[Step]:
    """Make a target port group; the default one is there and only gets its values."""
    path = f"{so.path}/alua/{group.name}"
    folder = f"{file}/alua/{group.name}"
    if group.name != DEFAULT_GROUP:
        operations: tuple[Operation, ...] = (
            Mkdir(folder),
            Write(f"{folder}/tg_pt_gp_id", str(group.tag)),
        )
        if group.tag is None or not 1 <= group.tag <= GROUP_TAG_MAX:
            operations = (Refuse(InvalidValue(f"a tag is a number from 1 to {GROUP_TAG_MAX}")),)
        text = f"create target port group {group.name} with tag {group.tag}"
        yield Step(Action.CREATE, path, text, operations, needs=(so.path,))
    yield from _alua_values(path, folder, group)


def _alua_values(path: str, folder: str, group: AluaGroup) -> Iterator[Step]:
    first = [name for name in _ALUA_ORDER if name in group.settings]
    for name in (*first, *sorted(set(group.settings) - set(first))):
        value = group.settings[name]
        texts = ALUA_TEXTS.get(name, ())
        shown = texts[int(value)] if value.isdigit() and int(value) < len(texts) else None
        yield Step(
            Action.UPDATE,
            path,
            f"set {name}={value}",
            (Settle(folder, name, value, None, True, path, shown),),
        )


def delete_group(so: StorageObject, file: str, group: AluaGroup) -> Step:
    """Remove a target port group; its LUNs fall back to the default one."""
    folder = f"{file}/alua/{group.name}"
    path = f"{so.path}/alua/{group.name}"
    steps = _alua_values(path, folder, group)
    values = [operation for step in steps for operation in step.operations]
    return Step(
        Action.DELETE,
        path,
        f"delete target port group {group.name}",
        (Rmdir(folder),),
        undo=(Mkdir(folder), Write(f"{folder}/tg_pt_gp_id", str(group.tag)), *values),
    )
