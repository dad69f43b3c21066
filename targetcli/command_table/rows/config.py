# SPDX-License-Identifier: Apache-2.0
"""The commands of the root: the configuration as a whole."""

from __future__ import annotations

from ...env import SAVE_FILE
from ..command import Command, may

ROWS = (
    Command(
        "saveconfig",
        ("root",),
        "config:saveconfig",
        "Saves the running configuration, to be restored at the next boot. The file\n"
        "that was there before is kept as a backup.\n\n"
        "Example: saveconfig",
        (may("savefile", "save_file", "where to save", SAVE_FILE),),
        changes=True,
    ),
    Command(
        "restoreconfig",
        ("root",),
        "config:restoreconfig",
        "Brings up what a file holds; a backup can be given as it is. What cannot be\n"
        "brought up is named, the rest comes up, and the exit status is 1.\n\n"
        "Example: restoreconfig /etc/target/saveconfig.json clear_existing=true",
        (
            may("savefile", "saved_file", "the file", SAVE_FILE),
            may("clear_existing", "bool", "take everything away that is running before", "False"),
            may("target", "saved_target", "only the target of this WWN, with what it exports"),
            may(
                "storage_object",
                "saved_storage_object",
                "only the storage object of this name",
            ),
            may("keep_existing", "bool", "leave what is running, make what is missing", "False"),
        ),
        changes=True,
    ),
    Command(
        "clearconfig",
        ("root",),
        "config:clearconfig",
        "Takes the whole running configuration away. Files and disks keep their data;\n"
        "the saved configuration stays as it is.\n\n"
        "Example: clearconfig confirm=true",
        (may("confirm", "bool", "must be true", "False"),),
        changes=True,
    ),
    Command(
        "sessions",
        ("root",),
        "sessions:sessions",
        "Shows who is logged in; initiators that a TPG lets in without an ACL\n"
        "(generate_node_acls) by their names only, which is all the kernel tells. What\n"
        "it keeps of them after their logout (cache_dynamic_acls) cannot be seen; it\n"
        "goes when the TPG is deleted, or becomes the ACL that is created for them.\n\n"
        "Example: sessions detail",
        (
            may("action", "session_action", "list, or detail to see LUNs and addresses", "list"),
            may("sid", "sid", "only the session of this number"),
        ),
    ),
    Command(
        "version",
        ("root",),
        "config:version",
        "Shows the version of this program.\n\nExample: version",
    ),
)
