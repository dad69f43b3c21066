# SPDX-License-Identifier: Apache-2.0
"""Config -> the JSON objects of a save file.

Lists are sorted by the keys of their objects, so equal configurations give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..config import scalars, shell_paths
from ..config.backing import Block, FileIO, Pscsi, RamDisk, User
from ..config.model import (
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
from ..kernel.abi import LBA_DEPENDENT
from . import OWN_KEY

ALUA_KEYS = (
    "alua_access_state",
    "alua_access_status",
    "alua_access_type",
    "alua_support_active_nonoptimized",
    "alua_support_active_optimized",
    "alua_support_offline",
    "alua_support_standby",
    "alua_support_transitioning",
    "alua_support_unavailable",
    "alua_write_metadata",
    "implicit_trans_secs",
    "nonop_delay_msecs",
    "preferred",
    "trans_delay_msecs",
)
STATE_KEYS = ("alua_access_state", "alua_access_status")
LUN_ALUA_KEYS = ("alua_tg_pt_offline", "alua_tg_pt_status", "alua_tg_pt_write_md")


Json = dict[str, Any]


Identities = Mapping[str, Mapping[str, str]]
"""The identities of the devices of storage objects, by shell path (host.disk_identity)."""


def config(
    value: Config,
    unrestored: Sequence[str] = (),
    *,
    identities: Identities | None = None,
    instead: Mapping[str, str] | None = None,
    owners: Mapping[str, str] | None = None,
    allowed: Mapping[str, Sequence[str]] | None = None,
) -> Json:
    """Return the JSON of the whole file; its lists are generators.

    ``unrestored`` are the shell paths of objects and settings that could not be restored,
    ``instead`` the running values of these settings, ``owners`` the owners of objects,
    ``allowed`` the networks that may reach each portal.
    """
    result: Json = {
        "fabric_modules": (fabric(value.fabrics[name]) for name in sorted(value.fabrics)),
        "storage_objects": (
            storage_object(value.storage_objects[key]) for key in sorted(value.storage_objects)
        ),
        "targets": (target(value.targets[key]) for key in sorted(value.targets)),
    }
    own = _own(value, identities or {})
    if unrestored:
        own["unrestored"] = sorted(unrestored)
    if instead:
        own["instead"] = dict(instead)
    if owners:
        own["owners"] = dict(owners)
    if allowed:
        own["allowed_networks"] = {name: list(allowed[name]) for name in sorted(allowed)}
    return {**result, OWN_KEY: own} if own else result


def storage_object(so: StorageObject) -> Json:
    """Return an entry of ``storage_objects``."""
    result = {"name": so.name, "plugin": so.backing.plugin, **_backing(so)}
    if so.wwn is not None:
        result["wwn"] = so.wwn
    result["attributes"] = _values(so.attributes)
    result["alua_tpgs"] = [alua_group(so.alua_groups[name]) for name in sorted(so.alua_groups)]
    return result


def _backing(so: StorageObject) -> Json:
    match so.backing:
        case FileIO() as file:
            return _known(dev=file.dev, size=file.size, write_back=file.write_back, aio=file.aio)
        case Block() as block:
            # For readers that take the cache mode from this key; it is an attribute.
            write_back = so.attributes.get("emulate_write_cache") == "1"
            return {
                "dev": block.dev,
                "readonly": block.readonly,
                "exclusive": block.exclusive,
                "write_back": write_back,
            }
        case Pscsi() as pscsi:
            return {"dev": pscsi.dev}
        case RamDisk() as ramdisk:
            return {"size": ramdisk.size, **({"nullio": True} if ramdisk.nullio else {})}
        case User() as user:
            return _known(
                config=user.config,
                size=user.size,
                hw_max_sectors=user.hw_max_sectors,
                control=user.control,
            )


def alua_group(group: AluaGroup) -> Json:
    """Return an entry of ``alua_tpgs``."""
    # rtslib-fb would set such a state before the kernel accepts it, and fail.
    apart = STATE_KEYS if _is_lba_dependent(group) else ()
    settings = {
        key: group.settings[key] for key in ALUA_KEYS if key in group.settings and key not in apart
    }
    return {"name": group.name, "tg_pt_gp_id": group.tag, **_values(settings)}


def target(value: Target) -> Json:
    """Return an entry of ``targets``."""
    result: Json = {
        "fabric": value.fabric,
        "wwn": value.wwn,
        "tpgs": [tpg(value.tpgs[tag]) for tag in sorted(value.tpgs)],
    }
    if value.parameters:
        result["parameters"] = dict(value.parameters)
    return result


def tpg(value: Tpg) -> Json:
    """Return an entry of ``tpgs``."""
    result: Json = {
        "tag": value.tag,
        # If a fabric cannot disable TPGs, they are enabled.
        "enable": value.enable is not False,
        "luns": [lun(value.luns[index]) for index in sorted(value.luns)],
        "portals": [portal(item) for item in sorted(value.portals.values(), key=_address)],
        "node_acls": [acl(value.acls[wwn]) for wwn in sorted(value.acls)],
    }
    if value.attributes:
        result["attributes"] = _values(value.attributes)
    if value.parameters:
        result["parameters"] = dict(value.parameters)
    return {**result, **_auth(value.auth, "chap_")}


def lun(value: Lun) -> Json:
    """Return an entry of ``luns``."""
    return {
        **_known(alias=value.alias),
        "alua_tg_pt_gp_name": value.alua_group,
        "index": value.index,
        "storage_object": shell_paths.storage_object(*value.storage_object),
        **_values(value.alua),
    }


def portal(value: Portal) -> Json:
    """Return an entry of ``portals``."""
    return {
        "ip_address": value.address,
        "port": value.port,
        "iser": value.iser,
        "offload": value.offload,
    }


def acl(value: NodeAcl) -> Json:
    """Return an entry of ``node_acls``."""
    result: Json = {
        "node_wwn": value.wwn,
        "mapped_luns": [
            mapped_lun(value.mapped_luns[index]) for index in sorted(value.mapped_luns)
        ],
        **_known(tag=value.tag),
        **_auth(value.auth, "chap_"),
    }
    if value.attributes:
        result["attributes"] = _values(value.attributes)
    if value.cmdsn_depth is not None:
        # rtslib-fb's key: it restores it, though it does not save it.
        result["tcq_depth"] = _number(value.cmdsn_depth)
    return result


def mapped_lun(value: MappedLun) -> Json:
    """Return an entry of ``mapped_luns``."""
    return {
        **_known(alias=value.alias),
        "index": value.index,
        "tpg_lun": value.tpg_lun,
        "write_protect": value.write_protect,
    }


def fabric(value: FabricSettings) -> Json:
    """Return an entry of ``fabric_modules``."""
    return {
        "name": value.name,
        **_known(
            discovery_enable_auth=value.discovery_enable, cpus_allowed_list=value.cpus_allowed_list
        ),
        **_auth(value.discovery_auth, "discovery_"),
    }


def _own(value: Config, identities: Identities) -> Json:
    """Return the values that other tools would fail on, by the path of their object."""
    objects = {
        so.path: entry
        for so in value.storage_objects.values()
        if (entry := _own_of_object(so, identities.get(so.path)))
    }
    tpgs = {
        f"/{item.fabric}/{item.wwn}/tpg{group.tag}": entry
        for item in value.targets.values()
        for group in item.tpgs.values()
        if (entry := _own_of_tpg(group))
    }
    result: Json = {}
    if objects:
        result["storage_objects"] = objects
    if tpgs:
        result["tpgs"] = tpgs
    if value.lu_groups:
        result["lu_groups"] = _values(value.lu_groups)
    return result


def _own_of_tpg(group: Tpg) -> Json:
    result = _known(nexus=group.nexus)
    if group.files:
        result["files"] = _values(group.files)
    return result


def _own_of_object(so: StorageObject, device: Mapping[str, str] | None) -> Json:
    result = _known(alias=so.alias, lu_group=so.lu_group, lba_map=so.lba_map)
    if device:
        result["device"] = _values(device)
    if so.identity:
        result["identity"] = dict(so.identity)
    groups = {
        group.name: _values({key: group.settings.get(key, "0") for key in STATE_KEYS})
        for group in so.alua_groups.values()
        if _is_lba_dependent(group)
    }
    if groups:
        result["lba_dependent_groups"] = groups
    return result


def _is_lba_dependent(group: AluaGroup) -> bool:
    return group.settings.get(LBA_DEPENDENT, "0") != "0"


def _known(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _auth(auth: Auth, prefix: str) -> Json:
    return {prefix + name: value for name, value in auth.items() if value}


def _values(values: Mapping[str, str]) -> Json:
    return {name: _number(value) for name, value in values.items()}


def _number(value: str) -> int | str:
    found = scalars.number(value)
    return value if found is None else found


def _address(value: Portal) -> tuple[str, int]:
    return value.address, value.port
