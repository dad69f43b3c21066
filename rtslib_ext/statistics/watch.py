# SPDX-License-Identifier: Apache-2.0
"""Rates of many objects over a long time, of which only some columns are read each time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ..kernel.configfs import ReadFS
from .columns import COLUMNS, COUNTER, Column
from .counted import Counted
from .rates import growth

# Files that are read before the caller may do something else: a few milliseconds.
_PORTION = 32


class Series:
    """One column of an object: ``number`` as the file showed it last, and the rate since then.

    ``rate`` is per second, in the unit of the column's name; None if it is not known.
    """

    __slots__ = ("column", "file", "grows", "number", "owner", "rate", "scale", "time")

    def __init__(self, owner: Watched, column: Column) -> None:
        self.owner = owner
        self.column = column
        self.file = f"{owner.item.configfs}/{column.file}"
        self.scale = column.scale
        self.grows = column.form == COUNTER
        self.number: int | None = None
        self.time = 0.0
        self.rate: float | None = None


class Watched:
    """An object and its columns by name.

    ``is_gone``: the last file could not be read, so it was deleted, or is incomplete.
    """

    __slots__ = ("is_gone", "item", "series")

    def __init__(self, item: Counted) -> None:
        self.item = item
        self.is_gone = False
        self.series = {column.name: Series(self, column) for column in COLUMNS[item.kind]}


def read(fs: ReadFS, series: Sequence[Series], longest: float) -> Iterator[None]:
    """Read columns of objects; opens, reads and closes each file once, and nothing else.

    Yields after each portion, so that the caller can answer keys in between. A rate is not known
    if the file was read more than ``longest`` seconds ago. A counter that fell back began again,
    as that of an object that was created again.
    """
    # It runs for every LUN, so a rate costs little more than the calls.
    for start in range(0, len(series), _PORTION):
        portion = series[start : start + _PORTION]
        numbers = fs.numbers([one.file for one in portion])
        now = time.monotonic()
        for one, number in zip(portion, numbers, strict=True):
            before, seconds = one.number, now - one.time
            one.number, one.time = number, now
            if number is None:
                one.rate, one.owner.is_gone = None, True
                continue
            one.owner.is_gone = False
            if before is None or not (one.grows and 0 < seconds <= longest):
                one.rate = None
            elif number == before:
                one.rate = 0.0
            else:
                one.rate = growth(one.column, before * one.scale, number * one.scale) / seconds
        yield


def of(watched: Sequence[Watched], names: Sequence[str]) -> list[Series]:
    """Return the columns of some names of objects, as far as they have them."""
    return [
        found for name in names for item in watched if (found := item.series.get(name)) is not None
    ]


def total(watched: Sequence[Watched], name: str) -> float | None:
    """Return the sum of the known rates of a column; None if none is known."""
    known = [one.rate for one in of(watched, [name]) if one.rate is not None]
    return sum(known) if known else None
