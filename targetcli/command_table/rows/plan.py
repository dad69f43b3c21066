# SPDX-License-Identifier: Apache-2.0
"""The commands of the root that compare what runs with what is wanted."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may, need
from . import DRY_RUN

ROWS = (
    Command(
        "diff",
        ("root",),
        "plan:diff",
        "Shows what apply would do to make what runs equal to a file. A line begins\n"
        "with + for an object that is made, ~ for one that is changed, ± for one that\n"
        "is taken away and made again, and a minus for one that is taken away; disturbs:\n"
        "names who has something in use that goes. With a\n"
        "second file it goes from the first to the second, and asks no kernel. The exit\n"
        "status is 0 when both are the same, 1 when they differ, 2 when that could not\n"
        "be told.\n\n"
        "Example: diff /etc/target/saveconfig.json",
        (
            may("file", "saved_file", "what is wanted; without it, the saved configuration"),
            may("other", "saved_file", "what is wanted, and file is what there is"),
        ),
        failed=2,
    ),
    Command(
        "apply",
        ("root",),
        "plan:apply",
        "Makes what runs equal to a file, by the fewest changes, all of them or none.\n"
        "Objects that are equal are not touched: who uses them notices nothing. Where\n"
        "somebody is disturbed it says whom, and wants --yes before the command, or an\n"
        "answer at the terminal.\n\n"
        "Example: apply /etc/target/saveconfig.json --dry-run",
        (
            need("file", "saved_file", "what is wanted; a backup can be given as it is"),
            may("merge", "bool", "add and change, take nothing away", "False"),
            may("target", "saved_target", "only the target of this WWN, with what it exports"),
            may("storage_object", "saved_storage_object", "only the storage object of this name"),
            DRY_RUN,
            may("confirm_within", "duration", "go back unless confirm comes in time: 60s, 2m, 1h"),
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "confirm",
        ("root",),
        "confirm:confirm",
        "Keeps what apply --confirm-within did, which goes back by itself otherwise, also\n"
        "when the connection over which it was made is gone. While it waits, no other\n"
        "plan is applied.\n\n"
        "Example: confirm status",
        (may("action", "confirm_action", "keep it, tell its status, or take it back now", "keep"),),
        changes=True,
    ),
    Command(
        "recover",
        ("root",),
        "plan:recover",
        "Ends a change that was cut off half way, when its process was killed: takes\n"
        "it back, or does the rest of it; where that fails, all of it is taken back.\n\n"
        "Example: recover",
        (may("action", "recover_action", "undo takes it back, finish does the rest", "undo"),),
        changes=True,
    ),
    Command(
        "begin",
        EVERYWHERE,
        "transaction:begin",
        "Collects the changes of the lines that follow instead of doing them: they see\n"
        "what those before them would have made. diff shows what there is so far, commit\n"
        "does all of it or nothing, rollback forgets it. Preferences and bookmarks are\n"
        "set at once. What cannot be taken back is refused: clearconfig, restoreconfig,\n"
        "recover, changemedium. For a file of lines there is --batch.\n\n"
        "Example: begin",
    ),
    Command(
        "commit",
        EVERYWHERE,
        "transaction:commit",
        "Does all changes collected since begin, or none of them when one is refused;\n"
        "then they stay collected.\n\n"
        "Example: commit",
    ),
    Command(
        "rollback",
        EVERYWHERE,
        "transaction:rollback",
        "Forgets the changes collected since begin.\n\nExample: rollback",
    ),
)
