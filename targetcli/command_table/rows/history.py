# SPDX-License-Identifier: Apache-2.0
"""The commands for earlier changes: undo, redo, history, revert."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may, need
from . import DRY_RUN

ROWS = (
    Command(
        "undo",
        EVERYWHERE,
        "history:undo",
        "Undoes the last change of this session, completely or not at all. Repeated, it\n"
        "undoes the change before that, back to the start of the session. It shows each\n"
        "step, and does not overwrite a setting that was changed since by another user or\n"
        "program. If initiators would be interrupted, it needs --yes or an answer. Files\n"
        "created for storage objects are kept, and a ramdisk is empty again. For\n"
        "changes of earlier sessions, use history and revert.\n\n"
        "Example: undo --dry-run",
        (DRY_RUN,),
        changes=True,
        verbose=True,
        switches=True,
    ),
    Command(
        "redo",
        EVERYWHERE,
        "history:redo",
        "Repeats the change that undo reversed, completely or not at all. Repeated, it\n"
        "redoes what the undo before that undid. Any other change ends this. Outside the\n"
        "shell, redoes what the last undo or revert undid, unless another change followed.\n\n"
        "Example: redo --dry-run",
        (DRY_RUN,),
        changes=True,
        switches=True,
    ),
    Command(
        "history",
        EVERYWHERE,
        "history:history",
        "Lists the changes made with this program, the latest one last: time, user,\n"
        "origin and command. Below the root, lists the changes of that node and of the\n"
        "nodes below it. With a number, or with --last, shows one change with each value\n"
        "before and after it. The last 500 changes are kept, without passwords.\n\n"
        "Example: history --last",
        (
            may("number", "change_number", "show only the change with this number, in detail"),
            may("last", "bool", "show only the last change, in detail", "False"),
        ),
        switches=True,
    ),
    Command(
        "revert",
        EVERYWHERE,
        "history:revert",
        "Reverts one change from the history, and keeps later ones, completely or not at\n"
        "all. It is refused if later changes depend on the change, if part of it was\n"
        "undone already, or if it needs a password, because passwords are not kept. If\n"
        "initiators would be interrupted, it needs --yes before the command, or an\n"
        "answer. A revert is a change too, and can itself be reverted.\n\n"
        "Example: revert 1 --dry-run",
        (
            need("number", "change_number", "the number of the change, as history shows it"),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
)
