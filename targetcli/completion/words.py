# SPDX-License-Identifier: Apache-2.0
"""Completes what neither the kernel nor a file of the host holds: topics, bookmarks, changes."""

from __future__ import annotations

from collections.abc import Iterator

from ..command_table.table import commands_of
from .candidates import Ask


def topics(ask: Ask) -> Iterator[str]:
    """What help knows of at the node."""
    yield from commands_of(ask.node.kind)
    yield "search"


def names(ask: Ask) -> Iterator[str]:
    """What can be searched for."""
    # Imported here: it loads every table there is.
    from ..commands.search import entries

    if ask.given.get("topic") == "search":
        yield from (entry.name for entry in entries())


def bookmarks(ask: Ask) -> Iterator[str]:
    """The user's bookmarks; one that is added has a new name."""
    if ask.given.get("action") != "add":
        yield from ask.env.prefs.bookmarks


def changes(ask: Ask) -> Iterator[str]:
    """The numbers of the changes that are kept."""
    # Imported here: the commands of this module's other words need none of it.
    from ..audit import history

    yield from map(str, history.numbers(ask.env.history))
