# SPDX-License-Identifier: Apache-2.0
"""Completers for help topics, bookmarks and changes."""

from __future__ import annotations

from collections.abc import Iterator

from ..command_table.table import commands_of
from .candidates import Ask


def topics(ask: Ask) -> Iterator[str]:
    """Return the topics of help at the node."""
    yield from commands_of(ask.node.kind)
    yield "search"


def names(ask: Ask) -> Iterator[str]:
    """Return the names that help search finds."""
    # Imported here: it loads all tables.
    from ..commands.search import entries

    if ask.given.get("topic") == "search":
        yield from (entry.name for entry in entries())


def bookmarks(ask: Ask) -> Iterator[str]:
    """Return the bookmarks, except for add, which needs a new name."""
    if ask.given.get("action") != "add":
        yield from ask.env.prefs.bookmarks


def changes(ask: Ask) -> Iterator[str]:
    """Return the numbers of the recorded changes."""
    # Imported here: the other completers of this module do not need it.
    from ..audit import history

    yield from map(str, history.numbers(ask.env.history))
