# SPDX-License-Identifier: Apache-2.0
"""saveconfig.json -> Config and back.

The format is rtslib-fb's. What its tools do not know stands in keys that they ignore, and
where they would stumble over one, under ``rtslib_ext`` at the top.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import backing, dump, naming
from .errors import InvalidValue
from .fabrics import ALIASES, FABRICS, Fabric
from .jsonpath import Item, Problem, Problems, Unusable, parse
from .model import (
    AUTH_NAMES,
    AluaGroup,
    Auth,
    Config,
    FabricSettings,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)

OWN_KEY = dump.OWN_KEY


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's configuration, and what in the file could not be used."""

    config: Config
    problems: tuple[Problem, ...]


def dumps(config: Config) -> str:
    """The text of a save file: keys sorted, two blanks a level, a newline at the end."""
    return json.dumps(dump.config(config), sort_keys=True, indent=2) + "\n"


def loads(text: str, source: str = "the file") -> Loaded:
    """Read the text of a save file; raises ParseError when it is no JSON object."""
    problems = Problems()
    try:
        root = Item(parse(text, source), "", problems)
    except Unusable:
        raise _not_a_configuration(source) from None
    own = root.raw(OWN_KEY)
    config = Config(
        storage_objects=_storage_objects(root, _own(own, "storage_objects", problems)),
        targets=_targets(root, _own(own, "tpgs", problems)),
        fabrics=_fabrics(root),
    )
    root.finish()
    return Loaded(config, tuple(problems.found))


def _not_a_configuration(source: str) -> Exception:
    from .errors import ParseError

    return ParseError(f"{source} holds no configuration", hint="give a file that saveconfig wrote")


def _own(own: Any, key: str, problems: Problems) -> dict[str, Item]:
    """The entries of one part of our own key, by the path of the object they belong to."""
    part = own.get(key) if isinstance(own, dict) else None
    if part is None:
        return {}
    result = {}
    try:
        entries = Item(part, f"{OWN_KEY}.{key}", problems)
    except Unusable:
        return {}
    for path in part:
        try:
            result[path] = Item(entries.raw(path), entries.at(path), problems)
        except Unusable:
            continue
    return result


# -- storage objects ------------------------------------------------------------------------


def _storage_objects(
    root: Item, own: Mapping[str, Item]
) -> dict[tuple[str, str], StorageObject]:
    result: dict[tuple[str, str], StorageObject] = {}
    for item in root.items("storage_objects"):
        try:
            found = _storage_object(item, own)
        except Unusable:
            continue
        if found.key in result:
            item.problems.add(item.where, f"{found.path} stands in the file twice")
        result.setdefault(found.key, found)
    return result


def _storage_object(item: Item, own: Mapping[str, Item]) -> StorageObject:
    name = item.required("name", item.text)
    plugin = item.required("plugin", item.text)
    plugin = backing.ALIASES.get(plugin, plugin)
    if plugin not in backing.KINDS:
        item.problems.add(item.at("plugin"), f"{plugin} is none of {', '.join(backing.KINDS)}")
        raise Unusable
    _checked(item, "name", naming.check_object_name, name)
    extra = own.get(f"/backstores/{plugin}/{name}")
    found = StorageObject(
        name=name,
        backing=_BACKINGS[plugin](item),
        wwn=item.text("wwn") or None,
        attributes=item.values("attributes"),
        alua_groups=_alua_groups(item),
        identity=dict(extra.values("identity")) if extra else {},
    )
    item.ignore("exists", "buffered_mode")
    item.finish()
    return found


def _fileio(item: Item) -> backing.FileIO:
    return backing.FileIO(
        dev=item.required("dev", item.text),
        size=item.number("size"),
        write_back=bool(item.flag("write_back")),
        aio=bool(item.flag("aio")),
    )


def _block(item: Item) -> backing.Block:
    # The cache mode of a device is an attribute; the key is written for other readers.
    item.flag("write_back")
    exclusive = item.flag("exclusive")
    return backing.Block(
        dev=item.required("dev", item.text),
        readonly=bool(item.flag("readonly")),
        exclusive=True if exclusive is None else exclusive,
    )


def _pscsi(item: Item) -> backing.Pscsi:
    item.ignore("wwn")
    return backing.Pscsi(dev=item.required("dev", item.text))


def _ramdisk(item: Item) -> backing.RamDisk:
    size = item.required("size", item.number)
    nullio = bool(item.flag("nullio"))
    # The kernel keeps whole pages; the value is what it will be.
    pages = backing.RamDisk(size).pages
    return backing.RamDisk(size=pages * backing.PAGE_SIZE, nullio=nullio)


def _user(item: Item) -> backing.User:
    return backing.User(
        config=item.required("config", item.text),
        size=item.required("size", item.number),
        hw_max_sectors=item.number("hw_max_sectors"),
        control=item.text("control"),
    )


_BACKINGS: dict[str, Callable[[Item], backing.Backing]] = {
    "fileio": _fileio,
    "block": _block,
    "pscsi": _pscsi,
    "ramdisk": _ramdisk,
    "user": _user,
}


def _alua_groups(item: Item) -> dict[str, AluaGroup]:
    result = {}
    for entry in item.items("alua_tpgs"):
        try:
            name = entry.required("name", entry.text)
        except Unusable:
            continue
        tag = entry.number("tg_pt_gp_id")
        settings = {}
        for key in dump.ALUA_KEYS:
            value = entry.text(key)
            if value is not None:
                settings[key] = value
        entry.finish()
        result[name] = AluaGroup(name, tag, settings)
    return result


# -- targets ----------------------------------------------------------------------------------


def _targets(root: Item, own: Mapping[str, Item]) -> dict[tuple[str, str], Target]:
    result: dict[tuple[str, str], Target] = {}
    for item in root.items("targets"):
        try:
            found = _target(item, own)
        except Unusable:
            continue
        if found.key in result:
            item.problems.add(item.where, f"target {found.wwn} stands in the file twice")
        result.setdefault(found.key, found)
    return result


def _target(item: Item, own: Mapping[str, Item]) -> Target:
    wwn = item.required("wwn", item.text)
    name = item.required("fabric", item.text)
    fabric = FABRICS.get(ALIASES.get(name, name))
    if fabric is None:
        item.problems.add(item.at("fabric"), f"{name} is none of {', '.join(sorted(FABRICS))}")
        raise Unusable
    wwn = _wwn(item, "wwn", fabric, wwn)
    tpgs = {}
    for entry in item.items("tpgs"):
        try:
            tpg = _tpg(entry, fabric, own.get(f"/{fabric.name}/{wwn}/tpg{entry.raw('tag')}"))
        except Unusable:
            continue
        tpgs[tpg.tag] = tpg
    found = Target(fabric.name, wwn, tpgs, item.values("parameters"))
    item.ignore("attributes")
    item.finish()
    return found


def _tpg(item: Item, fabric: Fabric, own: Item | None) -> Tpg:
    tag = item.number("tag")
    enable = item.flag("enable")
    found = Tpg(
        tag=1 if tag is None else tag,
        # A file that does not say so wants its TPGs to serve.
        enable=True if enable is None else enable,
        attributes=item.values("attributes"),
        parameters=item.values("parameters"),
        auth=_auth(item, "chap_"),
        luns=dict(_each(item, "luns", _lun)),
        portals=dict(_each(item, "portals", _portal)),
        acls=dict(_each(item, "node_acls", lambda entry: _acl(entry, fabric))),
        nexus=own.text("nexus") if own else None,
    )
    item.finish()
    return found


def _each(item: Item, key: str, read: Any) -> list[tuple[Any, Any]]:
    """The objects of a list with what identifies them; unusable ones are left out."""
    result = []
    for entry in item.items(key):
        try:
            pair = read(entry)
        except Unusable:
            continue
        entry.finish()
        result.append(pair)
    return result


def _lun(item: Item) -> tuple[int, Lun]:
    index = item.required("index", item.number)
    parts = item.required("storage_object", item.text).split("/")
    if len(parts) != 4 or parts[1] != "backstores":
        item.problems.add(item.at("storage_object"), "is not /backstores/KIND/NAME")
        raise Unusable
    plugin = backing.ALIASES.get(parts[2], parts[2]).partition(":")[0]
    alua = {}
    for key in dump.LUN_ALUA_KEYS:
        value = item.text(key)
        if value is not None:
            alua[key] = value
    lun = Lun(index, (plugin, parts[3]), _alias(item), item.text("alua_tg_pt_gp_name"), alua)
    return index, lun


def _alias(item: Item) -> str | None:
    alias = item.text("alias")
    if alias is not None and ("/" in alias or not alias.strip()):
        item.problems.add(item.at("alias"), f"{alias!r} cannot be a name; a new one is made")
        return None
    return alias


def _portal(item: Item) -> tuple[str, Portal]:
    address = item.required("ip_address", item.text)
    port = item.required("port", item.number)
    try:
        address = naming.portal_address(address)
    except InvalidValue as err:
        item.problems.add(item.at("ip_address"), err.message)
        raise Unusable from err
    portal = Portal(address, port, bool(item.flag("iser")), bool(item.flag("offload")))
    return portal.name, portal


def _acl(item: Item, fabric: Fabric) -> tuple[str, NodeAcl]:
    wwn = _wwn(item, "node_wwn", fabric, item.required("node_wwn", item.text))
    acl = NodeAcl(
        wwn=wwn,
        mapped_luns=dict(_each(item, "mapped_luns", _mapped_lun)),
        attributes=item.values("attributes"),
        auth=_auth(item, "chap_"),
        tag=item.text("tag") or None,
        cmdsn_depth=item.text("tcq_depth"),
    )
    item.ignore("parameters")
    return wwn, acl


def _mapped_lun(item: Item) -> tuple[int, MappedLun]:
    index = item.required("index", item.number)
    number = item.required("tpg_lun", item.number)
    lun = MappedLun(index, number, bool(item.flag("write_protect")), _alias(item))
    item.ignore("tag")
    return index, lun


def _wwn(item: Item, key: str, fabric: Fabric, text: str) -> str:
    try:
        return naming.normalize(fabric.wwn_types, text)
    except InvalidValue as err:
        item.problems.add(item.at(key), f"{text!r}: {err.message}")
        raise Unusable from err


def _auth(item: Item, prefix: str) -> Auth:
    """Credentials under rtslib-fb's names, or those that its manual page gave."""
    values = {}
    for name in AUTH_NAMES:
        own, manual = item.text(prefix + name), item.text(name)
        values[name] = manual if own is None else own
    return Auth(**values)


# -- fabrics ----------------------------------------------------------------------------------


def _fabrics(root: Item) -> dict[str, FabricSettings]:
    result = {}
    for item in root.items("fabric_modules"):
        try:
            name = item.required("name", item.text)
        except Unusable:
            continue
        if name not in FABRICS:
            item.problems.add(item.at("name"), f"{name} is none of {', '.join(sorted(FABRICS))}")
            continue
        result[name] = FabricSettings(
            name,
            _auth(item, "discovery_"),
            item.flag("discovery_enable_auth"),
            item.text("cpus_allowed_list"),
        )
        item.finish()
    return result


def _checked(item: Item, key: str, check: Any, value: str) -> None:
    try:
        check(value, "")
    except InvalidValue as err:
        item.problems.add(item.at(key), err.message)
        raise Unusable from err
