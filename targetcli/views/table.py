# SPDX-License-Identifier: Apache-2.0
"""An aligned table: the one that sessions, logins and other commands which only look print."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from rtslib_ext.config.printable import printable
from rtslib_ext.fast_dataclasses import dataclass

NONE = "-"
"""The text of a cell without a value."""
_GAP = "  "
_CUT = "~"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and how its cells stand in it.

    ``right`` aligns them to the right, as numbers are. At a terminal that is too narrow, cells are
    cut only where ``cut`` is "start" or "end": the end of the text that goes. The start of an IQN
    is the same on most lines, so it goes first. ``least`` characters always remain. If that is
    not enough, columns are left out: those with the highest ``drop`` first, never those with 0.
    """

    heading: str
    right: bool = False
    cut: str = ""
    least: int = 8
    drop: int = 0


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int | None = None
) -> Iterator[str]:
    """Yield the headings, and a line for each row; nothing without rows.

    ``rows`` have a cell for each column. Cells are foreign text: control characters are escaped,
    and an empty one is shown as "-". ``width`` is that of the terminal in columns; None, for a pipe
    or a file: nothing is cut. Lines may be wider if too few columns may be cut.
    """
    cells = [[_text(cell) for cell in row] for row in rows]
    if not cells:
        return
    heads = [column.heading for column in columns]
    widths = [max(map(text_width, column)) for column in zip(heads, *cells, strict=True)]
    places = list(range(len(columns)))
    if width is not None:
        places = _fitting(columns, widths, width)
        columns = [columns[place] for place in places]
        widths = [widths[place] for place in places]
        _narrow(columns, widths, width)
    for row in (heads, *cells):
        yield _line(columns, [row[place] for place in places], widths)


def text_width(text: str) -> int:
    """Return the number of columns that a printable text takes at a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def cut(text: str, width: int, end: str = "end") -> str:
    """Return a text of at most ``width`` columns: without its start or its end, marked by ~."""
    if text_width(text) <= width:
        return text
    if width <= 0:
        return ""
    chars = list(reversed(text) if end == "start" else text)
    kept, used = [], text_width(_CUT)
    for char in chars:
        used += _char_width(char)
        if used > width:
            break
        kept.append(char)
    return f"{_CUT}{''.join(reversed(kept))}" if end == "start" else f"{''.join(kept)}{_CUT}"


def _text(cell: str) -> str:
    return printable(cell) or NONE


def _char_width(char: str) -> int:
    """Return 2 for a wide character (Unicode Standard Annex 11), 0 for one that combines."""
    if char.isascii():
        return 1
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _least(column: Column, width: int) -> int:
    """Return to how many characters a column of this width may be cut."""
    return min(width, max(column.least, text_width(column.heading))) if column.cut else width


def _fitting(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int]:
    """Return the places of the columns that are shown: all, or without some if they cannot fit."""
    places = list(range(len(columns)))
    while True:
        least = sum(_least(columns[place], widths[place]) for place in places)
        dropped = max(places, key=lambda place: columns[place].drop)
        if least + len(_GAP) * (len(places) - 1) <= room or not columns[dropped].drop:
            return places
        places.remove(dropped)


def _narrow(columns: Sequence[Column], widths: list[int], room: int) -> None:
    """Narrow the widest of the columns that may be cut until all fit, or none can be cut."""
    least = [_least(*pair) for pair in zip(columns, widths, strict=True)]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - room
    while excess > 0:
        places = [place for place in range(len(columns)) if widths[place] > least[place]]
        if not places:
            return
        widths[max(places, key=lambda place: widths[place])] -= 1
        excess -= 1


def _line(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    parts = []
    for column, cell, width in zip(columns, row, widths, strict=True):
        text = cut(cell, width, column.cut or "end")
        blanks = " " * (width - text_width(text))
        parts.append(f"{blanks}{text}" if column.right else f"{text}{blanks}")
    return _GAP.join(parts).rstrip()
