# SPDX-License-Identifier: Apache-2.0
"""The commands of the root for the whole configuration: save, restore, clear."""

from __future__ import annotations

from ...env import SAVE_FILE
from ..command import EVERYWHERE, Command, may

ROWS = (
    Command(
        "saveconfig",
        ("root",),
        "saveconfig:saveconfig",
        "Saves the running configuration, so that it is restored at the next boot. Keeps\n"
        "the previous file as a backup. Objects that could not be restored stay in the\n"
        "file, with a note.\n"
        "With owner, writes a fragment with the objects of this owner; without a file into\n"
        "conf.d beside the save file, as OWNER.json. With target and a file, writes that\n"
        "target and the storage objects that it exports. apply --owner takes both, and finds\n"
        "nothing to change.\n\n"
        "Example: saveconfig",
        (
            may("savefile", "save_file", "the file to write", SAVE_FILE),
            may(
                "drop_missing",
                "bool",
                "drop objects and settings that could not be restored",
                "False",
            ),
            may("owner", "owner", "write the objects of this owner as a fragment"),
            may("target", "iscsi_target", "write this target as a fragment"),
        ),
        changes=True,
    ),
    Command(
        "restoreconfig",
        ("root",),
        "restoreconfig:restoreconfig",
        "Restores the configuration in a file or backup. Skips and reports objects that\n"
        "cannot be restored, and those whose path leads to another disk than the saved\n"
        "one, unless --yes is given; the exit status is then 1.\n"
        "With clear_existing, a file that lacks running objects of an owner is refused, and\n"
        "nothing is cleared, unless --yes is given before the command.\n\n"
        "Example: restoreconfig /etc/target/saveconfig.json clear_existing=true",
        (
            may(
                "savefile",
                "saved_file",
                "the file to restore, or a backup: its name or @1",
                SAVE_FILE,
            ),
            may("clear_existing", "bool", "delete the running configuration first", "False"),
            may(
                "target",
                "saved_target",
                "restore only the target with this WWN and the storage objects it exports",
            ),
            may(
                "storage_object",
                "saved_storage_object",
                "restore only the storage object with this name",
            ),
            may(
                "keep_existing",
                "bool",
                "create missing objects only, and set what an earlier restore could not",
                "False",
            ),
            may(
                "create_missing",
                "bool",
                "create missing files, empty; if omitted, the preference of this name decides",
            ),
        ),
        changes=True,
    ),
    Command(
        "restore_pending",
        ("root",),
        "pending:restore_pending",
        "Restores what the last restore could not, as far as its devices, file systems and\n"
        "addresses exist now. A target that does not exist yet is created when it is\n"
        "complete. A rule of udev runs it when a device appears.\n\n"
        "Example: restore_pending",
        (
            may("savefile", "saved_file", "restore the ready part of this file, and note the rest"),
            may(
                "partial",
                "bool",
                "create targets without the missing LUNs, and report what cannot be restored",
                "False",
            ),
        ),
        changes=True,
    ),
    Command(
        "backups",
        EVERYWHERE,
        "backups:backups",
        "Lists the backups of the save file and the file itself, the oldest first: when\n"
        "each was written, and the number of changes from the one before, by sign as in\n"
        "diff. Each save first makes a backup of the file that it replaces. With a name\n"
        "or number, shows these changes. restoreconfig, diff and apply accept both, too:\n"
        "@1 is the newest backup.\n\n"
        "Example: backups",
        (may("name", "backup", "show the changes in this backup"),),
    ),
    Command(
        "clearconfig",
        ("root",),
        "clear:clearconfig",
        "Deletes the whole running configuration. Files and disks keep their data; the\n"
        "saved configuration is not changed.\n\n"
        "Example: clearconfig confirm=true",
        (
            may("confirm", "bool", "must be true", "False"),
            may(
                "savefile",
                "saved_file",
                "the file to restore next: if this command is killed, that restore completes it",
            ),
        ),
        changes=True,
    ),
    Command(
        "version",
        ("root",),
        "version:version",
        "Shows the version of this program; with -v also what the running kernel has and\n"
        "lacks of the settings and behaviours that differ between kernels.\n\n"
        "Example: version",
        verbose=True,
    ),
)
