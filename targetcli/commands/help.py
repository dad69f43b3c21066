# SPDX-License-Identifier: Apache-2.0
"""help: describe commands and settings, and search them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.fast_dataclasses import asdict

from ..command_table import groups, places
from ..command_table.command import Command
from ..command_table.command import facts as facts_of
from ..command_table.rows import every_row, rows_of
from ..command_table.table import ALIASES, command_of, commands_of
from ..env import Env
from ..language.grammar import quote
from ..result import Result, show
from ..settings import Group
from ..tree import Node, walk
from ..views import help as view
from ..views import terminal_width

if TYPE_CHECKING:
    from . import search

_SEARCH = "search"
_RANGES = (
    "A range (disk[1-9]) or a pattern of existing names (disk*) stands for several objects; all "
    "of them are changed, or none."
)


def show_help(env: Env, node: Node, topic: str | None, word: list[str]) -> Result:
    """List the commands of a node, describe a command or setting, or search for words."""
    if topic == _SEARCH:
        result = _search(env, word)
    elif topic is None:
        result = _list(env, node.kind)
    elif word:
        result = _topic_at(env, node, topic, word)
    else:
        result = _topic(env, node, topic)
    result.pages = True
    return result


def _list(env: Env, kind: str, place: str = "") -> Result:
    """List the commands of a kind of node; ``place`` names a node other than the current one."""
    known = commands_of(kind)
    listed = {
        title: [_entry(row) for row in rows]
        for title, rows in groups.grouped(known.values()).items()
    }
    if env.on_terminal:
        lines = view.command_table(listed, _width(env), in_shell=env.session.several)
    else:
        lines = view.command_list(listed, place, in_shell=env.session.several)
    return _show(lines, known.values())


def _topic_at(env: Env, node: Node, where: str, words: Sequence[str]) -> Result:
    """Describe a command of the node at a path, or of a kind of node: ``help luns create``."""
    found = _node(node, where)
    if len(words) > 1 or (found is None and where not in _kinds()):
        hint = f"help {where}" if rows_of(where) else "help search finds words"
        raise InvalidValue("help describes one command at a time", hint=hint)
    if found is not None:
        return _topic(env, found, words[0])
    name = ALIASES.get(words[0], words[0])
    rows = [row for row in rows_of(name) if where in row.on]
    return _describe(env, rows[0]) if rows else _topic(env, node, name)


def _topic(env: Env, node: Node, topic: str) -> Result:
    """Describe a command or setting, of this node if it has it."""
    name = ALIASES.get(topic, topic)
    if command := command_of(node.kind, name):
        return _describe(env, command, node)
    if lines := _setting(node, name):
        return Result(_wrapped(env, lines), data=lambda: {"commands": []})
    if rows := rows_of(name):
        return _elsewhere(env, rows)
    if found := _node(node, topic):
        return _list(env, found.kind, found.path)
    if topic in _kinds():
        return _list(env, topic, topic)
    return _named(env, name)


def _node(node: Node, where: str) -> Node | None:
    """Return the node at a path, which may be relative to the root too."""
    return walk.find(node, where) or walk.find(node, f"/{where}")


def _kinds() -> set[str]:
    return {kind for row in every_row() for kind in row.on} - {"*"}


def _named(env: Env, name: str) -> Result:
    """List the settings and parameters of other nodes with a name."""
    # Imported here: it loads all tables.
    from .. import closest
    from . import search

    found = [entry for entry in search.entries() if entry.name == name]
    if not found:
        known = [row.name for row in every_row()]
        hint = closest.hint(name, known, f"help search {name} searches everything")
        raise NotFound(f"Cannot find help topic {name}.", hint=hint)
    return _found(env, found)


def _elsewhere(env: Env, rows: Sequence[Command]) -> Result:
    """Describe a command of another kind of node, or list the kinds that have it."""
    if len(rows) == 1:
        return _describe(env, rows[0])
    listed = [(places.of(row), row.on[0], row.summary) for row in rows]
    return _show(view.places(rows[0].name, listed, _width(env)), rows)


def _describe(env: Env, row: Command, node: Node | None = None) -> Result:
    about = [row.about]
    if node is None:
        about.insert(0, f"A command of {places.of(row)}.")
    if any(item.many for item in row.parameters):
        about.append(_RANGES)
    if groups.is_new(row):
        about.append("targetcli-fb does not have this command.")
    where = (node.kind, quote(node.path)) if node else ("", "")
    example = places.example(row, *where)
    program = "" if env.session.several else "targetcli "
    described = view.Description(
        _syntax(row),
        _defaults(row),
        about,
        [(item.name, item.text) for item in row.parameters if item.text],
        [f"{program}{example}"] if row.example else [],
    )
    return _show(
        view.command_help(described, _width(env), at_terminal=env.on_terminal),
        [row],
    )


def _entry(row: Command) -> view.Entry:
    return view.Entry(row.name, _syntax(row), row.summary, groups.is_new(row))


def _syntax(row: Command) -> str:
    required = [item.name for item in row.parameters if item.required]
    optional = [item.name for item in row.parameters if not item.required]
    return view.syntax_line(row.name, required, optional, row.more, row.keywords)


def _defaults(row: Command) -> str:
    return view.defaults_line(
        {item.name: item.default for item in row.parameters if not item.required}
    )


def _show(lines: list[str], rows: Iterable[Command]) -> Result:
    def data() -> object:
        return {
            "commands": [
                facts_of(row, places.of(row), groups.of(row), new=groups.is_new(row))
                for row in rows
            ]
        }

    return show(lines, data)


def _width(env: Env) -> int:
    return terminal_width(env.stdout, view.WIDTH)


def _wrapped(env: Env, lines: list[str]) -> list[str]:
    """Return lines wrapped at the width of a terminal; without one, each stays one line."""
    return view.paragraphs(lines, _width(env)) if env.on_terminal else lines


def _search(env: Env, words: list[str]) -> Result:
    # Imported here: it loads all tables.
    from . import search

    words = [part for word in words for part in word.split()]
    if not words:
        raise InvalidValue("help search needs a word to look for", hint="help search timeout")
    found = search.find(words)
    if not found:
        raise NotFound(f"Nothing contains {' and '.join(words)} in its name or text")
    return _found(env, found)


def _found(env: Env, found: Sequence[search.Entry]) -> Result:
    lines = [entry.line for entry in found]
    if env.on_terminal:
        lines = view.entries(lines, _width(env))
    return show(lines, lambda: {"found": [asdict(entry) for entry in found]})


def _setting(node: Node, name: str) -> list[str]:
    """Describe a setting of this node or a preference; an empty list if it is unknown."""
    # Imported here: a command needs none of the tables of settings.
    from rtslib_ext import schema

    for group in walk.groups_of(node).values():
        if name not in group.names(node.fs):
            continue
        if known := group.known(name):
            lines = [known.text, schema.facts(known), f"Source: {known.source}."]
        else:
            lines = _row(group, node, name)
        if lines:
            return [f"{name} ({group.name})", *lines]
    return []


def _row(group: Group, node: Node, name: str) -> list[str]:
    """Describe a setting that is not in the schema, from its group."""
    text, choices = group.row(node.fs, name).text, group.choices(name)
    takes = f"Takes {', '.join(choices)}. " if choices else ""
    return [text, f"{takes}Default: {group.default(name)}."] if text else []
