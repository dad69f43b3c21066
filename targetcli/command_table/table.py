# SPDX-License-Identifier: Apache-2.0
"""The commands of each kind of node.

The shell, one-shot commands, completion, help and the manual read this table.
"""

from __future__ import annotations

from functools import cache

from . import rows
from .command import Command

# Names that other programs have for these commands.
ALIASES = {"?": "help", "igroup": "group", "quit": "exit", "remove": "delete", "rm": "delete"}


@cache
def commands_of(kind: str) -> dict[str, Command]:
    """Return the commands of a kind of node by name."""
    names = {row.name for row in rows.every_row() if "*" in row.on or kind in row.on}
    found = (command_of(kind, name) for name in sorted(names))
    return {row.name: row for row in found if row}


def command_of(kind: str, name: str) -> Command | None:
    """Return one command of a kind of node; None if it has none of this name.

    A row of that kind counts before one of every kind.
    """
    found = [row for row in rows.rows_of(name) if "*" in row.on or kind in row.on]
    return min(found, key=lambda row: "*" in row.on, default=None)
