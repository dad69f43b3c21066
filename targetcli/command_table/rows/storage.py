# SPDX-License-Identifier: Apache-2.0
"""The commands of backstores, storage objects and target port groups."""

from __future__ import annotations

from ...env import SAVE_FILE
from ..command import Command, may, need
from . import DRY_RUN, TIMEOUT

_BACKSTORES = ("fileio", "block", "pscsi", "ramdisk", "user")

_SIZE = "a number with a unit: 512, 64K, 10M, 1.5G, 2TiB; units are powers of 1024"
_WWN = may("wwn", text="the VPD unit serial number; without it a new one is made")
_DELETE_SO = (
    need("name", "storage_object_name", "the storage object to delete", many=True),
    may("save", "bool", f"also take it out of {SAVE_FILE}", "False"),
)


ROWS = (
    Command(
        "create",
        ("fileio",),
        "storage:create_fileio",
        "Makes a storage object from a file, which is made when it is not there, or from\n"
        "a block device that should be read and written through the page cache.\n"
        "What is on it already, and who uses it, is told or asked before.\n\n"
        "Example: create disk1 /srv/disk1.img 10G",
        (
            need("name", text="how to call it", many=True),
            need("file_or_dev", "file", "the path of the file or block device", many=True),
            may("size", "size", f"{_SIZE}; needed for a new file"),
            may("write_back", "bool", "tell initiators of a write cache", "True"),
            may("sparse", "bool", "let a new file take only what is written", "True"),
            _WWN,
        ),
        changes=True,
    ),
    Command(
        "create",
        ("block",),
        "storage:create_block",
        "Makes a storage object from a block device. What is on it already is told, at a\n"
        "terminal asked; a device that somebody holds is refused with what frees it.\n\n"
        "Example: create disk1 /dev/vg0/disk1",
        (
            need("name", text="how to call it", many=True),
            need(
                "dev", "device", "the path of the device, best one below /dev/disk/by-id", many=True
            ),
            may("readonly", "bool", "refuse writes; without it, as the device is"),
            _WWN,
            may("exclusive", "bool", "let nobody else on this host use it", "True"),
        ),
        changes=True,
    ),
    Command(
        "create",
        ("pscsi",),
        "storage:create_pscsi",
        "Passes a SCSI device through as it is: a tape, a changer, a disk whose own\n"
        "features initiators should see.\n\n"
        "Example: create tape0 /dev/st0",
        (
            need("name", text="how to call it", many=True),
            need("dev", "scsi_device", "the path of the device, or its address as H:C:T:L"),
        ),
        changes=True,
    ),
    Command(
        "create",
        ("ramdisk",),
        "storage:create_ramdisk",
        "Makes a storage object from memory; what is written to it is lost with it.\n\n"
        "Example: create scratch 256M",
        (
            need("name", text="how to call it", many=True),
            need("size", "typed_size", _SIZE),
            may("nullio", "bool", "keep nothing that is written, for measuring", "False"),
            _WWN,
        ),
        changes=True,
    ),
    Command(
        "create",
        ("user",),
        "storage:create_user",
        "Makes a storage object that a handler in user space serves.\n\n"
        "Example: create vol1 10G pool/vol1",
        (
            need("name", text="how to call it", many=True),
            need("size", "size", _SIZE),
            need("cfgstring", text="what the handler needs to know", many=True),
            _WWN,
            may("hw_max_sectors", "number", "the most sectors in one command"),
            may("control", text="NAME=VALUE pairs for the kernel, parted by commas"),
        ),
        changes=True,
    ),
    Command(
        "changemedium",
        ("user",),
        "storage:change_medium",
        "Has the handler put another medium behind a storage object.\n\n"
        "Example: changemedium vol1 10G pool/vol2",
        (
            need("name", "storage_object_name", "the storage object"),
            need("size", "size", _SIZE),
            need("cfgstring", "config_text", "what the handler needs to know"),
        ),
        changes=True,
    ),
    Command(
        "delete",
        _BACKSTORES,
        "delete_storage:storage_object",
        "Deletes a storage object with every LUN that exports it and their mapped LUNs.\n"
        "The file or device keeps its data.\n\n"
        "Example: delete disk1",
        _DELETE_SO,
        changes=True,
    ),
    Command(
        "drain",
        _BACKSTORES,
        "drain:storage_object",
        "Takes a storage object away, with its LUNs, when nobody sends commands to them\n"
        "any more: its target port groups go to standby, so that initiators take another\n"
        "path. When commands still come after the time-out, everything is put back.\n\n"
        "Example: drain disk1 --dry-run",
        (need("name", "storage_object_name", "its name"), TIMEOUT, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "saveconfig",
        ("storage_object",),
        "config:save_storage_object",
        "Saves this storage object and the first target that exports it; the rest of\n"
        "the file stays as it is.\n\n"
        "Example: saveconfig",
        (may("savefile", "save_file", "the file to change", SAVE_FILE),),
        changes=True,
    ),
    Command(
        "version",
        ("storage_object",),
        "storage:version",
        "Shows the version of the kernel's backstore.\n\nExample: version",
    ),
    Command(
        "create",
        ("alua_groups",),
        "alua:create",
        "Makes a target port group.\n\nExample: create standby 16",
        (
            need("name", text="how to call it", many=True),
            need("tag", "group_tag", "its number, from 1 to 65535", many=True),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("alua_groups",),
        "alua:delete",
        "Deletes a target port group; its LUNs go back to the default one.\n\n"
        "Example: delete standby",
        (need("name", "alua_group_name", "the group"),),
        changes=True,
    ),
    Command(
        "create",
        ("lu_groups",),
        "lu_groups:create",
        "Makes a logical unit group: storage objects in it change their access state\n"
        "together. A storage object is put in with: set device alua_lu_gp=NAME\n\n"
        "Example: create cluster1",
        (
            need("name", text="how to call it", many=True),
            may("number", "group_tag", "from 1 to 65535; without it the first one free", many=True),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("lu_groups",),
        "lu_groups:delete",
        "Deletes a logical unit group; its storage objects go back to the default one.\n\n"
        "Example: delete cluster1",
        (need("name", "alua_group_name", "the group"),),
        changes=True,
    ),
)
