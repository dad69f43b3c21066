# SPDX-License-Identifier: Apache-2.0
"""The table of ``top``: its columns, their widths, and the order of its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter

from rtslib_ext.kernel.configfs import ReadFS
from rtslib_ext.statistics.latency import Times

from .columns import Markup, cut_left, pad, row
from .graph import UNKNOWN, graph, latency, mib, rate
from .top_rows import COMMANDS, LUNS, TARGETS, TopRow, storage_object_of

READ, WRITTEN, LATENCY, NAME = (
    "read_bytes",
    "written_bytes",
    "latency",
    "name",
)
SORTS = {
    COMMANDS: ("c", "CMD/S"),
    READ: ("r", "READ/S"),
    WRITTEN: ("w", "WRITE/S"),
    LATENCY: ("l", "LATENCY"),
    NAME: ("n", "NAME"),
}
"""The columns to sort by: the key, and the heading."""

_WIDE = 110
_NUMBER, _OBJECT, _SESSIONS = 7, 24, 8
_GRAPH, _WIDE_GRAPH = 12, 32

LatencyOf = Callable[[TopRow], "tuple[Times, bool] | None"]
"""Returns the times of the commands of a row in the last interval, and whether they are certain."""


class TableStyle:
    """How the table is shown: its width, what it lists, its order, and the columns of that.

    ``columns`` are the headings between the name and the history, ``right`` the places of those
    that are aligned to the right, ``has_object``: the storage objects of LUNs are shown.
    """

    def __init__(
        self, width: int, what: str, sort: str, *, reverse: bool, latency: bool, blocks: bool
    ) -> None:
        self.width = width
        self.what = what
        self.latency = latency
        self.blocks = blocks
        self.is_wide = width >= _WIDE
        self.mark = {sort: "^" if reverse else "v"}
        self.has_object = self.is_wide and what == LUNS
        self.columns = self._columns()
        self.widths = self._widths()
        first = 1 + self.has_object
        self.right = range(first, first + len(self.columns))

    def _columns(self) -> list[str]:
        names = [self.title(name) for name in (COMMANDS, READ, WRITTEN)]
        names += [self.title(LATENCY)] * self.latency
        names += ["99% IN"] * (self.latency and self.is_wide)
        return names + ["SESSIONS"] * (self.what == TARGETS)

    def title(self, name: str) -> str:
        """Return the heading of a column; ``v`` or ``^`` is behind that of the order."""
        return SORTS[name][1] + self.mark.get(name, "")

    def _widths(self) -> list[int]:
        numbers = [max(_NUMBER, len(name)) for name in self.columns]
        bars = _WIDE_GRAPH if self.is_wide else _GRAPH
        others = [_OBJECT] * self.has_object
        used = sum(numbers) + sum(others) + bars + 2 * (len(numbers) + len(others) + 1)
        return [max(8, self.width - used), *others, *numbers, bars]


def heading(style: TableStyle) -> str:
    """Return the headings."""
    objects = ["STORAGE OBJECT"] * style.has_object
    cells = [style.title(NAME), *objects, *style.columns, "HISTORY"]
    return row(cells, style.widths, right=style.right)


def line(fs: ReadFS, item: TopRow, style: TableStyle, latency_of: LatencyOf) -> Markup:
    """Return one row."""
    widths = style.widths
    cells = [cut_left(item.name, widths[0])]
    cells += [storage_object_of(fs, item)] if style.has_object else []
    commands = item.rate(COMMANDS)
    cells += [rate(commands), mib(item.rate(READ)), mib(item.rate(WRITTEN))]
    if style.latency:
        cells += _latency(latency_of(item), wide=style.is_wide)
    if style.what == TARGETS:
        cells.append(UNKNOWN if item.sessions is None else str(item.sessions))
    cells.append(graph(item.history, widths[-1], blocks=style.blocks))
    return [(None if commands else "dim", pad(row(cells, widths, right=style.right), style.width))]


def _latency(found: tuple[Times, bool] | None, *, wide: bool) -> list[str]:
    """Return the mean, and the time that 99 % do not exceed; a ``?`` marks an uncertain one."""
    if found is None:
        return [UNKNOWN] * (1 + wide)
    times, certain = found
    cells = [latency(times.mean) + ("" if certain else "?")]
    return cells + [latency(times.below(0.99))] * wide


def sorted_rows(
    rows: Sequence[TopRow], by: str, reverse: bool, mean: Callable[[TopRow], float | None]
) -> list[TopRow]:
    """Return rows, which are sorted by name, by a column: the highest rate or first name first."""
    if by == NAME:
        return list(reversed(rows)) if reverse else list(rows)
    if by == COMMANDS:
        return sorted(rows, key=attrgetter("busy"), reverse=not reverse)

    def key(item: TopRow) -> float:
        value = mean(item) if by == LATENCY else item.rate(by)
        return -1.0 if value is None else value

    return sorted(rows, key=key, reverse=not reverse)
