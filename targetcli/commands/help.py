# SPDX-License-Identifier: Apache-2.0
"""Help: the commands of a node, what one does, what a setting means, what has a word in it."""

from __future__ import annotations

from rtslib_ext import schema
from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.records import asdict

from ..env import Env
from ..nodes import Node
from ..result import Result, show
from ..views import groups
from .command import description, facts, syntax
from .table import commands_of

_SEARCH = "search"


def show_help(
    env: Env, node: Node, topic: str | None = None, word: list[str] | None = None
) -> Result:
    """Show the commands of a node, tell about one, or find what has some words in it."""
    if topic == _SEARCH:
        return _search(word or [])
    if word:
        raise InvalidValue("help tells about one command at a time", hint="help search finds words")
    known = commands_of(node.kind)
    if topic is None:
        lines = groups.help_topics([syntax(command)[0] for command in known.values()])
        return show(lines, lambda: {"commands": [facts(command) for command in known.values()]})
    if topic not in known and (told := _setting(node, topic)):
        return Result(told, data=lambda: {"commands": []})
    if topic not in known:
        raise NotFound(f"Cannot find help topic {topic}.", hint="help lists the commands here")
    line, defaults = syntax(known[topic])
    lines = groups.help_command(line, defaults, description(known[topic]))
    return show(lines, lambda: {"commands": [facts(known[topic])]})


def _search(words: list[str]) -> Result:
    # Imported here: it imports all tables.
    from . import search

    words = [part for word in words for part in word.split()]
    if not words:
        raise InvalidValue("help search needs a word to look for", hint="help search timeout")
    found = search.find(words)
    if not found:
        raise NotFound(f"Nothing has {' and '.join(words)} in its name or text")
    return show(
        [entry.line for entry in found], lambda: {"found": [asdict(entry) for entry in found]}
    )


def _setting(node: Node, name: str) -> list[str]:
    """What the tables tell of a setting of this node."""
    for group in node.groups():
        known = group.known(name) if name in group.names(node.fs) else None
        if known:
            return [
                f"{name} ({group.name})",
                known.text,
                schema.facts(known),
                f"Source: {known.source}.",
            ]
    return []
