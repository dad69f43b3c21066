# SPDX-License-Identifier: Apache-2.0
"""The counters of objects, read at one moment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping

from ..config.shell_paths import ShellPath
from ..fast_dataclasses import dataclass
from ..kernel.configfs import ConfigfsPath, ReadFS
from .columns import COLUMNS, STORAGE_OBJECT, TARGET, names
from .counted import Counted

_POSITIONS = {kind: {name: number for number, name in enumerate(names(kind))} for kind in COLUMNS}


@dataclass(frozen=True, slots=True)
class Row:
    """The counters of an object.

    ``kind``, ``path`` and ``configfs`` are those of ``Counted``. ``values`` are in the order of
    ``COLUMNS[kind]`` and in the units of their names: bytes are bytes. None is a value that the
    kernel does not have, or refused to show (ENODEV).
    """

    kind: str
    path: ShellPath
    configfs: ConfigfsPath
    values: tuple[int | None, ...]

    def value(self, name: str) -> int | None:
        """Return one counter; None also for a column that this kind does not have."""
        number = _POSITIONS[self.kind].get(name)
        return None if number is None else self.values[number]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows in the order in which their objects were given, and when they were read.

    ``time`` is in seconds of the monotonic clock, at the end of the reads.
    """

    time: float
    rows: tuple[Row, ...]


def read(fs: ReadFS, objects: Iterable[Counted]) -> Iterator[Row]:
    """Yield the counters of objects: opens, reads and closes each file of COLUMNS, nothing else.

    Objects of which nothing can be read are left out: they were deleted, are incomplete, or
    have no session.
    """
    for item in objects:
        columns = COLUMNS[item.kind]
        folder = f"{item.configfs}/"
        found = fs.numbers([folder + column.file for column in columns])
        if any(number is not None for number in found):
            values = tuple(
                number if number is None or column.scale == 1 else number * column.scale
                for number, column in zip(found, columns, strict=True)
            )
            yield Row(item.kind, item.path, item.configfs, values)


def sample(fs: ReadFS, objects: Iterable[Counted]) -> Sample:
    """Return the counters of objects with the time."""
    rows = tuple(read(fs, objects))
    return Sample(time.monotonic(), rows)


def storage_object_of(rows: Iterable[Row]) -> Mapping[int, ShellPath]:
    """Return the shell paths of storage objects by ``device``, which their LUNs show as well."""
    return {
        device: row.path
        for row in rows
        if row.kind == STORAGE_OBJECT and (device := row.value("device")) is not None
    }


LOGIN_FAILURES = {
    "unknown_initiator": "authorize_fails",
    "wrong_secret": "authenticate_fails",
    "redirected": "redirects",
    "other": "other_fails",
}
"""The kinds of refused logins, and the columns that count them."""


def login_failures(row: Row) -> dict[str, int]:
    """Return the refused logins of a target by kind: those of LOGIN_FAILURES, and negotiation.

    Each is counted once. The kernel counts one that it did not authorize or authenticate as a
    failed negotiation as well (iscsi_target_nego.c; iscsi_target_util.c,
    iscsit_collect_login_stats), so ``negotiation`` is what remains of these. A target name that
    does not exist, a disabled TPG and a failed discovery are counted nowhere.
    """
    assert row.kind == TARGET, row
    found = {kind: row.value(column) or 0 for kind, column in LOGIN_FAILURES.items()}
    twice = found["unknown_initiator"] + found["wrong_secret"]
    found["negotiation"] = max(0, (row.value("negotiate_fails") or 0) - twice)
    return found
