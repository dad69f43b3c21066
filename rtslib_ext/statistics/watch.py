# SPDX-License-Identifier: Apache-2.0
"""Rates of many objects over a long time, of which only some columns are read each time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ..kernel.configfs import ReadFS
from .columns import COLUMNS, COUNTER, Column
from .counted import Counted

# Files that are read before the caller may do something else: a few milliseconds.
_PORTION = 32


class Watched:
    """An object, the last value of each column that was read, and the rates.

    ``rates`` are by column, per second, in the unit of its name; None for one that is not known.
    ``values`` are the last values, gauges included. ``is_gone``: the last file could not be read,
    so the object was deleted, or is incomplete.
    """

    __slots__ = ("_times", "columns", "is_gone", "item", "rates", "values")

    def __init__(self, item: Counted) -> None:
        self.item = item
        self.columns = {column.name: column for column in COLUMNS[item.kind]}
        self.rates: dict[str, float | None] = {}
        self.values: dict[str, int | None] = {}
        self._times: dict[str, float] = {}
        self.is_gone = False

    def take(self, column: Column, number: int | None, now: float, longest: float) -> None:
        """Note what a file shows, and the rate since it was read before.

        The rate is not known if that was more than ``longest`` seconds ago. A counter that fell
        back began again at 0, as that of an object that was created again.
        """
        name = column.name
        value = None if number is None else number * column.scale
        before, then = self.values.get(name), self._times.get(name)
        self.values[name], self._times[name] = value, now
        rate = None
        if column.form == COUNTER and value is not None and before is not None:
            if then is not None and 0 < now - then <= longest:
                grown = value - before if value >= before else value
                rate = grown / (now - then)
        self.rates[name] = rate
        self.is_gone = number is None


def read(
    fs: ReadFS, watched: Sequence[Watched], names: Sequence[str], longest: float
) -> Iterator[None]:
    """Read some columns of objects; opens, reads and closes each file once, and nothing else.

    Yields after each portion, so that the caller can answer keys in between. ``longest`` is as
    for ``Watched.take``.
    """
    wanted = [
        (item, item.columns[name], f"{item.item.configfs}/{item.columns[name].file}")
        for item in watched
        for name in names
        if name in item.columns
    ]
    for start in range(0, len(wanted), _PORTION):
        portion = wanted[start : start + _PORTION]
        numbers = fs.numbers([file for _, _, file in portion])
        now = time.monotonic()
        for (item, column, _), number in zip(portion, numbers, strict=True):
            item.take(column, number, now, longest)
        yield


def total(watched: Sequence[Watched], name: str) -> float | None:
    """Return the sum of the known rates of a column; None if none is known."""
    known = [rate for item in watched if (rate := item.rates.get(name)) is not None]
    return sum(known) if known else None
