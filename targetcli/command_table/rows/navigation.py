# SPDX-License-Identifier: Apache-2.0
"""The commands of every node, and info."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may, need

_OBJECTS = (
    "storage_object",
    "alua_group",
    "lu_group",
    "fabric",
    "target",
    "tpg",
    "single_tpg",
    "lun",
    "portal",
    "acl",
    "mapped_lun",
)


ROWS = (
    Command(
        "ls",
        EVERYWHERE,
        "navigation:ls",
        "Shows the tree below a path, with a summary of each node.\n\nExample: ls /iscsi 2",
        (
            may("path", "path", "the top of the tree to show; the current node if omitted"),
            may("depth", "depth", "the number of levels to show; 0 shows all"),
        ),
    ),
    Command(
        "cd",
        EVERYWHERE,
        "navigation:cd",
        "Changes the current node. The path is absolute, relative, @BOOKMARK, < for the\n"
        "previous path or > for the next one. Without a path, lets you choose from the\n"
        "tree.\n\n"
        "Example: cd /iscsi",
        (may("path", "path_or_history", "the path of the new current node"),),
    ),
    Command(
        "pwd",
        EVERYWHERE,
        "navigation:pwd",
        "Shows the path of the current node.\n\nExample: pwd",
    ),
    Command(
        "get",
        EVERYWHERE,
        "settings:get",
        "Shows settings: without a group, the groups of this node; with a group, all of\n"
        "its settings; with names, only those. At a terminal this is a table: a star\n"
        "marks values that differ from their defaults, and -v or names add what each\n"
        "setting does. --changed shows only settings that differ from those of a new\n"
        "object, without a group those of all groups of this node.\n\n"
        "Example: get attribute authentication",
        (may("group", "group", "the group of settings"),),
        more="parameter",
        verbose=True,
    ),
    Command(
        "set",
        EVERYWHERE,
        "settings:set_values",
        "Changes settings: all of those given, or none if one is refused. get lists the\n"
        "groups, and set GROUP describes its settings. The group global holds the\n"
        "preferences of this program. The value default restores the value of a new\n"
        "object or the default of a preference, but is plain text for a setting that\n"
        "takes any text. Setting the present value again changes nothing.\n\n"
        "A password that is a word of the command line can be read by others: password=-\n"
        "asks for it, password=@FILE reads it from a file or a credential of systemd, and\n"
        "password=@new makes one that every initiator accepts. Write @@ for a password that\n"
        "begins with @.\n\n"
        "Example: set attribute authentication=0 generate_node_acls=1",
        (may("group", "group", "the group of settings"),),
        keywords="parameter",
    ),
    Command(
        "help",
        EVERYWHERE,
        "help:show_help",
        "Lists the commands of this node, or describes one command or setting, also of\n"
        "another node: help luns create. help search lists the commands, parameters,\n"
        "settings and preferences of all nodes that have all the words in their name or\n"
        "description; it also knows the words that other programs use for them.\n\n"
        "Example: help search timeout",
        (may("topic", "topic", "the command, setting or node to describe, or search"),),
        more="word",
    ),
    Command(
        "bookmarks",
        EVERYWHERE,
        "navigation:bookmarks",
        "Manages named paths: adds or deletes a bookmark, goes to one, or shows all.\n"
        "@NAME stands for the path of a bookmark in every command.\n\n"
        "Example: bookmarks add disks",
        (
            need("action", "bookmark_action", "add, del, go or show"),
            may("bookmark", "bookmark", "the name of the bookmark"),
        ),
    ),
    Command("exit", EVERYWHERE, "navigation:leave", "Leaves the shell.\n\nExample: exit"),
    Command(
        "refresh",
        EVERYWHERE,
        "navigation:refresh",
        "Does nothing. Kept for scripts: every command reads the kernel's current state.\n\n"
        "Example: refresh",
    ),
    Command(
        "status",
        EVERYWHERE,
        "navigation:status",
        "Shows the summary of this node in one line.\n\nExample: status",
    ),
    Command(
        "status",
        ("root",),
        "status:root",
        "Shows whether the configuration is healthy, a line for each problem with the\n"
        "command that helps, and whether it differs from the save file. Problems are\n"
        "objects that could not be restored, storage objects that a restore could not\n"
        "create, objects that initiators take for one disk, targets without portals,\n"
        "portals whose address this host does not have, credentials that are required and\n"
        "not set, LUNs and mapped LUNs without a link, and an interrupted change. check\n"
        "finds more. The exit status is 0 if it is healthy, 1 if it is not, 2 if that is\n"
        "not known.\n\n"
        "Example: status",
        failed=2,
    ),
    Command(
        "info",
        _OBJECTS,
        "navigation:info",
        "Shows the properties of this object; of a storage object also the LUNs that export\n"
        "it, their mapped LUNs, and the initiators that are logged in and see it.\n\n"
        "Example: info",
    ),
)
