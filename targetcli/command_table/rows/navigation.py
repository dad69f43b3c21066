# SPDX-License-Identifier: Apache-2.0
"""The commands that every node has, and what every object tells of itself."""

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
        "Shows the tree from a path on, with a summary of each node.\n\nExample: ls /iscsi 2",
        (
            may("path", "path", "where to begin; without it, here"),
            may("depth", "depth", "how many levels to show; 0 is all of them"),
        ),
    ),
    Command(
        "cd",
        EVERYWHERE,
        "navigation:cd",
        "Goes to a path: absolute, relative, @BOOKMARK, < for the path before,\n"
        "> for the one after. Without a path it lets you choose from the tree.\n\n"
        "Example: cd /iscsi",
        (may("path", "path_or_history", "where to go"),),
    ),
    Command("pwd", EVERYWHERE, "navigation:pwd", "Shows the current path.\n\nExample: pwd"),
    Command(
        "get",
        EVERYWHERE,
        "settings:get",
        "Shows settings. Without a group it lists the groups there are here, with a\n"
        "group all of its settings, with names those. With --changed it shows those\n"
        "that differ from what a new object has.\n\n"
        "Example: get attribute authentication",
        (may("group", "group", "the group of settings"),),
        more="parameter",
    ),
    Command(
        "set",
        EVERYWHERE,
        "settings:set_values",
        "Changes settings: all of those given, or none when one cannot be changed.\n"
        "The group global holds the preferences of this program. The value default is\n"
        "what a new object has, except of settings that take any text.\n\n"
        "Example: set attribute authentication=0 generate_node_acls=1",
        (may("group", "group", "the group of settings"),),
        keywords="parameter",
    ),
    Command(
        "help",
        EVERYWHERE,
        "help:show_help",
        "Shows the commands there are here, or tells about one, or about a setting of this\n"
        "node. help search finds\n"
        "commands, parameters, settings and preferences, wherever they are, that have\n"
        "all the words in their name or text.\n\n"
        "Example: help search timeout",
        (may("topic", "topic", "the command or setting to tell about, or search"),),
        more="word",
    ),
    Command(
        "bookmarks",
        EVERYWHERE,
        "navigation:bookmarks",
        "Keeps paths under a name: add and del one, go to one, show all. A bookmark can\n"
        "be used wherever a path is taken, as @NAME.\n\n"
        "Example: bookmarks add disks",
        (
            need("action", "bookmark_action", "add, del, go or show"),
            may("bookmark", "bookmark", "the name"),
        ),
    ),
    Command("exit", EVERYWHERE, "navigation:leave", "Leaves the shell.\n\nExample: exit"),
    Command(
        "refresh",
        EVERYWHERE,
        "navigation:refresh",
        "Does nothing: every command looks at the kernel as it is. Kept for scripts.\n\n"
        "Example: refresh",
    ),
    Command(
        "status",
        EVERYWHERE,
        "navigation:status",
        "Shows the summary of this node in one line.\n\nExample: status",
    ),
    Command(
        "info", _OBJECTS, "navigation:info", "Shows how this object was made.\n\nExample: info"
    ),
)
