# SPDX-License-Identifier: Apache-2.0
"""Typing mistakes: refuse the dangerous ones, hint at a fix for the rest."""

from __future__ import annotations

import re

from rtslib_ext.config.wording import shortened
from rtslib_ext.errors import InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import replace

from .. import options
from ..command_table.command import Command, option_of
from ..command_table.table import ALIASES, command_of, commands_of
from ..env import Env
from ..tree import Node, walk
from . import ranges
from .grammar import Argument, Line, quote, written

_KEYWORD = r"[A-Za-z0-9_-]+="
_ANOTHER = r"[ \t\r\n]([A-Za-z0-9_-]+)="
_HELP = ("--help", "-h")
# Kinds of parameters that name a child of the node with the command.
_NAMES = (*ranges.CHILDREN, "alua_group_name", "acl_tag")
# The largest number of places that a hint names.
_PLACES = 3
_CREDENTIAL = "(?i)userid|password"


def refuse_apart(line: Line) -> None:
    """Refuse ``userid= password=x``, which would set userid to "password=x"."""
    for argument in line.arguments:
        if argument.apart and re.match(_KEYWORD, argument.value):
            raise InvalidValue(
                f"{argument.key}= is followed by a blank and another NAME=VALUE",
                hint=f"write {argument.key}='' to give it no value",
            )


def refuse_joined(node: Node, command: Command, line: Line) -> None:
    """Refuse the argv word ``"userid=u password=x"``: it would set userid to "u password=x"."""
    for argument in line.arguments:
        if not (command.keywords and argument.key and is_as_typed(line, argument)):
            continue
        for found in re.finditer(_ANOTHER, argument.value):
            if re.search(_CREDENTIAL, found[1]) or found[1] in _settings(node, command, line):
                raise InvalidValue(
                    f"{argument.key}= and {found[1]}= are in one word",
                    path=node.path,
                    hint="pass each NAME=VALUE as a separate word",
                )


def advise(err: LioError, node: Node, line: Line) -> None:
    """Add a hint to an error: an argv word with several values, or a misspelled name."""
    words = (item.value for item in line.arguments if is_as_typed(line, item))
    if any(len(word.split()) > 1 for word in words):
        err.hint = "; ".join(filter(None, ("pass each value as a separate word", err.hint)))
    if isinstance(err, NotFound) and not (err.hint or err.proposal):
        err.hint = _existing_name(node, line)


def _existing_name(node: Node, line: Line) -> str:
    """Return a hint at the child that a misspelled name may mean; "" if there is none."""
    # Imported here: only an error needs it.
    from .. import closest

    command = command_of(node.kind, ALIASES.get(line.command, line.command))
    for place, item in enumerate(command.parameters if command else ()):
        name = line.keywords.get(item.name) or "".join(line.positional[place : place + 1])
        if item.kind in _NAMES and name and node.find(name) is None:
            return closest.hint(name, (child.name for child in node.children()))
    return ""


def asks_for_help(env: Env, line: Line) -> bool:
    """Return True if --help or -h is a parameter of a line, and not in quotes."""
    return not env.options.literal and any(
        item.key is None and item.value in _HELP and is_as_typed(line, item)
        for item in line.arguments
    )


def help_line(line: Line) -> Line:
    """Return the line that describes the command of a line with --help."""
    # Imported here: only help needs it.
    from ..command_table.rows import every_row

    words = [line.command]
    if any(line.command in row.on for row in every_row()):
        # A kind of node, as in help luns create.
        words += [word for word in line.positional if word not in _HELP][:1]
    return Line(line.path, "help", tuple(words), {}, text=line.text)


def refuse_option(env: Env, node: Node, command: Command, line: Line) -> None:
    """Refuse an option that is none of the line: ``saveconfig --dryrun`` would name a file so."""
    if env.options.literal:
        return
    own = [option_of(item.name) for item in command.parameters if command.switches]
    for place, argument in enumerate(line.arguments):
        name = argument.key or argument.value.partition("=")[0]
        if not name.startswith("--") or name in own or not is_as_typed(line, argument):
            continue
        if name in options.known():
            raise InvalidValue(
                f"{name} is after the command",
                path=node.path,
                hint=_optionsshortened(name, node, line, place),
            )
        if not command.switches:
            _refuse_misspelled(node, name, own)


def refuse_verbose(env: Env, node: Node, command: Command) -> None:
    """Refuse --verbose for a command that would ignore it; a dry run shows a plan of each."""
    if not env.options.verbose or command.verbose or env.options.dry_run:
        return
    queued = command.changes and env.session.transaction is not None
    if not (queued or any(item.name == "dry_run" for item in command.parameters)):
        raise InvalidValue(
            f"--verbose has no effect on {command.name}, so nothing was run", path=node.path
        )


def _refuse_misspelled(node: Node, name: str, own: list[str]) -> None:
    # Imported here: no usual line has such a word.
    from .. import closest
    from ..command_table.rows import every_row

    quoted = f"'{name}' in quotes is a value"
    theirs = [
        row.name
        for row in every_row()
        if row.switches and any(option_of(item.name) == name for item in row.parameters)
    ]
    if theirs:
        hint = f"it is an option of {shortened([*dict.fromkeys(theirs)])}; {quoted}"
        raise InvalidValue(f"there is no option {name} here", path=node.path, hint=hint)
    hint = closest.hint(name, [*options.known(), *own], quoted)
    if hint.startswith("did you mean"):
        raise InvalidValue(f"there is no option {name}", path=node.path, hint=hint)


def _optionsshortened(name: str, node: Node, line: Line, place: int) -> str:
    """Return a hint with the corrected line for an option among the arguments."""
    row = options.find(name)
    assert row
    if not row.sets:
        return f"options come first: targetcli {name}"
    end = place + 1
    words = ["targetcli", line.text[slice(*line.arguments[place].span)]]
    if row.value and words[-1] == name:
        # Its value is the next word.
        words += [quote(item.value) for item in line.arguments[end : end + 1]]
        end += 1
    words += [quote(node.path)] if node.parent else []
    rest = (*line.arguments[:place], *line.arguments[end:])
    return f"options come first: {' '.join(words)} {written(replace(line, arguments=rest))}"


def no_command(node: Node, line: Line) -> NotFound:
    """Return the error for an unknown command, with a hint at the intended line."""
    # Imported here: only an error needs it.
    from .. import closest

    name = line.command
    above = _from_above(node, name)
    known = commands_of(node.kind)
    if name == "targetcli":
        hint = "this is its shell: type only what follows targetcli"
    elif path := _path_meant(node, line):
        line_meant = f"{path}/ COMMAND" if node.find(path) else f"./{path} COMMAND"
        hint = f"{path.rstrip('/')} is a path; write it with a slash: {line_meant}"
    elif above:
        hint = f"run it one level up: {above}"
    else:
        hint = _elsewhere(node, name) or closest.hint(name, known, f"available: {', '.join(known)}")
    return NotFound(f"Command not found {name}", path=node.path, hint=hint)


def _path_meant(node: Node, line: Line) -> str:
    """Return the first word of a line if it names nodes below; "" otherwise."""
    # A command ends at the first dot or colon, a name such as iqn.2003-01.org.example:x does not.
    for word in (line.command, *line.text[line.command_span[0] :].split()[:1]):
        try:
            if walk.expand(node, word):
                return word
        except NotFound:
            pass
    return ""


def _elsewhere(node: Node, name: str) -> str:
    """Return a hint at the nodes that have a command; "" if none has it."""
    # Imported here: only an error needs it.
    from ..command_table import places
    from ..command_table.rows import rows_of

    rows = rows_of(ALIASES.get(name, name))
    if any(row.on == ("root",) for row in rows):
        return f"run it at the root: / {name}"
    found = [place for place in dict.fromkeys(map(places.of, rows)) if place]
    below: dict[str, str] = {}
    # The root has objects of all kinds below: places say more than one of its children.
    for child in node.children() if node.parent else ():
        if command_of(child.kind, name):
            below.setdefault(child.kind, f"{quote(child.name)}/ {name}")
    if below:
        return f"run it one level down: {shortened([*below.values()], _PLACES)}"
    if len(found) > _PLACES:
        return f"it is a command of {shortened(found, _PLACES)}; help {name} lists them"
    return f"it is a command of {shortened(found, _PLACES)}" if found else ""


def _from_above(node: Node, name: str) -> str:
    """Return the line that runs the command of the parent on this node: ``luns delete lun0``."""
    command = command_of(node.parent.kind, name) if node.parent else None
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


def is_as_typed(line: Line, argument: Argument) -> bool:
    """Return True if an argument was passed as an argv word, without quotes of the grammar."""
    text = argument.value if argument.key is None else f"{argument.key}={argument.value}"
    return line.text[slice(*argument.span)] == text


def _settings(node: Node, command: Command, line: Line) -> list[str]:
    """Return the settings in the group that the line names."""
    name = command.parameters[0].name
    group = walk.groups_of(node).get(line.keywords.get(name) or "".join(line.positional[:1]))
    return list(group.names(node.fs)) if group else []
