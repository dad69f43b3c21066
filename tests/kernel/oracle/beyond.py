# SPDX-License-Identifier: Apache-2.0
"""State that the kernel holds and rtslib-fb cannot save: a base and what is written to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import tree

_IQN = "iqn.2003-01.org.example"
_TPG = f"iscsi/{_IQN}:beyond/tpgt_1"

BASE: dict[str, Any] = {
    "fabric_modules": [],
    "storage_objects": [
        {"name": name, "plugin": "ramdisk", "size": 1048576, "wwn": f"0b0b0b0b-000{n}-4c4c-8d8d-0"}
        for n, name in enumerate(("bare", "exported"))
    ],
    "targets": [
        {
            "fabric": "iscsi",
            "wwn": f"{_IQN}:beyond",
            "tpgs": [
                {
                    "tag": 1,
                    "luns": [
                        {"index": 0, "storage_object": "/backstores/ramdisk/exported", "alias": "x"}
                    ],
                    "node_acls": [
                        {
                            "node_wwn": f"{_IQN}:c",
                            "mapped_luns": [{"index": 0, "tpg_lun": 0, "alias": "y"}],
                        }
                    ],
                }
            ],
        },
        {
            "fabric": "loopback",
            "wwn": "naa.5001405000000071",
            "tpgs": [{"tag": 1}],
        },
    ],
}


@dataclass(frozen=True, slots=True)
class State:
    """Values by their canonical paths; a path that is no file yet is made as a folder first."""

    name: str
    values: tuple[tuple[str, str], ...]


_GROUP = "core/rd_mcp/bare/alua/mapped"

STATES = (
    State(
        "identity",
        (
            ("core/rd_mcp/bare/wwn/vendor_id", "ACME"),
            ("core/rd_mcp/bare/wwn/product_id", "Rocket skates"),
            ("core/rd_mcp/bare/wwn/revision", "7b"),
            ("core/rd_mcp/bare/wwn/company_id", "0x00a098"),
        ),
    ),
    State(
        "product-under-model-alias",
        (
            ("core/rd_mcp/bare/attrib/emulate_model_alias", "1"),
            ("core/rd_mcp/bare/wwn/product_id", "Not the name"),
        ),
    ),
    State("alias", (("core/rd_mcp/bare/alias", "an alias with blanks"),)),
    State("cmdsn-depth", ((f"{_TPG}/acls/{_IQN}:c/cmdsn_depth", "17"),)),
    State("depth-of-the-tpg-changed-later", ((f"{_TPG}/attrib/default_cmdsn_depth", "16"),)),
    State(
        "secondary-state",
        (
            (f"{_TPG}/lun/lun_0/alua_tg_pt_write_md", "1"),
            (f"{_TPG}/lun/lun_0/alua_tg_pt_offline", "1"),
            (f"{_TPG}/lun/lun_0/alua_tg_pt_status", "1"),
        ),
    ),
    State(
        "discovery-without-enforcement",
        (("iscsi/discovery_auth/userid", "u"), ("iscsi/discovery_auth/password", "p")),
    ),
    State(
        "nexus",
        (
            ("loopback/naa.5001405000000071/tpgt_1/nexus", "NULL"),
            ("loopback/naa.5001405000000071/tpgt_1/nexus", "naa.5001405000000072"),
        ),
    ),
    State(
        "transport-status",
        (("loopback/naa.5001405000000071/tpgt_1/transport_status", "offline"),),
    ),
    State(
        "lu-group",
        (
            ("core/alua/lu_gps/together/lu_gp_id", "5"),
            ("core/rd_mcp/bare/alua_lu_gp", "together"),
            ("core/rd_mcp/exported/alua_lu_gp", "together"),
        ),
    ),
    State(
        "lba-dependent",
        (
            (f"{_GROUP}/tg_pt_gp_id", "3"),
            (f"{_GROUP}/alua_access_type", "1"),
            ("core/rd_mcp/bare/lba_map", "8 4\n0 3 0:O 3:A\n4 7 0:A 3:O\n"),
            (f"{_GROUP}/alua_support_lba_dependent", "1"),
            (f"{_GROUP}/alua_access_state", "4"),
        ),
    ),
)


def set_up(state: State) -> None:
    """Write the values, as an administrator with echo would."""
    for path, value in state.values:
        file = _real(path)
        if not file.parent.is_dir():
            file.parent.mkdir()
        handle = os.open(file, os.O_WRONLY)
        try:
            os.write(handle, value.encode())
        finally:
            os.close(handle)


def _real(path: str) -> Path:
    """The file of a canonical path: the HBA folder has a number that only the tool knows."""
    root = Path(tree.ROOT)
    parts = path.split("/", 3)
    if parts[0] != "core" or parts[1] == "alua":
        return root / path
    home = next((root / "core").glob(f"{parts[1]}_*/{parts[2]}"))
    return home / parts[3]
