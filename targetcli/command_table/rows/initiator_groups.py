# SPDX-License-Identifier: Apache-2.0
"""The commands of groups of initiators, and of identities that two hosts share."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may, need
from . import DRY_RUN

ROWS = (
    Command(
        "group",
        ("root",),
        "group:group",
        "Gives hosts the same LUNs under the same numbers.\n"
        "A group is the tag of its members' ACLs, at every target where they log in.\n"
        "group create NAME [HOST] creates one, at the targets that target selects.\n"
        "group join NAME HOST admits initiators: each gets an ACL at the targets of the\n"
        "group, with the LUNs of the group. If the group is at no target yet, these are\n"
        "the targets where the host has an ACL, or the only target.\n"
        "group leave NAME HOST removes the LUNs of the group from its ACLs, which stay.\n"
        "group map NAME STORAGE_OBJECT [LUN] maps a storage object to all members, under\n"
        "the lowest number that is free for all, and exports it where it is not yet. A\n"
        "pattern such as 'disk*' stands for all that match, in the order of their names.\n"
        "group unmap NAME STORAGE_OBJECT, or its number, is the opposite, and deletes a\n"
        "LUN that no ACL maps any more. group delete NAME unmaps all and ends the group.\n"
        "Members keep secrets of their own: acls/WWN set auth sets those of one, acls/NAME\n"
        "set auth the same for all.\n"
        "Each call is one plan, all or nothing, and shows the sessions that it\n"
        "interrupts; these need --yes before the command, or an answer at the terminal. A\n"
        "group without members has no ACL, so it is not in the save file but in\n"
        "groups.json beside it. Copy that file along; export writes these groups, too.\n\n"
        "Example: group map web /backstores/block/disk1",
        (
            need("action", "group_action", "create, delete, join, leave, map or unmap"),
            need("name", "initiator_group", "the group"),
            may(
                "item",
                "group_item",
                "the initiator (several: separated by commas), or the storage object or pattern",
            ),
            may(
                "lun",
                "lun",
                "the number that the members see; a free one if omitted",
                wrong="lun is a number, and several initiators are separated by commas",
            ),
            may(
                "write_protect", "bool", "map: let the members only read it; if omitted, unchanged"
            ),
            may("target", "group_target", "create, join: the targets, a pattern such as '*'"),
            may(
                "replace",
                "bool",
                "join: take other LUNs from the initiator",
                "False",
            ),
            may("keep_luns", "bool", "leave, delete: only end the membership", "False"),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "groups",
        EVERYWHERE,
        "hosts:show_groups",
        "Lists the groups of initiators.\n"
        "With a name, shows the members of this group, their targets and sessions, and its\n"
        "LUNs with storage object, size, access and serial number. A member that does not\n"
        "see the LUNs of the group is marked. group changes groups.\n\n"
        "Example: groups web",
        (may("name", "initiator_group", "only this group, with all that it has"),),
    ),
    Command(
        "hosts",
        EVERYWHERE,
        "hosts:show_hosts",
        "Shows what each initiator sees.\n"
        "Each line has the initiator's name and group, a LUN with storage object, size,\n"
        "access and serial number, the target, and whether the initiator is logged in.\n"
        "Initiators without an ACL are listed while they are logged in: they see all LUNs\n"
        "of the target.\n\n"
        "Example: hosts *host1",
        (may("host", "host", "only initiators or groups of this name, or pattern"),),
    ),
    Command(
        "identity",
        EVERYWHERE,
        "identity:identity",
        "Shows the identities that are derived from names.\n"
        "For each storage object the unit serial number, for each LUN its number, and\n"
        "with a node for each TPG its relative target port identifier (rtpi), beside the\n"
        "running value. Two hosts that use the same namespace agree on serial and LUN\n"
        "numbers, and the port numbers of different nodes never collide. With the\n"
        "preferences identity_namespace and identity_node, create, luns create, group map\n"
        "and apply use them for new objects. docs/IDENTITY.md has the algorithm.\n"
        "The exit status is 0 if all are as derived, otherwise 1.\n\n"
        "Example: identity pool1",
        (
            may("namespace", text="the namespace; if omitted, that of the preference"),
            may("identity_node", "identity_node", "the number of this host, from 1 to 8"),
        ),
    ),
)
