# SPDX-License-Identifier: Apache-2.0
"""The table of settings that get shows at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from rtslib_ext.fast_dataclasses import dataclass

from .settings import Row

HEADS = ("NAME", "VALUE", "DEFAULT", "RANGE")
CHANGED = "* differs from the default; "
MORE = "-v shows the meaning of each setting"
UNKNOWN = "-"
_GAP = "  "
_NARROWEST = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table: ``default`` is None if it is not known, ``values`` the valid ones."""

    row: Row
    default: str | None
    values: str
    changed: bool = False


def table(entries: Sequence[Entry], width: int, *, described: bool) -> Iterator[str]:
    """Yield lines of at most ``width`` columns; ``described``: with the meaning of each."""
    cells = [_cells(entry) for entry in entries]
    widths = _widths([HEADS, *cells], width - len(_GAP))
    yield from _lines("  ", HEADS, widths)
    for entry, row in zip(entries, cells, strict=True):
        yield from _lines("* " if entry.changed else "  ", row, widths)
        if described and entry.row.text:
            yield from textwrap.wrap(
                entry.row.text, width, initial_indent=" " * 6, subsequent_indent=" " * 6
            )
    if not described:
        yield f"{CHANGED if any(entry.changed for entry in entries) else ''}{MORE}"


def _cells(entry: Entry) -> tuple[str, ...]:
    default = UNKNOWN if entry.default is None else entry.default
    values = entry.values if entry.row.writable else "read-only"
    return entry.row.name, entry.row.value, default, values


def _widths(rows: Iterable[Sequence[str]], room: int) -> list[int]:
    """Return the widths of the columns; the widest are narrowed until all fit, but not names."""
    widths = [min(max(map(len, column)), room) for column in zip(*rows, strict=True)]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > room:
        widest = max(range(1, len(widths)), key=lambda place: widths[place])
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths


def _lines(mark: str, cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield a row of the table: several lines if a cell is wider than its column."""
    wrapped = (
        textwrap.wrap(cell, width, break_on_hyphens=False)
        for cell, width in zip(cells, widths, strict=True)
    )
    for number, parts in enumerate(zip_longest(*wrapped, fillvalue="")):
        line = _GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True))
        yield f"{' ' * len(mark) if number else mark}{line}".rstrip()
