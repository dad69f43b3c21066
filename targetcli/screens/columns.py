# SPDX-License-Identifier: Apache-2.0
"""Text in columns of a terminal: cut, padded and wrapped; foreign text is made printable."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import urwid

from rtslib_ext.config.printable import printable

_CUT = "~"
Markup = list[tuple[str | None, str]]


def width_of(text: str) -> int:
    """Return the number of columns that a printable text takes."""
    return len(text) if text.isascii() else int(urwid.calc_width(text, 0, len(text)))


def cut(text: str, width: int) -> str:
    """Return a text of at most ``width`` columns; ``~`` at its end marks one that was longer."""
    if len(text) <= width and text.isascii() and text.isprintable():
        return text
    text = printable(text)
    if width_of(text) <= width:
        return text
    if width < 1:
        return ""
    end, _ = urwid.calc_text_pos(text, 0, len(text), width - 1)
    return text[:end] + _CUT


def cut_left(text: str, width: int) -> str:
    """Return the end of a text, ``~`` before it if it was longer: paths differ at their end."""
    text = printable(text)
    if width_of(text) <= width:
        return text
    while text and width_of(text) >= width:
        text = text[1:]
    return _CUT + text if width > 0 else ""


def pad(text: str, width: int) -> str:
    """Return a text of exactly ``width`` columns."""
    text = cut(text, width)
    return text + " " * (width - width_of(text))


def wrap(lines: Iterable[str], width: int) -> list[str]:
    """Return lines wrapped at a width, with an indent for what continues one."""
    found: list[str] = []
    for line in lines:
        text = printable(line)
        indent = " " * (len(text) - len(text.lstrip()) or 4)
        found += textwrap.wrap(
            text, max(width, 20), subsequent_indent=indent, break_on_hyphens=False
        ) or [""]
    return found


def row(cells: Sequence[str], widths: Sequence[int], *, right: Sequence[int] = ()) -> str:
    """Return cells in columns, two blanks apart; ``right`` are the places aligned to the right."""
    parts = []
    for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        fitted = cut(cell, width)
        blanks = " " * (width - width_of(fitted))
        parts.append(blanks + fitted if place in right else fitted + blanks)
    return "  ".join(parts)
