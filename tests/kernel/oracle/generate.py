# SPDX-License-Identifier: Apache-2.0
"""A configuration that is too long to keep: many LUNs, each mapped to several initiators."""

from __future__ import annotations

from typing import Any

_IQN = "iqn.2003-01.org.example"


def many(luns: int = 60, acls: int = 2) -> dict[str, Any]:
    """``luns`` ramdisks in one TPG, mapped to ``acls`` initiators each."""
    return {
        "fabric_modules": [],
        "storage_objects": [_ramdisk(number) for number in range(luns)],
        "targets": [{"fabric": "iscsi", "wwn": f"{_IQN}:many", "tpgs": [_tpg(luns, acls)]}],
    }


def _ramdisk(number: int) -> dict[str, Any]:
    return {
        "name": f"disk{number:03}",
        "plugin": "ramdisk",
        "size": 65536,
        "wwn": f"5a5a5a5a-{number:04x}-4c4c-8d8d-123456789abc",
        "attributes": {"emulate_model_alias": 1, "emulate_tas": number % 2, "queue_depth": 64},
    }


def _tpg(luns: int, acls: int) -> dict[str, Any]:
    return {
        "tag": 1,
        "enable": True,
        "attributes": {"authentication": 0, "generate_node_acls": 0},
        "portals": [{"ip_address": "127.0.0.1", "port": 3260, "iser": False, "offload": False}],
        "luns": [
            {
                "index": number,
                "alias": f"{number:010x}",
                "storage_object": f"/backstores/ramdisk/disk{number:03}",
            }
            for number in range(luns)
        ],
        "node_acls": [_acl(number, luns) for number in range(acls)],
    }


def _acl(number: int, luns: int) -> dict[str, Any]:
    return {
        "node_wwn": f"{_IQN}:client{number}",
        "mapped_luns": [
            {
                "index": (lun + number * 7) % luns,
                "alias": f"{number:02x}{lun:08x}",
                "tpg_lun": lun,
                "write_protect": lun % 3 == number,
            }
            for lun in range(luns)
        ],
    }
