# SPDX-License-Identifier: Apache-2.0
"""The commands of node ACLs and mapped LUNs."""

from __future__ import annotations

from ..command import Command, may, need
from . import DRY_RUN, MAP

ROWS = (
    Command(
        "create",
        ("acls",),
        "acls:create",
        "Admits an initiator.\n\nExample: create iqn.1994-05.com.example:host1",
        (need("wwn", "initiator", "its name", many=True), MAP),
        changes=True,
    ),
    Command(
        "delete",
        ("acls",),
        "acls:delete",
        "Takes an initiator's ACL away; its sessions end.\n\n"
        "Example: delete iqn.1994-05.com.example:host1",
        (need("wwn", "acl", "its name", many=True),),
        changes=True,
    ),
    Command(
        "pin",
        ("acls", "tpg", "single_tpg"),
        "pin:pin",
        "Makes an ACL for an initiator that is logged in without one, with the LUNs that\n"
        "it sees; its session lives on. Without a name for all of them.\n\n"
        "Example: pin --dry-run",
        (may("wwn", "guest", "its name"), DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "tag",
        ("acls",),
        "acls:tag",
        "Gives an ACL a name that is easier to know. ACLs of one tag are shown and\n"
        "changed as one; who joins a tag gets its mapped LUNs and settings.\n\n"
        "Example: tag iqn.1994-05.com.example:host1 web",
        (
            need("wwn_or_tag", "acl", "the ACL, or those of a tag"),
            need("new_tag", "acl_tag", "the tag, without a dot in it"),
        ),
        changes=True,
    ),
    Command(
        "untag",
        ("acls",),
        "acls:untag",
        "Takes a tag away; the ACLs keep what they have.\n\nExample: untag web",
        (need("wwn_or_tag", "acl_tag", "the tag"),),
        changes=True,
    ),
    Command(
        "create",
        ("acl",),
        "acls:create_mapped_lun",
        "Shows a LUN to this initiator under a number of its own. A storage object, or a\n"
        "device or file, may be given too: what is missing is made.\n\n"
        "Example: create 0 /backstores/block/disk1",
        (
            need("mapped_lun", "free_mapped_lun", wrong="mapped_lun must be an integer", many=True),
            need(
                "tpg_lun_or_backstore",
                "lun_or_storage_object",
                "the LUN or what to export",
                many=True,
            ),
            may("write_protect", "bool", "let the initiator read only", "False"),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("acl",),
        "acls:delete_mapped_lun",
        "Hides a LUN from this initiator.\n\nExample: delete 0",
        (need("mapped_lun", "mapped_lun", "the number the initiator sees", many=True),),
        changes=True,
    ),
)
