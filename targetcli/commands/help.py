# SPDX-License-Identifier: Apache-2.0
"""Help: the commands of a node, what one does, what a setting means, what has a word in it."""

from __future__ import annotations

from rtslib_ext import schema
from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.fast_dataclasses import asdict

from ..command_table.command import description, facts, syntax
from ..command_table.table import commands_of
from ..env import Env
from ..result import Result, show
from ..settings import Group
from ..tree import Node, walk
from ..views import settings

_SEARCH = "search"


def show_help(env: Env, node: Node, topic: str | None, word: list[str]) -> Result:
    """Show the commands of a node, tell about one, or find what has some words in it."""
    if topic == _SEARCH:
        return _search(word)
    if word:
        raise InvalidValue("help tells about one command at a time", hint="help search finds words")
    known = commands_of(node.kind)
    if topic is None:
        lines = settings.help_topics([syntax(command)[0] for command in known.values()])
        return show(lines, lambda: {"commands": [facts(command) for command in known.values()]})
    if topic not in known and (told := _setting(env, node, topic)):
        return Result(told, data=lambda: {"commands": []})
    if topic not in known:
        raise NotFound(
            f"Cannot find help topic {topic}.", hint=f"help search {topic} looks everywhere"
        )
    line, defaults = syntax(known[topic])
    lines = settings.help_command(line, defaults, description(known[topic]))
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


def _setting(env: Env, node: Node, name: str) -> list[str]:
    """What the tables tell of a setting of this node, or of a preference."""
    for group in walk.groups_of(node).values():
        if name not in group.names(node.fs):
            continue
        if known := group.known(name):
            told = [known.text, schema.facts(known), f"Source: {known.source}."]
        else:
            told = _row(group, node, name)
        if told:
            return [f"{name} ({group.name})", *told]
    return []


def _row(group: Group, node: Node, name: str) -> list[str]:
    """What a group itself tells of a setting that no table of the kernel's has."""
    text, choices = group.row(node.fs, name).text, group.choices(name)
    takes = f"Takes {', '.join(choices)}. " if choices else ""
    return [text, f"{takes}Default: {group.default(name)}."] if text else []
