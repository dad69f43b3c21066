# SPDX-License-Identifier: Apache-2.0
"""A configuration as the commands that create it, parents first; TPGs are enabled last.

Every command can be run again: ``ensure`` keeps an identical object, and ``set`` an equal value.
Nothing is left to preferences of this program, and all settings are set.
"""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext import schema
from rtslib_ext.config import shell_paths
from rtslib_ext.config.backing import Block, FileIO, Pscsi, RamDisk, User
from rtslib_ext.config.model import Config, FabricSettings, Lun, StorageObject, Target, Tpg
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.fabrics import FABRICS, Fabric
from rtslib_ext.kernel import paths, rtpi
from rtslib_ext.kernel.abi import DEFAULT_GROUP
from rtslib_ext.steps.backstores import alua_order

from . import beside, initiators
from .beside import Beside
from .call import Call, Value, auth, change, writable

_LUN_ORDER = ("alua_tg_pt_write_md", "alua_tg_pt_offline", "alua_tg_pt_status")
_NAMED = "emulate_model_alias"
NOTHING = Beside()
_PLAIN = frozenset({"fileio", "block", "ramdisk"})
"""The kinds for which a preference decides about the model."""


def of_config(config: Config, more: Beside = NOTHING) -> Iterator[Call]:
    """Yield the commands that create a configuration, and what stands beside it."""
    for name, number in config.lu_groups.items():
        values: dict[str, Value] = {"name": name, "number": number}
        yield Call(shell_paths.LU_GROUPS, "ensure", values, 2, about=shell_paths.lu_gp(name))
    for so in config.storage_objects.values():
        yield from _storage_object(so)
    for fabric in config.fabrics.values():
        yield from _fabric(fabric)
    enables: list[tuple[bool, Call]] = []
    for target in config.targets.values():
        for tpg in target.tpgs.values():
            yield from _tpg(target, tpg)
            if tpg.enable is not None:
                path = paths.shell_tpg(FABRICS[target.fabric], target.wwn, tpg.tag)
                call = Call(path, "enable" if tpg.enable else "disable", about=path)
                enables.append((rtpi.NAME not in tpg.files, call))
    # Before they let initiators in.
    yield from beside.commands(config, more)
    # The kernel gives the other TPGs free numbers.
    yield from (call for _, call in sorted(enables, key=lambda item: item[0]))


# -- storage objects --------------------------------------------------------------------------


def _storage_object(so: StorageObject) -> Iterator[Call]:
    path, plugin = so.path, so.backing.plugin
    values, bare = _created(so)
    yield Call(shell_paths.backstore(_place(so)), "ensure", values, bare, about=path)
    attributes = dict(so.attributes)
    if plugin in _PLAIN:
        attributes.setdefault(_NAMED, "0")
    found = writable(attributes, lambda name: schema.storage_object(name, plugin))
    yield from change(path, "attribute", found)
    # After emulate_model_alias, which changes the product.
    yield from change(path, "identity", writable(so.identity, schema.wwn))
    yield from change(path, "device", {"alias": so.alias} if so.alias else {})
    for group in so.alua_groups.values():
        if group.name != DEFAULT_GROUP and group.tag is not None:
            named: dict[str, Value] = {"name": group.name, "tag": group.tag}
            about = shell_paths.tg_pt_gp(path, group.name)
            yield Call(f"{path}/alua", "ensure", named, 2, about=about)
    if so.lba_map:
        yield from change(path, "device", {"lba_map": so.lba_map.strip("\n").replace("\n", ";")})
    for group in so.alua_groups.values():
        order = alua_order(group.settings)
        about = shell_paths.tg_pt_gp(path, group.name)
        yield from change(about, "alua", writable(group.settings, schema.alua, order))
    # Last: in a logical unit group a state is set for all members.
    yield from change(path, "device", {"alua_lu_gp": so.lu_group} if so.lu_group else {})


def _place(so: StorageObject) -> str:
    backing = so.backing
    return f"user:{backing.handler}" if isinstance(backing, User) else backing.plugin


def _created(so: StorageObject) -> tuple[dict[str, Value], int]:
    """Return the parameters of create, and how many of them need no name."""
    found: dict[str, Value | None]
    match so.backing:
        case FileIO() as file:
            found = {"file_or_dev": file.dev, "size": file.size, "write_back": file.write_back}
        case Block() as block:
            exclusive = None if block.exclusive else False
            found = {"dev": block.dev, "readonly": block.readonly, "exclusive": exclusive}
        case Pscsi() as pscsi:
            found = {"dev": pscsi.dev}
        case RamDisk() as disk:
            found = {"size": disk.size, "nullio": disk.nullio}
        case User() as user:
            config = user.config.partition("/")[2]
            found = {"size": user.size, "cfgstring": config, "control": user.control or None}
            found["hw_max_sectors"] = user.hw_max_sectors
    bare = 3 if isinstance(so.backing, User) else 2
    named: dict[str, Value | None] = {"name": so.name, **found}
    named["wwn"] = (so.wwn or None) if so.backing.has_wwn else None
    return {name: value for name, value in named.items() if value is not None}, bare


# -- fabrics, targets and TPGs ----------------------------------------------------------------


def _fabric(fabric: FabricSettings) -> Iterator[Call]:
    path = shell_paths.fabric(fabric.name)
    values = auth(path, fabric.discovery_auth)
    if fabric.discovery_enable is not None and (values or fabric.discovery_enable):
        values["enable"] = int(fabric.discovery_enable)
    yield from change(path, "discovery_auth", values)
    if fabric.cpus_allowed_list is not None:
        yield from change(path, "fabric", {"cpus_allowed_list": fabric.cpus_allowed_list})


def _tpg(target: Target, tpg: Tpg) -> Iterator[Call]:
    fabric = FABRICS[target.fabric]
    path = paths.shell_tpg(fabric, target.wwn, tpg.tag)
    yield _new_tpg(target, tpg, fabric, path)
    attributes = dict(tpg.attributes)
    if fabric.has("auth"):
        # The kernel's default, which create changes.
        attributes.setdefault("authentication", "1")
    found = writable(attributes, lambda name: schema.tpg_attribute(name, fabric.name))
    yield from change(path, "attribute", found)
    parameters = writable(tpg.parameters, lambda name: schema.tpg_parameter(name, fabric.name))
    yield from change(path, "parameter", parameters)
    yield from change(path, "port", _port(tpg, fabric))
    yield from change(path, "auth", auth(path, tpg.auth) if fabric.has("auth") else {})
    for lun in tpg.luns.values():
        yield from _lun(path, lun)
    for portal in tpg.portals.values():
        values: dict[str, Value] = {
            "ip_address": portal.address.strip("[]"),
            "ip_port": portal.port,
        }
        about = shell_paths.portal(path, portal.name)
        yield Call(shell_paths.portals(path), "ensure", values, 2, about=about)
        for flag in ("iser", "offload"):
            if getattr(portal, flag):
                yield Call(about, f"enable_{flag}", {"boolean": True}, 1, about=about)
    yield from initiators.of_tpg(path, fabric, tpg)


def _new_tpg(target: Target, tpg: Tpg, fabric: Fabric, path: ShellPath) -> Call:
    above = shell_paths.fabric(fabric.name)
    if not fabric.has("tpgts"):
        return Call(above, "ensure", {"wwn": target.wwn, "enable": False}, 1, about=path)
    values: dict[str, Value] = {"tag": tpg.tag, "default_portal": False, "enable": False}
    if tpg.tag == next(iter(target.tpgs)):
        return Call(above, "ensure", {"wwn": target.wwn, **values}, 1, about=path)
    return Call(shell_paths.target(*target.key), "ensure", values, 1, about=path)


def _port(tpg: Tpg, fabric: Fabric) -> dict[str, Value]:
    found = writable(tpg.files, lambda name: schema.tpg(name, fabric.name))
    return found if tpg.nexus is None else {**found, "nexus": tpg.nexus}


def _lun(tpg: ShellPath, lun: Lun) -> Iterator[Call]:
    path = shell_paths.lun(tpg, lun.index)
    values: dict[str, Value] = {
        "storage_object": shell_paths.storage_object(*lun.storage_object),
        "lun": lun.index,
        "add_mapped_luns": False,
    }
    yield Call(shell_paths.luns(tpg), "ensure", values, 2, about=path)
    state: dict[str, Value] = {name: lun.alua[name] for name in _LUN_ORDER if name in lun.alua}
    group: dict[str, Value] = {"alua_tg_pt_gp_name": lun.alua_group} if lun.alua_group else {}
    yield from change(path, "alua", {**group, **state})
