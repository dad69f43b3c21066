# SPDX-License-Identifier: Apache-2.0
"""Default groups and attributes of a new object, for objects that are only staged.

They come from the tables of the schema, for the running kernel. The values of the attributes are
unknown before the object exists, except the few that ``known_text`` returns.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from .. import schema
from ..config import backing
from ..fabrics import WITHOUT_ENABLE, Fabric, of_folder
from ..kernel.abi import AUTH_FILES, DEFAULT_GROUP
from ..schema import Attribute

_DEVICE = ("control", "enable", "info", "udev_path")


def folders(path: str) -> tuple[str, ...]:
    """Return the default groups that a new object has in the directory at a configfs path."""
    match path.split("/"):
        case ["core", _]:
            return ()
        case ["core", hba, _] if hba != "alua":
            return ("alua", "attrib", "pr", "wwn")
        case ["core", _, _, "alua"]:
            return (DEFAULT_GROUP,)
        case ["core", *_]:
            return ()
        case [fabric, *rest] if found := of_folder(fabric):
            return _of_fabric(found, rest)
    return ()


def _of_fabric(fabric: Fabric, rest: list[str]) -> tuple[str, ...]:
    auth = ("auth",) if fabric.has("auth") else ()
    match rest:
        case []:
            return ("discovery_auth",) if fabric.has("discovery_auth") else ()
        case [_]:
            return ("param",) if fabric.name == "iscsi" else ()
        case [_, "param"]:
            return ()
        case [_, _]:
            acls = ("acls",) if fabric.has("acls") else ()
            portals = ("np",) if fabric.has("nps") else ()
            return ("attrib", "lun", "param", *acls, *portals, *auth)
        case [_, _, "acls", _]:
            return ("attrib", "param", *auth)
    return ()


def files(path: str) -> dict[str, bool]:
    """Return the files that a new object has in a configfs directory: {name: is writable}."""
    match path.split("/"):
        case ["core", "alua", "lu_gps", _]:
            return _named("lu_group")
        case ["core", _, _]:
            return {**_named("device"), **dict.fromkeys(_DEVICE, True)}
        case ["core", hba, _, "attrib"]:
            kind = backing.PREFIXES[hba.rpartition("_")[0]]
            return _rows(schema.storage_objects(kind.plugin))
        case ["core", _, _, "wwn"]:
            return _named("wwn")
        case ["core", _, _, "pr"]:
            return {"res_aptpl_metadata": True}
        case ["core", _, _, "alua", _]:
            return _named("alua")
        case [fabric, *rest] if found := of_folder(fabric):
            return _files_of_fabric(found, rest)
    return {}


def _files_of_fabric(fabric: Fabric, rest: list[str]) -> dict[str, bool]:
    match rest:
        case []:
            return _named("fabric") if fabric.has("cpus_allowed_list") else {}
        case ["discovery_auth"]:
            return {**_auth(), "enforce_discovery_auth": True}
        case [_, "param"]:
            return _named("target_parameter")
        case [_, _]:
            switch = {} if fabric.name in WITHOUT_ENABLE else {"enable": True}
            return {**_named("tpg", fabric.name), **switch}
        case [_, _, "attrib"]:
            return _named("tpg_attribute", fabric.name)
        case [_, _, "param"]:
            return _named("tpg_parameter", fabric.name) if fabric.name == "iscsi" else {}
        case [_, _, "lun", _]:
            return _named("lun_alua")
        case [_, _, "np", _]:
            return dict.fromkeys(("iser", "cxgbit"), True)
        case [_, _, "acls", _]:
            return _named("acl")
        case [_, _, "acls", _, "attrib"]:
            return _named("acl_attribute", fabric.name) if fabric.name == "iscsi" else {}
        case [_, _, "acls", _, "param"]:
            return _named("acl_parameter", fabric.name) if fabric.name == "iscsi" else {}
        case [_, _, "auth"] | [_, _, "acls", _, "auth"]:
            return _auth()
        case [_, _, "acls", _, _]:
            return {"write_protect": True}
    return {}


def _auth() -> dict[str, bool]:
    return {**dict.fromkeys(AUTH_FILES.values(), True), "authenticate_target": False}


def _named(group: str, fabric: str = "") -> dict[str, bool]:
    rows = schema.GROUPS[group]
    return _rows(row for row in rows if not (fabric and row.fabrics) or fabric in row.fabrics)


def _rows(rows: Iterable[Attribute]) -> dict[str, bool]:
    release = os.uname().release
    return {row.name: row.writable for row in rows if row.in_kernel(release)}


def known_text(path: str) -> str | None:
    """Return the content of a file of a new object; None if it is unknown."""
    parts = path.split("/")
    if parts[-1] == "enable":
        return "0"
    if parts[-1] == "rtpi":
        return "0x0"
    return "" if parts[-1] in ("tag", "alias", "lba_map", "nexus") else None


def info(prefix: str, controls: Iterable[str], *, enabled: bool) -> str:
    """Return ``info`` of a storage object, given the lines written to its ``control``.

    It has the parts that config.backing reads (target_core_file.c, fd_show_configfs_dev_params,
    and the same functions of the other backstores).
    """
    given = dict(pair.split("=", 1) for line in controls for pair in line.split(",") if "=" in pair)
    head = f"Status: {'ACTIVATED' if enabled else 'DEACTIVATED'}  "
    return f"{head}{_TEXTS[prefix](given)}"


def _file(given: Mapping[str, str]) -> str:
    mode = "Buffered-WCE" if given.get("fd_buffered_io") == "1" else "O_DSYNC"
    size = given.get("fd_dev_size", "0")
    aio = given.get("fd_async_io", "0")
    return f"File: {given.get('fd_dev_name', '')}  Size: {size}  Mode: {mode} Async: {aio}"


def _memory(given: Mapping[str, str]) -> str:
    pages = given.get("rd_pages", "0")
    return f"PAGES/PAGE_SIZE: {pages}*{backing.PAGE_SIZE} nullio: {given.get('rd_nullio', '0')}"


def _device(given: Mapping[str, str]) -> str:
    return f"readonly: {given.get('readonly', '0')} exclusive: {given.get('exclusive', '1')}"


def _served(given: Mapping[str, str]) -> str:
    config, size = given.get("dev_config", "NULL"), given.get("dev_size", "0")
    return f"Config: {config} Size: {size} MaxDataAreaMB: {given.get('max_data_area_mb', '8')}"


_TEXTS = {
    "fileio": _file,
    "iblock": _device,
    "pscsi": lambda given: "",
    "rd_mcp": _memory,
    "user": _served,
}
