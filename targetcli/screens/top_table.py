# SPDX-License-Identifier: Apache-2.0
"""The table of ``top``: its columns, their widths, and the order of its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel.configfs import ReadFS
from rtslib_ext.statistics.latency import Times

from .columns import Markup, cut_left, pad, row
from .graph import UNKNOWN, graph, latency, mib, rate
from .top_rows import LUNS, TARGETS, TopRow, storage_object_of

COMMANDS, READ, WRITTEN, LATENCY, NAME = (
    "commands",
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


@dataclass(frozen=True, slots=True)
class TableStyle:
    """How the table is shown: its width, what it lists, and its order."""

    width: int
    what: str
    sort: str
    reverse: bool
    latency: bool
    blocks: bool

    @property
    def is_wide(self) -> bool:
        """Return True if there is room for more columns."""
        return self.width >= _WIDE

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the headings between the name and the history."""
        names = [self._title(name) for name in (COMMANDS, READ, WRITTEN)]
        names += [self._title(LATENCY)] * self.latency
        names += ["99% IN"] * (self.latency and self.is_wide)
        names += ["SESSIONS"] * (self.what == TARGETS)
        return tuple(names)

    def _title(self, name: str) -> str:
        mark = ("^" if self.reverse else "v") if self.sort == name else ""
        return f"{SORTS[name][1]}{mark}"

    @property
    def widths(self) -> tuple[int, ...]:
        """Return the widths of all columns."""
        numbers = [max(_NUMBER, len(name)) for name in self.columns]
        bars = _WIDE_GRAPH if self.is_wide else _GRAPH
        others = [_OBJECT] * self.has_object
        used = sum(numbers) + sum(others) + bars + 2 * (len(numbers) + len(others) + 1)
        return (max(8, self.width - used), *others, *numbers, bars)

    @property
    def has_object(self) -> bool:
        """Return True if the storage objects of LUNs are shown."""
        return self.is_wide and self.what == LUNS

    @property
    def right(self) -> range:
        """Return the places of the columns that are aligned to the right."""
        first = 1 + self.has_object
        return range(first, first + len(self.columns))


def heading(style: TableStyle) -> str:
    """Return the headings; ``v`` or ``^`` is behind that of the sorted column."""
    name = "NAME" + (("^" if style.reverse else "v") if style.sort == NAME else "")
    cells = [name, *["STORAGE OBJECT"] * style.has_object, *style.columns, "HISTORY"]
    return row(cells, style.widths, right=style.right)


def line(fs: ReadFS, item: TopRow, style: TableStyle, latency_of: LatencyOf) -> Markup:
    """Return one row."""
    widths = style.widths
    cells = [cut_left(item.name, widths[0])]
    cells += [storage_object_of(fs, item.members[0].item.configfs)] * style.has_object
    cells += [rate(item.rate(COMMANDS)), mib(item.rate(READ)), mib(item.rate(WRITTEN))]
    if style.latency:
        cells += _latency(latency_of(item), wide=style.is_wide)
    if style.what == TARGETS:
        cells.append(UNKNOWN if item.sessions is None else str(item.sessions))
    cells.append(graph(list(item.history), widths[-1], blocks=style.blocks))
    busy = bool(item.rate(COMMANDS))
    return [(None if busy else "dim", pad(row(cells, widths, right=style.right), style.width))]


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
    """Return rows by a column, the highest rate or the first name first; then by name."""
    ordered = sorted(rows, key=lambda item: item.order, reverse=by == NAME and reverse)
    if by == NAME:
        return ordered

    def key(item: TopRow) -> float:
        value = mean(item) if by == LATENCY else item.rate(by)
        return -1.0 if value is None else value

    return sorted(ordered, key=key, reverse=not reverse)
