# SPDX-License-Identifier: Apache-2.0
"""The commands of backstores, storage objects and target port groups."""

from __future__ import annotations

from ...env import SAVE_FILE
from ..command import Command, may, need
from . import DRY_RUN, OTHER_PATHS, TIMEOUT

_BACKSTORES = ("fileio", "block", "pscsi", "ramdisk", "user")

_SIZE = "a number with a unit: 512, 64K, 10M, 1.5G, 2TiB; units are powers of 1024"
_WWN = may("wwn", text="the VPD unit serial number; generated if omitted", many=True, each=True)
_NAME = need("name", text="the name of the storage object", many=True)
_GROUP = need("name", text="the name of the group", many=True)
_DELETE_SO = (
    need("name", "storage_object_name", "the storage object to delete", many=True),
    may("save", "bool", f"also delete it from {SAVE_FILE}", "False"),
)


ROWS = (
    Command(
        "create",
        ("fileio",),
        "devices:create_fileio",
        "Creates a storage object backed by a file, or by a block device that is accessed\n"
        "through the page cache. Creates the file if it does not exist. Warns about\n"
        "existing data and about other uses of the file or device (asks at a terminal).\n\n"
        "Example: create disk1 /srv/disk1.img 10G",
        (
            _NAME,
            need("file_or_dev", "file", "the path of the file or block device", many=True),
            may("size", "size", f"{_SIZE}; required for a new file"),
            may("write_back", "bool", "report a write cache, so that initiators flush it", "True"),
            may(
                "sparse", "bool", "allocate blocks of a new file only when they are written", "True"
            ),
            _WWN,
        ),
        changes=True,
    ),
    Command(
        "create",
        ("block",),
        "devices:create_block",
        "Creates a storage object backed by a block device. Warns about existing data (asks\n"
        "at a terminal). Refuses a device that is in use and says how to release it.\n\n"
        "Example: create disk1 /dev/vg0/disk1",
        (
            _NAME,
            need(
                "dev",
                "device",
                "the path of the device, preferably one below /dev/disk/by-id",
                many=True,
            ),
            may("readonly", "bool", "refuse writes; if omitted, only for a read-only device"),
            _WWN,
            may(
                "exclusive",
                "bool",
                "keep other programs on this host from using the device; false needs Linux 6.17",
                "True",
            ),
        ),
        changes=True,
    ),
    Command(
        "create",
        ("pscsi",),
        "devices:create_pscsi",
        "Creates a storage object that passes commands to a device: a SCSI tape,\n"
        "changer or disk whose own features initiators should see.\n\n"
        "Example: create tape0 /dev/st0",
        (
            _NAME,
            need("dev", "scsi_device", "the path of the device, or its address as H:C:T:L"),
        ),
        changes=True,
    ),
    Command(
        "create",
        ("ramdisk",),
        "storage:create_ramdisk",
        "Creates a storage object in memory. Its data is lost when it is deleted.\n\n"
        "Example: create scratch 256M",
        (
            _NAME,
            need("size", "typed_size", _SIZE),
            may("nullio", "bool", "discard all data written, for measurements", "False"),
            _WWN,
        ),
        changes=True,
    ),
    Command(
        "create",
        ("user",),
        "storage:create_user",
        "Creates a storage object with a handler in user space.\n\n"
        "Example: create vol1 10G pool/vol1",
        (
            _NAME,
            need("size", "size", _SIZE),
            need("cfgstring", text="the configuration string for the handler", many=True),
            _WWN,
            may("hw_max_sectors", "number", "the maximum number of sectors in one command"),
            may("control", text="NAME=VALUE pairs for the kernel, separated by commas"),
        ),
        changes=True,
    ),
    Command(
        "changemedium",
        ("user",),
        "storage:change_medium",
        "Asks the handler to replace the medium of an object.\n\n"
        "Example: changemedium vol1 10G pool/vol2",
        (
            need("name", "storage_object_name", "the storage object"),
            need("size", "size", _SIZE),
            need("cfgstring", "config_text", "the configuration string for the handler"),
        ),
        changes=True,
    ),
    Command(
        "delete",
        _BACKSTORES,
        "delete_storage:storage_object",
        "Deletes a storage object, all LUNs that export it and their mapped LUNs. The file\n"
        "or device keeps its data.\n\n"
        "Example: delete disk1",
        _DELETE_SO,
        changes=True,
    ),
    Command(
        "drain",
        _BACKSTORES,
        "drain:storage_object",
        "Deletes a storage object once it gets no commands, with its LUNs and\n"
        "their mapped LUNs. Its target port groups go to standby, so that initiators\n"
        "switch to another path. If commands still arrive after the timeout, restores the\n"
        "previous state.\n"
        "A host without another path gets I/O errors, and its file system becomes read-only.\n"
        "Stop using the disk there first. If a command of such a host arrives while it\n"
        "waits, stops at once and restores the previous state.\n\n"
        "Example: drain disk1 --dry-run",
        (need("name", "storage_object_name", "the storage object"), TIMEOUT, DRY_RUN, OTHER_PATHS),
        changes=True,
        switches=True,
    ),
    Command(
        "saveconfig",
        ("storage_object",),
        "save_object:save_storage_object",
        "Saves this storage object and a target that exports it: the first. The rest of the\n"
        "file is not changed.\n\n"
        "Example: saveconfig",
        (may("savefile", "save_file", "the file to update", SAVE_FILE),),
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
        "Creates a target port group.\n\nExample: create standby 16",
        (
            _GROUP,
            need("tag", "group_tag", "the number of the group, from 1 to 65535", many=True),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("alua_groups",),
        "alua:delete",
        "Deletes a target port group; its LUNs return to the default group.\n\n"
        "Example: delete standby",
        (need("name", "alua_group_name", "the group"),),
        changes=True,
    ),
    Command(
        "create",
        ("lu_groups",),
        "lu_groups:create",
        "Creates a logical unit group. Storage objects in it change their access state\n"
        "together. To add a storage object: set device alua_lu_gp=NAME\n\n"
        "Example: create cluster1",
        (
            _GROUP,
            may(
                "number",
                "group_tag",
                "the number of the group, from 1 to 65535; the first free one if omitted",
                many=True,
            ),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("lu_groups",),
        "lu_groups:delete",
        "Deletes a logical unit group; its storage objects return to the default group.\n\n"
        "Example: delete cluster1",
        (need("name", "alua_group_name", "the group"),),
        changes=True,
    ),
)
