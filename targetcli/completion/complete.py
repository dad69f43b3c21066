# SPDX-License-Identifier: Apache-2.0
"""Complete a line that is being typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rtslib_ext.config.printable import has_controls
from rtslib_ext.errors import LioError, NotFound
from rtslib_ext.fast_dataclasses import replace

from ..command_table.command import Command, option_of
from ..command_table.table import command_of, commands_of
from ..env import Env
from ..language import grammar
from ..language.binding import parameter_of, without_switches
from ..language.grammar import Context, Place
from ..tree import Node, walk
from . import COMPLETERS, KEYWORDS, MORE, Ask, Candidate, completer
from .paths import below


def complete(env: Env, context: Context) -> list[Candidate]:
    """Return the completions of the word being typed, sorted; an empty list on errors.

    Reads from the kernel only what it needs, and changes, loads and locks nothing.
    """
    try:
        found = set(_candidates(env, context))
    except (LioError, OSError):
        return []
    # A quoted name is not a keyword.
    return sorted(item for item in found if not (context.quote and item.end == "="))


def continuation(context: Context, candidate: Candidate) -> str:
    """Return the text to append to a line of the shell for a candidate."""
    rest = candidate.value[len(context.partial) :]
    if not context.quote:
        return (grammar.quote(rest) if rest else "") + candidate.end
    if context.quote == "'":
        rest = rest.replace("'", "'\"'\"'")
    else:
        rest = rest.replace("\\", "\\\\").replace('"', '\\"')
    return rest + (context.quote + candidate.end if candidate.end else "")


def _candidates(env: Env, context: Context) -> Iterator[Candidate]:
    partial = context.partial
    here = walk.nearest(walk.root(env), env.session.cwd)
    if context.place in (Place.FIRST, Place.PATH):
        found = [*below(Ask(env, here, partial), here)]
        if context.place is Place.FIRST:
            found += map(Candidate, commands_of(here.kind))
        yield from _beginning(partial, found)
        return
    try:
        node = walk.first(here, context.path or ".")
    except NotFound:
        node, context = _split_command(here, context)
    if context.place is Place.COMMAND:
        yield from _beginning(partial, commands_of(node.kind))
        return
    command = command_of(node.kind, context.command)
    if command:
        yield from _beginning(partial, _of_command(env, node, command, context))


def _split_command(here: Node, context: Context) -> tuple[Node, Context]:
    """Split a path that ends in a command, such as /iscsi/create; raises NotFound."""
    owner, slash, name = context.path.rpartition("/")
    node = walk.first(here, owner + slash)
    if context.place is Place.COMMAND:
        return node, replace(context, place=Place.POSITIONAL, command=name)
    return node, replace(context, command=name, positional=(context.command, *context.positional))


def _beginning(partial: str, found: Iterable[str | Candidate]) -> Iterator[Candidate]:
    for item in found:
        candidate = Candidate(item) if isinstance(item, str) else item
        # A line break would end the line, even inside quotes, and others act on the terminal.
        if candidate.value.startswith(partial) and not has_controls(candidate.value):
            yield candidate


def _of_command(
    env: Env, node: Node, command: Command, context: Context
) -> Iterator[str | Candidate]:
    words, keywords, keyword = without_switches(command, context.positional, context.keywords)
    if context.place is Place.KEYWORD:
        keyword = parameter_of(command, context.keyword)
    names = [item.name for item in command.parameters]
    given = {**dict(zip(names, words, strict=False)), **keywords}
    ask = Ask(env, node, context.partial, given, tuple(words), keywords, keyword)
    if keyword:
        yield from _values(_of_keyword(command, keyword), ask)
        return
    if command.switches and context.partial.startswith("--"):
        for item in command.parameters:
            if item.name not in keywords:
                yield Candidate(option_of(item.name), " " if item.kind == "bool" else "=")
        return
    index = len(words)
    if index >= len(names) or (index and command.keywords):
        yield from _values(MORE.get(command.run), ask)
        return
    values = list(_values(COMPLETERS.get(command.parameters[index].kind), ask))
    yield from values
    # Offer names too, unless there are values and nothing was typed.
    if context.partial or not values:
        taken = {*names[:index], *keywords}
        yield from (Candidate(name, "=") for name in names if name not in taken)


def _of_keyword(command: Command, name: str) -> str | tuple[str, ...] | None:
    for item in command.parameters:
        if item.name == name:
            return COMPLETERS.get(item.kind)
    return KEYWORDS.get(command.run)


def _values(name: str | tuple[str, ...] | None, ask: Ask) -> Iterable[str | Candidate]:
    return completer(name)(ask) if name else ()
