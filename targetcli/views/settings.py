# SPDX-License-Identifier: Apache-2.0
"""The output of get, set, help and bookmarks as lines of text.

The layout is configshell's, byte for byte, because scripts parse it; a line may end in a blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rtslib_ext.fast_dataclasses import dataclass

HELP_INTRO = """\
GENERALITIES
============
Everything that can be configured is a node of one tree, and each node has its
own commands: those of the current path are listed below. `pwd` shows that
path, `ls` the tree, and `cd PATH` changes the path (see `help cd`).

COMMAND SYNTAX
==============
[PATH] COMMAND [VALUE | NAME=VALUE ...]

Without a PATH the command runs at the current path. Values are assigned to the
parameters in the order shown, or by NAME. Quote a value that contains blanks or
quotes. `help COMMAND` describes a command, and `help search WORD` finds the
commands and settings whose name or description contains a word.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter of a group: ``value`` as shown, ``kind`` its type, ``text`` its description."""

    name: str
    value: str
    kind: str = "string"
    text: str = ""
    writable: bool = True


def group_list(groups: Iterable[str]) -> list[str]:
    """Return the list of groups, for get and set without a group."""
    return ["", *_heading("AVAILABLE CONFIGURATION GROUPS", "="), " ".join(groups)]


def group_values(group: str, rows: Iterable[Row]) -> list[str]:
    """Return the output of get GROUP: the value and description of each parameter."""
    return _group(
        group,
        (
            (f"{row.name}={row.value}{'' if row.writable else ' [ro]'}", row)
            for row in _by_name(rows)
        ),
    )


def group_types(group: str, rows: Iterable[Row]) -> list[str]:
    """Return the output of set GROUP: the type and description of each writable parameter."""
    return _group(
        group, ((f"{row.name}={row.kind}", row) for row in _by_name(rows) if row.writable)
    )


def values(rows: Iterable[Row]) -> list[str]:
    """Return the output of get GROUP NAME ...: a line each, in the given order."""
    return [f"{row.name}={row.value} {'' if row.writable else '[ro]'}" for row in rows]


def now(name: str, value: str) -> str:
    """Return the message of set for one parameter."""
    return f"Parameter {name} is now '{value}'."


def syntax_line(
    command: str,
    required: Sequence[str] = (),
    optional: Sequence[str] = (),
    more: str = "",
    keywords: str = "",
) -> str:
    """Return the syntax of a command; ``more`` and ``keywords`` are open-ended parameters."""
    words = [command, *required, *(f"[{name}]" for name in optional)]
    if more:
        words.append(f"[{more}...]")
    if keywords:
        words.append(f"[{keywords}=value...]")
    return "".join(f"{word} " for word in words)


def defaults_line(defaults: Mapping[str, object]) -> str:
    """Return the default values in one line; None means no default."""
    return "".join(f"{name}={value} " for name, value in defaults.items() if value is not None)


def help_topics(syntaxes: Iterable[str], intro: str = HELP_INTRO) -> list[str]:
    """Return the output of help: an introduction, and the syntax line of each command."""
    heading = _heading("AVAILABLE COMMANDS", "=")
    intro_lines = ["The following commands are available in the", "current path:"]
    listed = [f"  - {syntax}" for syntax in syntaxes]
    return ["", *intro.splitlines(), "", "", *heading, *intro_lines, "", *listed]


def help_command(syntax: str, defaults: str, description: str) -> list[str]:
    """Return the output of help COMMAND."""
    lines = ["", *_heading("SYNTAX", "="), syntax, "", ""]
    if defaults:
        lines += [*_heading("DEFAULT VALUES", "="), defaults, "", ""]
    return [*lines, *_heading("DESCRIPTION", "="), "", *description.strip("\n").splitlines()]


def bookmark_list(bookmarks: Mapping[str, str]) -> list[str]:
    """Return the output of bookmarks show."""
    lines = ["", *_heading("BOOKMARKS", "="), ""]
    if not bookmarks:
        return [*lines, "No bookmarks yet."]
    for name, path in bookmarks.items():
        lines += [*_heading(name, "-"), path, ""]
    return lines[:-1]


def _heading(text: str, line: str) -> list[str]:
    return [text, line * len(text)]


def _by_name(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.name)


def _group(group: str, rows: Iterable[tuple[str, Row]]) -> list[str]:
    lines = _heading(f"{group.upper()} CONFIG GROUP", "=")
    shown = [[*_heading(head, "-"), row.text, ""] for head, row in rows]
    lines += [line for part in shown for line in part]
    return lines[:-1] if shown else lines
