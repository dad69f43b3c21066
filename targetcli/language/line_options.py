# SPDX-License-Identifier: Apache-2.0
"""The program's options in a line: before the command or after it, for this line only."""

from __future__ import annotations

from rtslib_ext.errors import InvalidValue
from rtslib_ext.fast_dataclasses import replace

from ..command_table.command import option_of
from ..command_table.rows import rows_of
from ..options import Option, Options, Request, find, may_be_in, parse
from . import grammar, hints
from .grammar import Argument, Line

# --batch is a line of its own; the others are for the program.
_ALONE = ("--batch", "--role", "--within")


def take(line: Line, options: Options) -> tuple[Line, Options]:
    """Return a line without its options, and the options that hold for it.

    Raises InvalidValue for an option of the whole program, such as --sandbox.
    """
    if not (line.options or may_be_in(line.text)):
        return line, options
    request = Request(options=replace(options))
    parse(line.options, request)
    role = (request.options.role, request.options.within) != (options.role, options.within)
    if request.action or request.sandbox or request.program or request.state or role:
        text = " ".join(line.options)
        raise InvalidValue(f"{text} is not for a line", hint=f"run targetcli {text}")
    if request.options.literal or line.options[-1:] == ("--",):
        request.options.literal = True
        return replace(line, options=()), request.options
    rest = _behind(line, request)
    return replace(grammar.with_arguments(line, rest), options=()), request.options


def _behind(line: Line, request: Request) -> tuple[Argument, ...]:
    """Take the options after the command; return the other parameters."""
    own = _own(line)
    rest: list[Argument] = []
    arguments = list(line.arguments)
    while arguments:
        argument = arguments.pop(0)
        row = _option(line, argument)
        if row is None or row.name in own:
            rest.append(argument)
            continue
        words = [line.text[slice(*argument.span)]]
        if row.value and argument.key is None and arguments:
            words.append(arguments.pop(0).value)
        parse(words, request)
    return tuple(rest)


def _option(line: Line, argument: Argument) -> Option | None:
    """Return the option that a parameter is; None for a value, which may be in quotes."""
    row = find(argument.key or argument.value.partition("=")[0])
    if row is None or not row.sets.startswith("options.") or row.name in _ALONE:
        return None
    return row if hints.is_as_typed(line, argument) else None


def _own(line: Line) -> set[str]:
    """Return the options that the command itself has: it may show more than the plan."""
    names = (line.command, line.path.rpartition("/")[2])
    rows = (row for name in names for row in rows_of(name) if row.switches)
    return {option_of(item.name) for row in rows for item in row.parameters}
