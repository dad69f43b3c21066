# SPDX-License-Identifier: Apache-2.0
"""Completers for help topics, bookmarks and changes."""

from __future__ import annotations

from collections.abc import Iterator

from ..command_table.rows import every_row
from ..command_table.table import commands_of
from . import paths
from .candidates import Ask, Candidate


def topics(ask: Ask) -> Iterator[str]:
    """Return the topics of help at the node; once a letter is typed, those of others too."""
    yield from commands_of(ask.node.kind)
    yield "search"
    if ask.partial:
        yield from (row.name for row in every_row())
        yield from (kind for row in every_row() for kind in row.on if kind != "*")


def names(ask: Ask) -> Iterator[str]:
    """Return the names that help search finds, or the commands of a kind of node."""
    topic = ask.given.get("topic", "")
    if topic != "search":
        yield from (row.name for row in every_row() if topic in row.on)
        return
    # Imported here: it loads all tables.
    from ..commands.search import entries

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


def host_systems(ask: Ask) -> Iterator[str]:
    """Return the systems for which there are recipes."""
    # Imported here: the other completers of this module do not need it.
    from rtslib_ext.recipes.systems import SYSTEMS

    yield from (system.name for system in SYSTEMS)


def stats_columns(ask: Ask) -> Iterator[str]:
    """Return the columns of stats, with rates if there is an interval."""
    # Imported here: the other completers of this module do not need it.
    from rtslib_ext.statistics import columns, facts

    yield "path"
    for kind in columns.KINDS:
        yield from facts.names(kind, rates=True)


def stats_paths(ask: Ask) -> Iterator[str | Candidate]:
    """Return paths of the tree, and mib."""
    yield "mib"
    yield from paths.shell_paths(ask)


def known(ask: Ask) -> Iterator[str | Candidate]:
    """Return what the command what finds: paths of the tree, files, and names of objects."""
    if ask.partial.startswith("/"):
        yield from paths.shell_paths(ask)
        yield from paths.any_files(ask)
        return
    # Imported here: no other completion reads the graph.
    from rtslib_ext.graph import model, read

    for vertex in read.graph(ask.node.reader).of_kind(model.INITIATOR, model.STORAGE_OBJECT):
        yield vertex.name
        yield from vertex.fact("tags").split(", ") if vertex.fact("tags") else ()


def rule_names(ask: Ask) -> Iterator[str]:
    """Return the rules of check, after those that are typed already."""
    # Imported here: the other completers of this module do not need it.
    from rtslib_ext.checks.rules import RULES

    typed = ask.partial.rpartition(",")[0]
    before = f"{typed}," if typed else ""
    yield from (f"{before}{rule.name}" for rule in RULES if rule.name not in typed.split(","))


def foreign_formats(ask: Ask) -> Iterator[str]:
    """Return the formats of files of other SCSI targets."""
    # Imported here: only import and export need them.
    from rtslib_ext.foreign import FORMATS

    yield from FORMATS


def export_formats(ask: Ask) -> Iterator[str]:
    """Return the formats of export."""
    # Imported here: only export needs it.
    from ..commands.export import formats

    yield from formats()
