# SPDX-License-Identifier: Apache-2.0
"""The commands of each kind of node.

The shell, one-shot commands, completion, help and the manual read this table.
"""

from __future__ import annotations

from functools import cache

from . import rows
from .command import Command

# Names that other programs have for these commands.
ALIASES = {"?": "help", "quit": "exit", "remove": "delete", "rm": "delete"}


@cache
def commands_of(kind: str) -> dict[str, Command]:
    """Return the commands of a kind of node by name."""
    found = (row for row in rows.every_row() if "*" in row.on or kind in row.on)
    return {row.name: row for row in sorted(found, key=lambda row: row.name)}
