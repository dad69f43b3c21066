# SPDX-License-Identifier: Apache-2.0
"""The output of help as lines of text.

Without a terminal, the lines of a list that begin with a dash, and the syntax, defaults and
headings of a command are configshell's, because scripts parse them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from textwrap import wrap

from rtslib_ext.fast_dataclasses import dataclass

WIDTH = 80  # without a terminal

# Paths and options stay whole, to be copied.
_wrap = partial(wrap, break_long_words=False, break_on_hyphens=False)

_USAGE = "Usage: targetcli [OPTIONS] [PATH] COMMAND [VALUE | NAME=VALUE ...]"
_SYNTAX = "[PATH] COMMAND [VALUE | NAME=VALUE ...]"
_OPTIONS = "`targetcli --help` lists the options."
_GENERALITIES = (
    "Everything that can be configured is a node of one tree, and each node has its own "
    "commands: those of the current path are listed below. `pwd` shows that path, `ls` the "
    "tree, and `cd PATH` changes the path (see `help cd`)."
)
_VALUES = (
    "Without a PATH the command runs at the current path. Values are assigned to the "
    "parameters in the order shown, or by NAME. Quote a value that contains blanks or quotes."
)
_MORE = (
    "`help COMMAND` describes a command, also one of another node, and `help search WORD` finds "
    "the commands and settings whose name or description contains a word."
)
_NEW = "(new)"
_LEGEND = f"{_NEW}: targetcli-fb does not have this command."


@dataclass(frozen=True, slots=True)
class Entry:
    """A command in a list; ``new`` if targetcli-fb does not have it."""

    name: str
    syntax: str
    summary: str
    new: bool = False

    @property
    def label(self) -> str:
        """Return the name, marked if the command is new."""
        return f"{self.name} {_NEW}" if self.new else self.name


@dataclass(frozen=True, slots=True)
class Description:
    """A described command: ``about`` are paragraphs, ``parameters`` names with texts."""

    syntax: str
    defaults: str
    about: Sequence[str]
    parameters: Sequence[tuple[str, str]] = ()
    examples: Sequence[str] = ()


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


def command_list(
    groups: Mapping[str, Sequence[Entry]], place: str = "", *, in_shell: bool
) -> list[str]:
    """Return the list of commands without a terminal: two lines for each.

    ``place`` names a node other than the current one.
    """
    lines = [] if in_shell else ["", _USAGE, _OPTIONS]
    lines += ["", *heading("GENERALITIES"), *_wrap(_GENERALITIES, WIDTH)]
    lines += ["", *heading("COMMAND SYNTAX"), _SYNTAX, "", *_wrap(f"{_VALUES} {_MORE}", WIDTH)]
    lines += ["", "", *heading("AVAILABLE COMMANDS")]
    lines += [f"The following commands are available in {place or 'the'}"]
    lines += [] if place else ["current path:"]
    for title, entries in groups.items():
        lines += ["", title]
        for entry in entries:
            mark = f"{_NEW} " if entry.new else ""
            lines += [f"  - {entry.syntax}", *_indented(f"{mark}{entry.summary}.", 6, WIDTH)]
    return [*lines, "", _LEGEND]


def command_table(
    groups: Mapping[str, Sequence[Entry]], width: int, *, in_shell: bool
) -> list[str]:
    """Return the list of commands at a terminal: a line for each, where it has the room."""
    lines = [_SYNTAX] if in_shell else [_USAGE, _OPTIONS]
    column = 4 + max(len(entry.label) for entries in groups.values() for entry in entries)
    for title, entries in groups.items():
        lines += ["", title]
        for entry in entries:
            first, *rest = _wrap(entry.summary, max(width - column, 20))
            lines.append(f"  {entry.label}".ljust(column) + first)
            lines += [" " * column + text for text in rest]
    return [*lines, "", *_wrap(_MORE, width), _LEGEND]


def command_help(described: Description, width: int, *, at_terminal: bool) -> list[str]:
    """Return the description of one command."""
    lines = ["", *heading("SYNTAX"), *_words(described.syntax, width, at_terminal), "", ""]
    if described.defaults:
        shown = _words(described.defaults, width, at_terminal)
        lines += [*heading("DEFAULT VALUES"), *shown, "", ""]
    lines += heading("DESCRIPTION")
    for paragraph in described.about:
        lines += ["", *_wrap(paragraph, width)]
    if described.parameters:
        lines += ["", *heading("PARAMETERS")]
        for name, text in described.parameters:
            lines += _wrap(f"{name}: {text}", width, initial_indent="  ", subsequent_indent=" " * 6)
    if described.examples:
        lines += ["", *heading("EXAMPLES"), *(f"  {example}" for example in described.examples)]
    return lines


def places(name: str, found: Iterable[tuple[str, str, str]], width: int) -> list[str]:
    """Return the places of a command: (place, word for ``help WORD COMMAND``, summary)."""
    lines = _wrap(f"{name} is a command of other nodes; help NODE {name} describes it.", width)
    for place, word, summary in found:
        lines += ["", f"{place} (help {word} {name})", *_indented(f"{summary}.", 4, width)]
    return lines


def paragraphs(lines: Iterable[str], width: int) -> list[str]:
    """Return lines wrapped at a width."""
    return [part for line in lines for part in _wrap(line, width) or [""]]


def entries(lines: Iterable[str], width: int) -> list[str]:
    """Return the entries of a list wrapped at a width, each with its further lines indented."""
    return [part for line in lines for part in _words(line, width, at_terminal=True)]


def heading(text: str) -> list[str]:
    """Return an underlined heading."""
    return [text, "=" * len(text)]


def _words(line: str, width: int, at_terminal: bool) -> list[str]:
    """Return a line of words: wrapped at a terminal, otherwise as configshell prints it."""
    if not at_terminal:
        return [line]
    return _wrap(line, width, subsequent_indent="    ") or [""]


def _indented(text: str, indent: int, width: int) -> list[str]:
    margin = " " * indent
    return _wrap(text, width, initial_indent=margin, subsequent_indent=margin)
