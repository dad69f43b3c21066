# SPDX-License-Identifier: Apache-2.0
"""What get, set, help and bookmarks show: rows and texts -> lines.

The layout is configshell's, byte for byte, as scripts read it; so a line may end in a blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rtslib_ext.fast_dataclasses import dataclass

from . import paint

HELP_INTRO = """\
GENERALITIES
============
Everything that can be configured is a node of one tree, and each node has its
own commands: those of the current path are listed below. `pwd` says which path
that is, `ls` shows the tree, `cd PATH` goes elsewhere (see `help cd`).

COMMAND SYNTAX
==============
[PATH] COMMAND [VALUE | NAME=VALUE ...]

Without a PATH the command is run at the current path. Values go to the
parameters in the order shown, or by NAME. A value with blanks or quotes in it
is written in quotes. `help COMMAND` tells more about one command, and
`help search WORD` finds commands and settings by what they are about.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter of a group: ``value`` as shown, ``kind`` its type, ``text`` what it means."""

    name: str
    value: str
    kind: str = "string"
    text: str = ""
    writable: bool = True


def group_list(groups: Iterable[str]) -> list[str]:
    """What get and set show without a group."""
    return ["", *_heading("AVAILABLE CONFIGURATION GROUPS", "="), " ".join(groups)]


def group_values(group: str, rows: Iterable[Row]) -> list[str]:
    """What get GROUP shows: each parameter's value and meaning."""
    return _group(
        group,
        (
            (f"{row.name}={row.value}{'' if row.writable else ' [ro]'}", row)
            for row in _by_name(rows)
        ),
    )


def group_types(group: str, rows: Iterable[Row]) -> list[str]:
    """What set GROUP shows: the type and meaning of each parameter that can be set."""
    return _group(
        group, ((f"{row.name}={row.kind}", row) for row in _by_name(rows) if row.writable)
    )


def values(
    rows: Iterable[Row], *, colors: bool = False, color_default: str | None = None
) -> list[str]:
    """What get GROUP NAME ... shows: a line for each, in the order asked for."""
    return [
        paint(
            f"{row.name}={row.value} {'' if row.writable else '[ro]'}",
            colors=colors,
            default=color_default,
        )
        for row in rows
    ]


def now(name: str, value: str, *, colors: bool = False, color_default: str | None = None) -> str:
    """What set says of each parameter it has set."""
    return paint(f"Parameter {name} is now '{value}'.", colors=colors, default=color_default)


def syntax_line(
    command: str,
    required: Sequence[str] = (),
    optional: Sequence[str] = (),
    more: str = "",
    keywords: str = "",
) -> str:
    """One line on how to write a command; ``more`` and ``keywords`` are open-ended parameters."""
    words = [command, *required, *(f"[{name}]" for name in optional)]
    if more:
        words.append(f"[{more}...]")
    if keywords:
        words.append(f"[{keywords}=value...]")
    return "".join(f"{word} " for word in words)


def defaults_line(defaults: Mapping[str, object]) -> str:
    """One line of the defaults there are (None is none)."""
    return "".join(f"{name}={value} " for name, value in defaults.items() if value is not None)


def help_topics(syntaxes: Iterable[str], intro: str = HELP_INTRO) -> list[str]:
    """What help shows: how commands are written, and the syntax line of each one here."""
    heading = _heading("AVAILABLE COMMANDS", "=")
    told = ["The following commands are available in the", "current path:"]
    listed = [f"  - {syntax}" for syntax in syntaxes]
    return ["", *intro.splitlines(), "", "", *heading, *told, "", *listed]


def help_command(syntax: str, defaults: str, description: str) -> list[str]:
    """What help COMMAND shows."""
    lines = ["", *_heading("SYNTAX", "="), syntax, "", ""]
    if defaults:
        lines += [*_heading("DEFAULT VALUES", "="), defaults, "", ""]
    return [*lines, *_heading("DESCRIPTION", "="), "", *description.strip("\n").splitlines()]


def bookmark_list(bookmarks: Mapping[str, str]) -> list[str]:
    """What bookmarks show shows."""
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
