# SPDX-License-Identifier: Apache-2.0
"""Slips of typing: refused where they would do what nobody means, and what helps said of others."""

from __future__ import annotations

import re

from rtslib_ext.errors import InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import replace

from .. import options
from ..command_table.command import Command, option_of
from ..command_table.table import commands_of
from ..env import Env
from ..tree import Node, walk
from . import ranges
from .grammar import Argument, Line, quote, written

_KEYWORD = re.compile(r"[A-Za-z0-9_-]+=")
_ANOTHER = re.compile(r"[ \t\r\n]([A-Za-z0-9_-]+)=")
# Kinds of parameters that name a node below the one that has the command.
_NAMES = (*ranges.CHILDREN, "alua_group_name", "acl_tag")
_CREDENTIAL = re.compile("userid|password", re.IGNORECASE)


def refuse_apart(line: Line) -> None:
    """``userid= password=x`` would set userid to "password=x": a blank parts them too late."""
    for argument in line.arguments:
        if argument.apart and _KEYWORD.match(argument.value):
            raise InvalidValue(
                f"{argument.key}= is followed by a blank and another NAME=VALUE",
                hint=f"write {argument.key}='' to give it no value",
            )


def refuse_joined(env: Env, node: Node, command: Command, line: Line) -> None:
    """``"userid=u password=x"`` as one word of argv would set userid to "u password=x"."""
    for argument in line.arguments:
        if not (command.keywords and argument.key and _is_as_typed(line, argument)):
            continue
        for found in _ANOTHER.finditer(argument.value):
            if _CREDENTIAL.search(found[1]) or found[1] in _settings(env, node, command, line):
                raise InvalidValue(
                    f"{argument.key}= and {found[1]}= are in one word",
                    path=node.path,
                    hint="give each NAME=VALUE as a word of its own",
                )


def advise(err: LioError, line: Line) -> None:
    """Add to an error what helps where a word of argv has several values in it."""
    words = (item.value for item in line.arguments if _is_as_typed(line, item))
    if any(len(word.split()) > 1 for word in words):
        err.hint = "; ".join(filter(None, ("give each value as a word of its own", err.hint)))


def refuse_option(env: Env, node: Node, command: Command, line: Line) -> None:
    """``saveconfig --dry-run`` would write a file of that name, and change the kernel or not."""
    if env.options.literal:
        return
    own = [option_of(item.name) for item in command.parameters if command.switches]
    for place, argument in enumerate(line.arguments):
        name = argument.key or argument.value.partition("=")[0]
        if name.startswith("--") and name in options.known() and name not in own:
            if _is_as_typed(line, argument):
                raise InvalidValue(
                    f"{name} stands behind the command",
                    path=node.path,
                    hint=_first(name, node, line, place),
                )


def _first(name: str, node: Node, line: Line, place: int) -> str:
    """How a line is to be typed whose argument at a place is an option."""
    if name == "--help":
        return f"help {line.command} tells about it"
    row = options.find(name)
    assert row
    if not row.sets:
        return f"options come first: targetcli {name}"
    end = place + 1
    words = ["targetcli", line.text[slice(*line.arguments[place].span)]]
    if row.value and words[-1] == name:
        # Its value is the word behind it.
        words += [quote(item.value) for item in line.arguments[end : end + 1]]
        end += 1
    words += [quote(node.path)] if node.parent else []
    rest = (*line.arguments[:place], *line.arguments[end:])
    return f"options come first: {' '.join(words)} {written(replace(line, arguments=rest))}"


def no_command(node: Node, name: str) -> NotFound:
    """The error of a command that a node does not have, with what was meant where that is known."""
    above = _from_above(node, name)
    if node.find(name):
        hint = f"{name} is a path, and a path is written with a slash: {name}/ COMMAND"
    elif above:
        hint = f"it is done from above: {above}"
    else:
        hint = f"here are: {', '.join(commands_of(node.kind))}"
    return NotFound(f"Command not found {name}", path=node.path, hint=hint)


def _from_above(node: Node, name: str) -> str:
    """The line of the node above that does it to this one: ``luns delete lun0``, or ""."""
    command = commands_of(node.parent.kind).get(name) if node.parent else None
    if node.parent is None or command is None or not command.parameters:
        return ""
    words = [node.name]
    kind = command.parameters[0].kind
    if kind == "portal_address":
        address, _, port = node.name.rpartition(":")
        words = [address.strip("[]"), port]
    elif kind not in _NAMES:
        return ""
    missing = [item.name.upper() for item in command.parameters[len(words) :] if item.required]
    return " ".join([quote(node.parent.path), name, *map(quote, words), *missing])


def _is_as_typed(line: Line, argument: Argument) -> bool:
    """Tell a word that was taken as it is: one of a line has quotes where there is a blank."""
    text = argument.value if argument.key is None else f"{argument.key}={argument.value}"
    return line.text[slice(*argument.span)] == text


def _settings(env: Env, node: Node, command: Command, line: Line) -> list[str]:
    """The names in the group that the line is about."""
    # Imported here: hardly a line has such a value.

    name = command.parameters[0].name
    group = walk.groups_of(node).get(line.keywords.get(name) or "".join(line.positional[:1]))
    return list(group.names(node.fs)) if group else []
