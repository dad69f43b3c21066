# SPDX-License-Identifier: Apache-2.0
"""Rates: how much the counters of two samples grew per second."""

from __future__ import annotations

from collections.abc import Iterator

from ..fast_dataclasses import dataclass
from .columns import COLUMNS, COUNTER, POSITIONS
from .counters import Row, Sample


@dataclass(frozen=True, slots=True)
class Rate:
    """What a row's counters grew by per second.

    ``per_second`` is in the order of the row's values, in their units: commands/s, bytes/s. It is
    None for a gauge or index, an unknown value, and an object that the first sample lacks.
    ``restarted``: a counter fell back, so the object was created again in between, or the
    initiator logged in again; the growth is then counted from 0, and may be too small. (Linux
    6.16 counts up to 4 GiB of bytes and begins again at 0.)
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
    columns = COLUMNS[new.kind]
    pairs = [
        (before, after) if column.form == COUNTER else (None, None)
        for column, before, after in zip(columns, old.values, new.values, strict=True)
    ]
    restarted = any(
        before is not None and after is not None and after < before for before, after in pairs
    )
    return Rate(
        new,
        tuple(
            None
            if before is None or after is None
            else (after if restarted else after - before) / seconds
            for before, after in pairs
        ),
        restarted,
    )
