# SPDX-License-Identifier: Apache-2.0
"""The places of commands and settings, as the manual and help search name them."""

from __future__ import annotations

from .command import Command

OBJECTS = "Every object"

# By the kinds of nodes that a row of the table names.
PLACES = {
    ("*",): "Everywhere",
    ("root",): "/",
    ("fileio",): "/backstores/fileio",
    ("block",): "/backstores/block",
    ("pscsi",): "/backstores/pscsi",
    ("ramdisk",): "/backstores/ramdisk",
    ("user",): "/backstores/user:HANDLER",
    ("fileio", "block", "pscsi", "ramdisk", "user"): "/backstores/KIND",
    ("storage_object",): "/backstores/KIND/NAME",
    ("backstores", "storage_object"): "/backstores and /backstores/KIND/NAME",
    ("alua_groups",): "/backstores/KIND/NAME/alua",
    ("lu_groups",): "/backstores/lu_gps",
    ("fabric",): "/FABRIC",
    ("target",): "/FABRIC/WWN",
    ("target", "single_tpg"): "/FABRIC/WWN",
    ("tpg", "single_tpg"): "TPG",
    ("luns",): "TPG/luns",
    ("portals",): "TPG/portals",
    ("portal",): "TPG/portals/ADDRESS:PORT",
    ("acls",): "TPG/acls",
    ("acls", "tpg", "single_tpg"): "TPG and TPG/acls",
    ("acl",): "TPG/acls/WWN or TPG/acls/TAG",
    ("root", "target", "tpg", "acl"): "/, targets, TPGs and ACLs",
}
# Rows that name at least this many kinds of nodes apply to every object.
_MANY = 6

_IQN = "/iscsi/iqn.2003-01.org.example:disks"
_DISK = "/backstores/fileio/disk1"
# By the kind of node: the path of one, for examples.
SAMPLES = {
    "root": "/",
    "backstores": "/backstores",
    "fileio": "/backstores/fileio",
    "block": "/backstores/block",
    "pscsi": "/backstores/pscsi",
    "ramdisk": "/backstores/ramdisk",
    "user": "/backstores/user:rbd",
    "storage_object": _DISK,
    "alua_groups": f"{_DISK}/alua",
    "lu_groups": "/backstores/lu_gps",
    "fabric": "/iscsi",
    "target": _IQN,
    "tpg": f"{_IQN}/tpg1",
    "luns": f"{_IQN}/tpg1/luns",
    "portals": f"{_IQN}/tpg1/portals",
    "portal": f"{_IQN}/tpg1/portals/192.0.2.10:3260",
    "acls": f"{_IQN}/tpg1/acls",
    "acl": f"{_IQN}/tpg1/acls/iqn.1994-05.com.example:host1",
}
# Commands of every node whose example is for one kind of node.
_EXAMPLE_AT = {"settings:get": "tpg", "settings:set_values": "tpg"}

# By the group of the schema: paths, and the group of settings there.
SETTINGS = {
    "storage_object": ("/backstores/KIND/NAME", "attribute"),
    "wwn": ("/backstores/KIND/NAME", "identity"),
    "device": ("/backstores/KIND/NAME", "device"),
    "reservations": ("/backstores/KIND/NAME", "reservations"),
    "lu_group": ("/backstores/lu_gps/GROUP", "alua"),
    "alua": ("/backstores/KIND/NAME/alua/GROUP", "alua"),
    "lun_alua": ("TPG/luns/lunN", "alua"),
    "fabric": ("/iscsi", "fabric"),
    "target_parameter": ("/FABRIC/WWN", "parameter"),
    "tpg": ("TPG", "port"),
    "tpg_attribute": ("TPG", "attribute"),
    "tpg_parameter": ("TPG", "parameter"),
    "acl": ("TPG/acls/WWN", "initiator"),
    "acl_attribute": ("TPG/acls/WWN", "attribute"),
    "acl_parameter": ("TPG/acls/WWN", "parameter"),
    "auth": ("TPG and TPG/acls/WWN", "auth"),
}


def of(row: Command) -> str:
    """Return the place of a command; "" if PLACES has no name for it."""
    return PLACES.get(row.on, OBJECTS if len(row.on) >= _MANY else "")


def example(row: Command, kind: str = "", path: str = "") -> str:
    """Return the example of a command as a line that can be run at every node.

    ``kind`` and ``path`` are those of the node for which help was requested, if it has the command.
    """
    if "*" not in row.on:
        return f"{path if kind in row.on else SAMPLES[row.on[0]]} {row.example}"
    wanted = _EXAMPLE_AT.get(row.run)
    if wanted is None:
        return row.example
    return f"{path if kind == wanted else SAMPLES[wanted]} {row.example}"
