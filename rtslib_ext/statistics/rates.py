# SPDX-License-Identifier: Apache-2.0
"""Rates: how much the counters of two samples grew per second."""

from __future__ import annotations

from collections.abc import Iterator

from ..fast_dataclasses import dataclass
from .columns import COLUMNS, COUNTER, INDEX, MIB, POSITIONS, Column
from .counters import Row, Sample

# The bytes after which a counter of 32 bits begins again.
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class Rate:
    """What a row's counters grew by per second.

    ``per_second`` is in the order of the row's values, in their units: commands/s, bytes/s. It is
    None for a gauge or index, an unknown value, and an object that the first sample lacks.
    ``restarted``: a counter fell back or the kernel's number of the object is another, so the
    object was created again in between, or the initiator logged in again; the growth is then
    counted from 0, and may be too small. Bytes alone that fell back are those of a kernel that
    begins again after 4 GiB (Linux 6.16 and 6.17); the other counters grew then.
    """

    row: Row
    per_second: tuple[float | None, ...]
    restarted: bool = False

    def value(self, name: str) -> float | None:
        """Return the rate of one column; None also for a column that this kind does not have."""
        number = POSITIONS[self.row.kind].get(name)
        return None if number is None else self.per_second[number]


def rates(before: Sample, after: Sample) -> Iterator[Rate]:
    """Yield a rate for each row of the second sample.

    Bytes are known in whole MiB, so a rate of bytes is exact to 1 MiB in the time between the
    samples.
    """
    seconds = after.time - before.time
    earlier = {(row.configfs, row.kind): row for row in before.rows}
    for row in after.rows:
        old = earlier.get((row.configfs, row.kind))
        if old is None or seconds <= 0:
            yield Rate(row, (None,) * len(row.values))
        else:
            yield _rate(old, row, seconds)


def _rate(old: Row, new: Row, seconds: float) -> Rate:
    changes = list(zip(COLUMNS[new.kind], old.values, new.values, strict=True))
    restarted = any(_is_restart(*change) for change in changes)
    return Rate(
        new,
        tuple(
            None
            if column.form != COUNTER or before is None or after is None
            else (after if restarted else growth(column, before, after)) / seconds
            for column, before, after in changes
        ),
        restarted,
    )


def _is_restart(column: Column, before: int | None, after: int | None) -> bool:
    if before is None or after is None:
        return False
    if column.form == INDEX:
        return before != after
    return column.form == COUNTER and after < before and not _has_wrapped(column, before)


def _has_wrapped(column: Column, before: int) -> bool:
    """Return True if a counter that fell back from this value may have begun again at 4 GiB."""
    return column.scale == MIB and _WRAP // 2 <= before < _WRAP


def growth(column: Column, before: int, after: int) -> int:
    """Return how much a counter grew; one that fell back began again, at 0 or at 4 GiB."""
    if after >= before:
        return after - before
    return after + (_WRAP - before if _has_wrapped(column, before) else 0)
