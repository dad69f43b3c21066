# SPDX-License-Identifier: Apache-2.0
"""Decode the targets of a save file, and the settings of whole fabrics."""

from __future__ import annotations

from .. import naming
from ..config import backing
from ..config.model import (
    AUTH_NAMES,
    Auth,
    FabricSettings,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    Target,
    Tpg,
)
from ..errors import InvalidValue
from ..fabrics import FABRICS, Fabric, find
from ..fast_dataclasses import replace
from ..kernel import paths
from . import encode
from .checked_json import Item, Unusable

# The ends of JSON paths, in a TPG, of values that limit access.
_LIMITS = (".enable", ".authentication", ".node_acls")


def targets(root: Item, own: dict[str, Item]) -> dict[tuple[str, str], Target]:
    """Return the targets by (fabric, wwn); ``own`` are this library's values of TPGs by path."""
    return root.each(
        "targets",
        lambda item: _target(item, own),
        lambda key: f"target {key[1]} is in the file twice",
    )


def _target(item: Item, own: dict[str, Item]) -> tuple[tuple[str, str], Target]:
    wwn = item.required("wwn", item.text)
    name = item.required("fabric", item.text)
    fabric = find(name)
    if fabric is None:
        item.report(item.at("fabric"), f"{name} is not one of {', '.join(sorted(FABRICS))}")
        raise Unusable
    wwn = _wwn(item, "wwn", fabric, wwn)
    item.owner = (fabric.name, wwn)
    tpgs = item.each("tpgs", lambda entry: _tpg(entry, fabric, wwn, own))
    target = Target(fabric.name, wwn, tpgs, item.values("parameters"))
    item.ignore("attributes")
    return target.key, target


def _tpg(item: Item, fabric: Fabric, wwn: str, owns: dict[str, Item]) -> tuple[int, Tpg]:
    given = item.within("tag", 0, naming.TAG_MAX)
    tag = 1 if given is None else given
    own = owns.pop(f"/{fabric.name}/{wwn}/tpg{tag}", None)
    before = len(item.problems.reported)
    enable = item.flag("enable")
    tpg = Tpg(
        tag=tag,
        # Without the key the TPG is enabled.
        enable=True if enable is None else enable,
        attributes=item.values("attributes"),
        parameters=item.values("parameters"),
        auth=_auth(item, "chap_"),
        luns=item.each("luns", _lun),
        portals=item.each("portals", _portal),
        acls=item.each("node_acls", lambda entry: _acl(entry, fabric)),
        nexus=own.text("nexus") if own else None,
        files=own.values("files") if own else {},
    )
    if own:
        own.finish()
    wrong = [found.where for found in item.problems.reported[before:]]
    if any(where.endswith(_LIMITS) for where in wrong) or item.repeated:
        # No initiator may access it until that is clear.
        tpg = replace(tpg, enable=False)
    return tag, tpg


def _lun(item: Item) -> tuple[int, Lun]:
    index = _index(item, "index")
    parts = item.required("storage_object", item.text).split("/")
    if len(parts) != 4 or parts[1] != "backstores":
        item.report(item.at("storage_object"), "must be /backstores/KIND/NAME")
        raise Unusable
    plugin = backing.ALIASES.get(parts[2], parts[2]).partition(":")[0]
    alua = {}
    for key in encode.LUN_ALUA_KEYS:
        value = item.text(key)
        if value is not None:
            alua[key] = value
    shared = item.problems.settings.one(alua)
    lun = Lun(index, (plugin, parts[3]), _alias(item), item.text("alua_tg_pt_gp_name"), shared)
    return index, lun


def _index(item: Item, key: str) -> int:
    """Return a LUN; raise Unusable if it is missing or out of range."""
    index: int = item.required(key, lambda key: item.within(key, 0, naming.LUN_MAX))
    return index


def _alias(item: Item) -> str | None:
    alias = item.text("alias")
    if alias is not None and not (paths.is_name(alias) and alias.strip()):
        item.report(item.at("alias"), f"{alias!r} is not a valid name; a new one is generated")
        return None
    return alias


def _portal(item: Item) -> tuple[str, Portal]:
    address = item.required("ip_address", item.text)
    # With 0, which only a program writes to configfs, the kernel chooses a port.
    port = item.required("port", lambda key: item.within(key, 0, naming.PORT_MAX))
    try:
        address = naming.portal_address(address)
    except InvalidValue as err:
        item.report(item.at("ip_address"), err.message)
        raise Unusable from err
    portal = Portal(address, port, bool(item.flag("iser")), bool(item.flag("offload")))
    return portal.name, portal


def _acl(item: Item, fabric: Fabric) -> tuple[str, NodeAcl]:
    wwn = _wwn(item, "node_wwn", fabric, item.required("node_wwn", item.text))
    depth = item.number("tcq_depth")
    acl = NodeAcl(
        wwn=wwn,
        mapped_luns=item.each("mapped_luns", _mapped_lun),
        attributes=item.values("attributes"),
        auth=_auth(item, "chap_"),
        tag=item.text("tag") or None,
        cmdsn_depth=None if depth is None else str(depth),
    )
    item.ignore("parameters")
    return wwn, acl


def _mapped_lun(item: Item) -> tuple[int, MappedLun]:
    index = _index(item, "index")
    number = _index(item, "tpg_lun")
    lun = MappedLun(index, number, item.clear("write_protect"), _alias(item))
    item.ignore("tag")
    return index, lun


def _wwn(item: Item, key: str, fabric: Fabric, text: str) -> str:
    try:
        return naming.as_running(fabric.wwn_types, text)
    except InvalidValue as err:
        item.report(item.at(key), f"{text!r}: {err.message}")
        raise Unusable from err


def _auth(item: Item, prefix: str) -> Auth:
    """Return credentials, under rtslib-fb's keys or those that its manual page documents."""
    values = {}
    for name in AUTH_NAMES:
        own, manual = item.text(prefix + name), item.text(name)
        values[name] = manual if own is None else own
    return Auth(**values)


def fabrics(root: Item) -> dict[str, FabricSettings]:
    """Return the settings of whole fabrics by name."""
    return root.each("fabric_modules", _fabric)


def _fabric(item: Item) -> tuple[str, FabricSettings]:
    name = item.required("name", item.text)
    fabric = find(name)
    if fabric is None:
        item.report(item.at("name"), f"{name} is not one of {', '.join(sorted(FABRICS))}")
        raise Unusable
    return fabric.name, FabricSettings(
        fabric.name,
        _auth(item, "discovery_"),
        item.flag("discovery_enable_auth"),
        item.text("cpus_allowed_list"),
    )
