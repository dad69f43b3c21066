# SPDX-License-Identifier: Apache-2.0
"""The commands that compare and apply whole configurations, and those of a transaction."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may
from . import DRY_RUN

ROWS = (
    Command(
        "diff",
        EVERYWHERE,
        "diff:diff",
        "Compares the running configuration with a file: shows the changes that apply would\n"
        "make. First lists the sessions, reservations and I/O that the changes would\n"
        "interrupt. A line begins with + for an object to create, ~ to change, ± to\n"
        "recreate and - to delete; with -v, each step has a line. With a second file,\n"
        "compares the two files and does not read the kernel. Below the root, shows the\n"
        "part of that node: of a target with the storage objects that it exports. In a\n"
        "transaction and without a file, shows the queued changes. With owner, shows the\n"
        "changes that apply --owner would make. The exit status is 0 if both are the\n"
        "same, 1 if they differ, 2 if they cannot be compared.\n\n"
        "Example: diff /etc/target/saveconfig.json",
        (
            may("file", "saved_file", "the file to compare with; the save file if omitted"),
            may("other", "saved_file", "a second file; the changes lead from file to this one"),
            may("owner", "owner", "compare with the fragment of this owner; conf.d if no file"),
        ),
        failed=2,
        verbose=True,
    ),
    Command(
        "apply",
        EVERYWHERE,
        "apply:apply",
        "Changes the running configuration to equal a file, with as few changes as\n"
        "possible, all of them or none. Objects that are equal already are not touched,\n"
        "and their sessions continue. At /, applies the whole file. At a target or below\n"
        "it, applies only that target and the storage objects it exports; at a storage\n"
        "object, only that. If initiators would be interrupted, lists them and needs --yes\n"
        "before the command, or an answer at the terminal.\n"
        "The apply of a whole file changes and deletes no running object that has an\n"
        "owner: a note lists those that the file lacks or has with other values. At a\n"
        "target or storage object, and with target or storage_object, the file decides.\n"
        "With --owner, the file is a fragment: a source such as csi or pool1 owns the storage\n"
        "objects and targets in it. Creates and changes these, deletes what the owner had\n"
        "before and the fragment lacks, and touches nothing else. An object that belongs to\n"
        "another owner, or to none, is refused unless --adopt is given. An entry of a\n"
        "target with nothing but ACLs stands for these ACLs in a target of another owner.\n"
        "A fragment in conf.d beside the save file has the owner that it is named after;\n"
        "a directory stands for all fragments in it, each with its own owner. The\n"
        "networks that may reach its portals are in the fragment as in the save file;\n"
        "without that key they are not changed. undo, revert and confirm back restore\n"
        "networks and owners, too.\n\n"
        "Example: apply --dry-run",
        (
            may(
                "file",
                "saved_file",
                "the file to apply, or a backup: its name or @1; the save file if omitted",
            ),
            may("merge", "bool", "create and change objects, delete none", "False"),
            may(
                "target",
                "saved_target",
                "apply only the target with this WWN and the storage objects it exports",
            ),
            may(
                "storage_object",
                "saved_storage_object",
                "apply only the storage object with this name",
            ),
            DRY_RUN,
            may(
                "confirm_within",
                "duration",
                "roll back automatically unless confirmed within this time: 60s, 2m, 1h",
            ),
            may("owner", "owner", "apply the file as the fragment of this owner"),
            may("adopt", "bool", "take over objects of other owners, or of none", "False"),
            may("remove", "bool", "delete all that the owner has, without a file", "False"),
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "confirm",
        EVERYWHERE,
        "confirm:confirm",
        "Keeps the changes of apply --confirm-within. Without it they are rolled back\n"
        "automatically when the time has passed, even if the connection to this host is\n"
        "lost. While changes wait for confirmation, no other file can be applied.\n"
        "If the process that rolls them back was killed, the next command that changes\n"
        "something does it once the time has passed; watch starts that process again.\n\n"
        "Example: confirm status",
        (
            may(
                "action",
                "confirm_action",
                "keep the changes, show their status, roll back now, or wait again (watch)",
                "keep",
            ),
        ),
        changes=True,
    ),
    Command(
        "recover",
        EVERYWHERE,
        "recover:recover",
        "Rolls back or completes a change that was interrupted: its process was killed.\n"
        "If it cannot be completed, it is rolled back.\n\n"
        "Example: recover",
        (
            may(
                "action",
                "recover_action",
                "undo rolls the change back, finish completes it",
                "undo",
            ),
        ),
        changes=True,
    ),
    Command(
        "begin",
        EVERYWHERE,
        "transaction:begin",
        "Starts a transaction: changes are queued, and later commands see the queued\n"
        "changes as if they were made. diff shows them, commit makes all of them or none,\n"
        "rollback discards them. A line with --dry-run shows its changes and queues none.\n"
        "Preferences and bookmarks are set at once. Commands that cannot be rolled back\n"
        "are refused: clearconfig, restoreconfig, recover, changemedium. To run a file of\n"
        "commands as one transaction, use --batch.\n\n"
        "Example: begin",
    ),
    Command(
        "commit",
        EVERYWHERE,
        "transaction:commit",
        "Makes all changes queued since begin. If one of them is refused, makes none and\n"
        "keeps them queued.\n\n"
        "Example: commit",
    ),
    Command(
        "rollback",
        EVERYWHERE,
        "transaction:rollback",
        "Discards the changes queued since begin.\n\nExample: rollback",
    ),
)
