# SPDX-License-Identifier: Apache-2.0
"""A configuration with some of everything, and ways to change it: each a plan of its own."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from typing import Any

from rtslib_ext import savefile
from rtslib_ext.config import refactor
from rtslib_ext.config.backing import FileIO
from rtslib_ext.config.model import Config

FILES = "/tmp/plan"
STORE = "iqn.2003-01.org.example:store"
SPARE = "iqn.2003-01.org.example:spare"
HOST = "iqn.2003-01.org.example:host"
NAA = "naa.5001405000000001"
MIB = 1 << 20

Json = dict[str, Any]


def _disk(name: str, **more: Any) -> Json:
    return {"name": name, "plugin": "ramdisk", "size": MIB, "wwn": f"serial-{name}", **more}


def _lun(index: int, plugin: str, name: str, **more: Any) -> Json:
    path = f"/backstores/{plugin}/{name}"
    return {"index": index, "storage_object": path, "alias": f"lun{index}", **more}


def _mapped(index: int, lun: int, **more: Any) -> Json:
    return {"index": index, "tpg_lun": lun, "alias": f"map{index}", **more}


BASE: Json = {
    "storage_objects": [
        _disk("r0", attributes={"emulate_caw": 0}),
        _disk("r1"),
        {
            "name": "f0",
            "plugin": "fileio",
            "dev": f"{FILES}/f0",
            "size": MIB,
            "write_back": True,
            "wwn": "serial-f0",
            "alua_tpgs": [
                {"name": "default_tg_pt_gp", "tg_pt_gp_id": 0},
                {"name": "gold", "tg_pt_gp_id": 1, "alua_access_state": 1, "preferred": 1},
                {"name": "tin", "tg_pt_gp_id": 2, "alua_access_type": 2},
            ],
        },
    ],
    "fabric_modules": [
        {
            "name": "iscsi",
            "discovery_enable_auth": True,
            "discovery_userid": "finder",
            "discovery_password": "secret finder",
        }
    ],
    "targets": [
        {
            "fabric": "iscsi",
            "wwn": STORE,
            "tpgs": [
                {
                    "tag": 1,
                    "enable": True,
                    "attributes": {"authentication": 1, "generate_node_acls": 0},
                    "chap_userid": "user",
                    "chap_password": "secret user",
                    "luns": [
                        _lun(0, "ramdisk", "r0"),
                        _lun(1, "fileio", "f0", alua_tg_pt_gp_name="gold"),
                    ],
                    "portals": [{"ip_address": "127.0.0.1", "port": 3260}],
                    "node_acls": [
                        {
                            "node_wwn": f"{HOST}0",
                            "chap_userid": "host",
                            "chap_password": "secret host",
                            "mapped_luns": [_mapped(0, 0), _mapped(7, 1, write_protect=True)],
                        },
                        {"node_wwn": f"{HOST}1", "tag": "web", "mapped_luns": [_mapped(0, 1)]},
                    ],
                },
                {"tag": 2, "enable": False, "luns": [_lun(3, "ramdisk", "r1")]},
            ],
        },
        {
            "fabric": "loopback",
            "wwn": NAA,
            "tpgs": [{"tag": 1, "luns": [_lun(0, "ramdisk", "r1")]}],
        },
    ],
    "rtslib_ext": {
        "tpgs": {f"/loopback/{NAA}/tpg1": {"nexus": "naa.500140500000000a"}},
        "storage_objects": {"/backstores/ramdisk/r1": {"lu_group": "left", "alias": "red"}},
        "lu_groups": {"left": 1},
    },
}


def _tpg(whole: Json, tag: int = 1) -> Json:
    found: Json = whole["targets"][0]["tpgs"][tag - 1]
    return found


def _another_target(whole: Json) -> None:
    whole["storage_objects"].append(_disk("r2"))
    tpg = {
        "tag": 1,
        "luns": [_lun(0, "ramdisk", "r2"), _lun(1, "ramdisk", "r0")],
        "portals": [{"ip_address": "127.0.0.1", "port": 3290}],
        "node_acls": [{"node_wwn": f"{HOST}2", "mapped_luns": [_mapped(1, 0), _mapped(2, 1)]}],
    }
    whole["targets"].append({"fabric": "iscsi", "wwn": SPARE, "tpgs": [tpg]})


def _target_away(whole: Json) -> None:
    del whole["targets"][0]
    del whole["storage_objects"][2]


def _another_size(whole: Json) -> None:
    whole["storage_objects"][0]["size"] = 2 * MIB
    whole["storage_objects"][2]["write_back"] = False


def _not_while_exported(whole: Json) -> None:
    whole["storage_objects"][0]["wwn"] = "another-serial"
    whole["storage_objects"][1]["attributes"] = {"emulate_tas": 0, "emulate_3pc": 0}
    whole["rtslib_ext"]["storage_objects"]["/backstores/fileio/f0"] = {
        "identity": {"vendor_id": "ACME", "revision": "2"}
    }


def _groups(whole: Json) -> None:
    groups = whole["storage_objects"][2]["alua_tpgs"]
    groups[0]["alua_access_state"] = 2
    groups[1] = {"name": "silver", "tg_pt_gp_id": 1, "alua_access_state": 2}
    groups[2] |= {"alua_access_state": 3, "nonop_delay_msecs": 50}
    _tpg(whole)["luns"][1]["alua_tg_pt_gp_name"] = "silver"


def _tpg_values(whole: Json) -> None:
    loop = whole["rtslib_ext"]["tpgs"][f"/loopback/{NAA}/tpg1"]
    loop["files"] = {"transport_status": "offline"}
    tpg = _tpg(whole)
    tpg["attributes"] = {"authentication": 0, "generate_node_acls": 1, "login_timeout": 20}
    tpg["parameters"] = {"AuthMethod": "CHAP,None", "MaxConnections": "3"}
    tpg["chap_userid"] = "someone"
    del tpg["chap_password"]
    tpg["enable"] = False
    _tpg(whole, 2)["enable"] = True


def _hosts(whole: Json) -> None:
    acls = _tpg(whole)["node_acls"]
    acls[0]["mapped_luns"] = [_mapped(0, 1), _mapped(7, 1), _mapped(8, 0)]
    acls[0] |= {"chap_password": "another secret", "tcq_depth": 17}
    acls[0]["attributes"] = {"dataout_timeout": 7}
    acls[1] = {"node_wwn": f"{HOST}3", "tag": "db", "mapped_luns": [_mapped(4, 0)]}


def _portals(whole: Json) -> None:
    tpg = _tpg(whole)
    tpg["portals"] = [{"ip_address": "127.0.0.1", "port": port} for port in (3261, 3262)]
    _tpg(whole, 2)["portals"] = [{"ip_address": "127.0.0.1", "port": 3260}]


def _nexus(whole: Json) -> None:
    whole["rtslib_ext"]["tpgs"][f"/loopback/{NAA}/tpg1"]["nexus"] = "naa.500140500000000b"
    whole["rtslib_ext"]["storage_objects"]["/backstores/ramdisk/r0"] = {"lu_group": "right"}
    del whole["rtslib_ext"]["storage_objects"]["/backstores/ramdisk/r1"]
    whole["rtslib_ext"]["lu_groups"] = {"right": 2}
    del whole["fabric_modules"]


def _renumbered(whole: Json) -> None:
    whole["rtslib_ext"]["storage_objects"]["/backstores/ramdisk/r0"] = {"lu_group": "left"}
    whole["rtslib_ext"]["lu_groups"] = {"left": 9}


def _swapped_luns(whole: Json) -> None:
    _tpg(whole)["luns"] = [_lun(0, "fileio", "f0"), _lun(1, "ramdisk", "r0")]
    _tpg(whole, 2)["luns"] = [_lun(9, "ramdisk", "r1")]


def _nothing(whole: Json) -> None:
    whole.clear()
    whole |= {"storage_objects": [], "targets": []}


EDITS: dict[str, Callable[[Json], None]] = {
    "another-target": _another_target,
    "target-away": _target_away,
    "another-size": _another_size,
    "not-while-exported": _not_while_exported,
    "groups": _groups,
    "tpg-values": _tpg_values,
    "hosts": _hosts,
    "portals": _portals,
    "nexus": _nexus,
    "renumbered": _renumbered,
    "swapped-luns": _swapped_luns,
    "nothing": _nothing,
}


LIVE: dict[str, Callable[[Config], Config]] = {
    "another-file": lambda have: refactor.replace_backing(
        have, ("fileio", "f0"), FileIO(f"{FILES}/f1", MIB, True)
    ),
    "another-name": lambda have: refactor.rename_storage_object(have, ("fileio", "f0"), "f9"),
    "another-host": lambda have: refactor.rename_acl(
        have, ("iscsi", STORE), 1, f"{HOST}0", f"{HOST}9"
    ),
    "host-twice": lambda have: refactor.clone_acl(
        have, ("iscsi", STORE), 1, f"{HOST}0", f"{HOST}9"
    ),
    "target-twice": lambda have: refactor.clone_target(have, ("iscsi", STORE), SPARE),
    "loopback-twice": lambda have: refactor.clone_target(have, ("loopback", NAA), f"{NAA[:-1]}2"),
}
"""What commands make of what runs."""


def wanted(name: str, have: Config) -> Config:
    """What becomes of what runs, by the name of an edit."""
    return LIVE[name](have) if name in LIVE else edited(name)


def base() -> Config:
    """The configuration that is changed."""
    return _load(BASE)


def edited(name: str) -> Config:
    """What it is to become."""
    whole = copy.deepcopy(BASE)
    EDITS[name](whole)
    return _load(whole)


def make_files() -> None:
    """The files behind its storage objects."""
    os.makedirs(FILES, exist_ok=True)
    for name in ("f0", "f1"):
        with open(f"{FILES}/{name}", "ab") as file:
            file.truncate(MIB)


def _load(whole: Json) -> Config:
    loaded = savefile.loads(json.dumps(whole))
    assert not loaded.problems, loaded.problems
    return loaded.config
