# SPDX-License-Identifier: Apache-2.0
"""Decode the storage objects of a save file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .. import naming
from ..config import backing, shell_paths
from ..config.model import AluaGroup, StorageObject
from ..errors import InvalidValue
from ..kernel.abi import LBA_DEPENDENT, SERIAL_FILE
from . import encode
from .checked_json import Item, Unusable

# Sizes are signed in system calls, and whole pages.
SIZE_MAX = 2**63 - backing.PAGE_SIZE
# target_core_user.c: an int.
SECTORS_MAX = 2**31 - 1


def storage_objects(root: Item, own: dict[str, Item]) -> dict[tuple[str, str], StorageObject]:
    """Return the storage objects by (plugin, name); ``own`` are this library's values by path."""
    return root.each(
        "storage_objects",
        lambda item: _storage_object(item, own),
        lambda key: f"{shell_paths.storage_object(*key)} is in the file twice",
    )


def _storage_object(item: Item, own: dict[str, Item]) -> tuple[tuple[str, str], StorageObject]:
    name = item.required("name", item.text)
    plugin = item.required("plugin", item.text)
    plugin = backing.ALIASES.get(plugin, plugin)
    if plugin not in backing.KINDS:
        item.report(item.at("plugin"), f"{plugin} is not one of {', '.join(backing.KINDS)}")
        raise Unusable
    try:
        naming.check_object_name(name, "")
    except InvalidValue as err:
        item.report(item.at("name"), err.message)
        raise Unusable from err
    item.owner = (plugin, name)
    extra = own.pop(shell_paths.storage_object(plugin, name), None)
    so = StorageObject(
        name=name,
        backing=_BACKINGS[plugin](item),
        wwn=item.text("wwn") or None,
        attributes=item.values("attributes"),
        alua_groups=_alua_groups(item, extra),
        identity=_identity(extra) if extra else {},
        alias=extra.text("alias") if extra else None,
        lu_group=extra.text("lu_group") if extra else None,
        lba_map=extra.text("lba_map") if extra else None,
    )
    if extra:
        extra.finish()
    item.ignore("exists", "buffered_mode")
    return so.key, so


def _identity(extra: Item) -> dict[str, str]:
    # Names that this version does not know too: a newer kernel may have more files.
    fields = dict(extra.values("identity"))
    if fields.pop(SERIAL_FILE, None) is not None:
        extra.report(extra.at(f"identity.{SERIAL_FILE}"), "is the key wwn of the storage object")
    return fields


def _fileio(item: Item) -> backing.FileIO:
    return backing.FileIO(
        dev=item.required("dev", item.text),
        size=item.within("size", 0, SIZE_MAX),
        write_back=bool(item.flag("write_back")),
        aio=bool(item.flag("aio")),
    )


def _block(item: Item) -> backing.Block:
    # The cache mode of a device is an attribute; the key is only for other readers.
    item.flag("write_back")
    exclusive = item.flag("exclusive")
    return backing.Block(
        dev=item.required("dev", item.text),
        readonly=item.clear("readonly"),
        exclusive=True if exclusive is None else exclusive,
    )


def _pscsi(item: Item) -> backing.Pscsi:
    item.ignore("wwn")
    return backing.Pscsi(dev=item.required("dev", item.text))


def _size(item: Item) -> int:
    size: int = item.required("size", lambda key: item.within(key, 1, SIZE_MAX))
    return size


def _ramdisk(item: Item) -> backing.RamDisk:
    size = _size(item)
    nullio = bool(item.flag("nullio"))
    # The kernel rounds to whole pages; do the same, so that the values compare equal.
    pages = backing.RamDisk(size).pages
    return backing.RamDisk(size=pages * backing.PAGE_SIZE, nullio=nullio)


def _user(item: Item) -> backing.User:
    return backing.User(
        config=item.required("config", item.text),
        size=_size(item),
        hw_max_sectors=item.within("hw_max_sectors", 0, SECTORS_MAX),
        control=item.text("control"),
    )


_BACKINGS: dict[str, Callable[[Item], backing.Backing]] = {
    "fileio": _fileio,
    "block": _block,
    "pscsi": _pscsi,
    "ramdisk": _ramdisk,
    "user": _user,
}


def _alua_groups(item: Item, extra: Item | None) -> dict[str, AluaGroup]:
    lba_dependent = extra.named_items("lba_dependent_groups") if extra else {}
    groups = item.each("alua_tpgs", lambda entry: _alua_group(entry, lba_dependent))
    for entry in lba_dependent.values():
        entry.report(entry.where, "the storage object has no such group")
    return groups


def _alua_group(item: Item, lba_dependent: dict[str, Item]) -> tuple[str, AluaGroup]:
    name = item.required("name", item.text)
    try:
        naming.check_folder_name(name, "")
    except InvalidValue as err:
        item.report(item.at("name"), err.message)
        raise Unusable from err
    states = lba_dependent.pop(name, None)
    tag = item.within("tg_pt_gp_id", 0, naming.TAG_MAX)
    settings = _texts(item, encode.ALUA_KEYS)
    if states is not None:
        settings |= {LBA_DEPENDENT: "1", **_texts(states, encode.STATE_KEYS)}
        states.finish()
    return name, AluaGroup(name, tag, item.problems.settings.one(settings))


def lu_groups(own: Item) -> Mapping[str, str]:
    """Return the numbers of the LU groups by name; others are reported and omitted."""
    found = dict(own.values("lu_groups", naming.check_folder_name))
    numbers = own.item("lu_groups")
    for name in list(found):
        try:
            numbers.within(name, 0, naming.TAG_MAX)
        except Unusable:
            del found[name]
    return found


def _texts(item: Item, keys: tuple[str, ...]) -> dict[str, str]:
    """Return the values of those keys that are present."""
    pairs = ((key, item.text(key)) for key in keys)
    return {key: value for key, value in pairs if value is not None}
