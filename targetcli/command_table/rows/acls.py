# SPDX-License-Identifier: Apache-2.0
"""The commands of node ACLs and mapped LUNs."""

from __future__ import annotations

from ..command import Command, may, need
from . import DRY_RUN, MAP

_NAME = "the name of the initiator"

ROWS = (
    Command(
        "create",
        ("acls",),
        "acls:create",
        "Creates an ACL, with which an initiator can log in. With a profile, sets what suits\n"
        "the system of that host (docs/HOSTS.md), and lists what else it needs: settings of\n"
        "the TPG and of storage objects concern other initiators too, so they are named\n"
        "with their commands, not set.\n\n"
        "Example: create iqn.1994-05.com.example:host1",
        (
            need("wwn", "initiator", _NAME, many=True),
            MAP,
            may("profile", "host_system", "the system of the host, such as windows or esxi"),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("acls",),
        "acls:delete",
        "Deletes the ACL of an initiator; its sessions end.\n\n"
        "Example: delete iqn.1994-05.com.example:host1",
        (need("wwn", "acl", _NAME, many=True),),
        changes=True,
    ),
    Command(
        "pin",
        ("acls", "tpg", "single_tpg"),
        "pin:pin",
        "Creates an ACL for an initiator logged in without one, with the LUNs that it\n"
        "sees now; its session continues. Without a name, does so for all such\n"
        "initiators.\n\n"
        "Example: pin --dry-run",
        (may("wwn", "guest", _NAME), DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "tag",
        ("acls",),
        "acls:tag",
        "Gives an ACL a tag, a name of your choice. ACLs with the same tag are shown and\n"
        "changed as one. An ACL that joins a tag gets the mapped LUNs and settings of the\n"
        "tag.\n\n"
        "Example: tag iqn.1994-05.com.example:host1 web",
        (
            need("wwn_or_tag", "acl", "the ACL, or the tag of several"),
            need("new_tag", "acl_tag", "the new tag; it must not contain a dot"),
        ),
        changes=True,
    ),
    Command(
        "untag",
        ("acls",),
        "acls:untag",
        "Removes a tag; its ACLs keep their mapped LUNs and settings.\n\nExample: untag web",
        (need("wwn_or_tag", "acl_tag", "the tag"),),
        changes=True,
    ),
    Command(
        "create",
        ("acl",),
        "acls:create_mapped_lun",
        "Maps a LUN: this initiator sees it, under a number of its own. For a storage\n"
        "object, device or file, creates the storage object and LUN that are missing.\n\n"
        "Example: create 0 /backstores/block/disk1",
        (
            need(
                "mapped_lun",
                "free_mapped_lun",
                "the number the initiator sees",
                wrong="mapped_lun must be an integer",
                many=True,
            ),
            need(
                "tpg_lun_or_backstore",
                "lun_or_storage_object",
                "the LUN, storage object, device or file to map",
                many=True,
            ),
            may("write_protect", "bool", "make the mapped LUN read-only", "False"),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("acl",),
        "acls:delete_mapped_lun",
        "Deletes a mapped LUN: this initiator no longer sees it.\n\nExample: delete 0",
        (need("mapped_lun", "mapped_lun", "the number the initiator sees", many=True),),
        changes=True,
    ),
)
