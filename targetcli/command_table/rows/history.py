# SPDX-License-Identifier: Apache-2.0
"""The commands that look back on changes, and take them back."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may, need
from . import DRY_RUN

ROWS = (
    Command(
        "undo",
        EVERYWHERE,
        "history:undo",
        "Takes the last change of this session back, all of it or nothing; once more,\n"
        "the one before, as far as the session goes. What it does is shown line by\n"
        "line. A setting that somebody else changed since is not overrun, and where\n"
        "somebody is disturbed it wants --yes or an answer. Files that were made for\n"
        "storage objects stay, and a ramdisk comes back empty. Afterwards, history and\n"
        "revert tell of the change and take it back.\n\n"
        "Example: undo",
        changes=True,
    ),
    Command(
        "history",
        ("root",),
        "history:history",
        "Lists the changes that were made with this program, the last one at the end:\n"
        "when, by whom, from where, with which command. With a number it shows one of\n"
        "them, each value before and after. The last 500 are kept, passwords are not.\n\n"
        "Example: history",
        (may("number", "change_number", "only the change of this number, with its values"),),
    ),
    Command(
        "revert",
        ("root",),
        "history:revert",
        "Takes a change of the history back and leaves what was done since, all of it\n"
        "or nothing. It is refused where later changes rest on it, where part of it\n"
        "was taken back already, and where it needs a password, for these are not kept.\n"
        "Where somebody is disturbed it wants --yes before the command, or an answer.\n"
        "Taking it back is a change, too, so it can be taken back.\n\n"
        "Example: revert 1 --dry-run",
        (
            need("number", "change_number", "the number that history shows"),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
)
