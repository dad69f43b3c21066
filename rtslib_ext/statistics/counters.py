# SPDX-License-Identifier: Apache-2.0
"""The counters of objects, read at one moment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from ..config import shell_paths
from ..config.shell_paths import ShellPath
from ..fast_dataclasses import dataclass
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from .columns import COLUMNS, LUN, POSITIONS, STORAGE_OBJECT, TARGET
from .counted import Counted


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
        number = POSITIONS[self.kind].get(name)
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


def exported(fs: ReadFS, rows: Sequence[Row]) -> dict[ConfigfsPath, ShellPath]:
    """Return the shell path of the storage object of each LUN, by the LUN's configfs path.

    The rows of storage objects have the ``device`` of their LUNs; for LUNs alone, their links are
    read.
    """
    objects = {row.value("device"): row.path for row in rows if row.kind == STORAGE_OBJECT}
    found = {}
    for row in rows:
        if row.kind == LUN:
            device = row.value("device")
            path = objects.get(device) if device is not None else None
            path = path or _linked(fs, row.configfs)
            if path:
                found[row.configfs] = path
    return found


def _linked(fs: ReadFS, lun: ConfigfsPath) -> ShellPath | None:
    link = links.link_in(fs, lun)
    key = paths.key_of_storage_object(link[1]) if link else None
    return shell_paths.storage_object(*key) if key else None


LOGIN_FAILURES = {
    "unknown_initiator": "authorize_fails",
    "wrong_secret": "authenticate_fails",
    "redirected": "redirects",
    "other": "other_fails",
}
"""The kinds of refused logins, and the columns that count them."""


def login_failures(row: Row) -> dict[str, int]:
    """Return the refused logins of a target by kind: those of LOGIN_FAILURES, and negotiation.

    Each is counted once. The kernel counts one that it refused for any of these reasons as a
    failed negotiation as well (iscsi_target_login.c, iscsi_target_login_sess_out;
    iscsi_target_util.c, iscsit_collect_login_stats), so ``negotiation`` has the rest. A name that
    does not exist, a disabled TPG and a failed discovery are counted nowhere.
    """
    assert row.kind == TARGET, row
    found = {kind: row.value(column) or 0 for kind, column in LOGIN_FAILURES.items()}
    twice = found["unknown_initiator"] + found["wrong_secret"] + found["other"]
    found["negotiation"] = max(0, (row.value("negotiate_fails") or 0) - twice)
    return found
