# SPDX-License-Identifier: Apache-2.0
"""help: describe commands and settings, and search them."""

from __future__ import annotations

from rtslib_ext import schema
from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.fast_dataclasses import asdict

from ..command_table.command import description, facts, syntax
from ..command_table.table import ALIASES, commands_of
from ..env import Env
from ..result import Result, show
from ..settings import Group
from ..tree import Node, walk
from ..views import settings

_SEARCH = "search"


def show_help(env: Env, node: Node, topic: str | None, word: list[str]) -> Result:
    """Show the commands of a node, describe a command or setting, or search for words."""
    if topic == _SEARCH:
        return _search(word)
    if word:
        raise InvalidValue("help describes one command at a time", hint="help search finds words")
    known = commands_of(node.kind)
    topic = ALIASES.get(topic, topic) if topic else None
    if topic is None:
        lines = settings.help_topics([syntax(command)[0] for command in known.values()])
        return show(lines, lambda: {"commands": [facts(command) for command in known.values()]})
    if topic not in known and (lines := _setting(env, node, topic)):
        return Result(lines, data=lambda: {"commands": []})
    if topic not in known:
        # Imported here: only an error needs it.
        from .. import closest

        hint = closest.hint(topic, known, f"help search {topic} searches everything")
        raise NotFound(f"Cannot find help topic {topic}.", hint=hint)
    line, defaults = syntax(known[topic])
    lines = settings.help_command(line, defaults, description(known[topic]))
    return show(lines, lambda: {"commands": [facts(known[topic])]})


def _search(words: list[str]) -> Result:
    # Imported here: it loads all tables.
    from . import search

    words = [part for word in words for part in word.split()]
    if not words:
        raise InvalidValue("help search needs a word to look for", hint="help search timeout")
    found = search.find(words)
    if not found:
        raise NotFound(f"Nothing contains {' and '.join(words)} in its name or text")
    return show(
        [entry.line for entry in found], lambda: {"found": [asdict(entry) for entry in found]}
    )


def _setting(env: Env, node: Node, name: str) -> list[str]:
    """Describe a setting of this node or a preference; an empty list if it is unknown."""
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
