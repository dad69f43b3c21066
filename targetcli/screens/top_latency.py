# SPDX-License-Identifier: Apache-2.0
"""The latency of the rows of ``top``: what the trace says of initiators, by row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics import latency
from rtslib_ext.statistics.columns import LUN, MAPPED_LUN
from rtslib_ext.statistics.counted import Counted
from rtslib_ext.statistics.latency import Key, Latency, Times
from rtslib_ext.usage import sessions

from .top_rows import TopRow, initiator_of, lun_of, number_of

Place = tuple[str, ...]
"""The configfs paths of a mapped LUN and its LUN, or of a LUN that an initiator sees without."""


class Latencies:
    """The times of commands by object, from one read to the next."""

    def __init__(self, fs: ReadFS, objects: Callable[[Collection[str]], Iterable[Counted]]) -> None:
        self.fs = fs
        self._objects = objects
        self._tracing = Latency()
        latency.remove_leftovers()
        self._last: dict[Key, Times] = {}
        self._places: dict[Key, list[Place]] = {}
        self._by_object: dict[str, list[tuple[Times, bool]]] = {}

    @property
    def lost(self) -> int:
        """Return the number of commands for which the kernel's table had no room."""
        return self._tracing.lost

    @property
    def is_on(self) -> bool:
        """Return True while commands are traced."""
        return self._tracing.is_on

    def start(self) -> None:
        """Switch the tracing on; raises LioError."""
        self._tracing.start()
        self._last, self._by_object = {}, {}
        self.relist()

    def stop(self) -> None:
        """Switch the tracing off."""
        if self.is_on:
            self._tracing.stop()

    def relist(self) -> None:
        """Find again what the kernel's names of initiators and LUNs are about."""
        if self.is_on:
            self._places = places(self.fs, self._objects((LUN, MAPPED_LUN)))

    def read(self) -> None:
        """Read the trace: the times since the last read."""
        if not self.is_on:
            return
        found = self._tracing.read()
        self._by_object = {}
        for key, times in found.items():
            new = times.since(self._last.get(key))
            found_places = self._places.get(key, [])
            for path in (path for place in found_places for path in place if new.number):
                self._by_object.setdefault(path, []).append((new, len(found_places) == 1))
        self._last = found

    def of(self, row: TopRow) -> tuple[Times, bool] | None:
        """Return the times of a row, and whether they are surely of its objects."""
        if not self._by_object:
            return None
        found = [
            part for member in row.members for part in self._by_object.get(member.item.configfs, ())
        ]
        if not found:
            return None
        return latency.joined(times for times, _ in found), all(sure for _, sure in found)

    def mean(self, row: TopRow) -> float | None:
        """Return the mean latency of a row in microseconds."""
        found = self.of(row)
        return found[0].mean if found else None


def places(fs: ReadFS, objects: Iterable[Counted]) -> dict[Key, list[Place]]:
    """Return what a trace of an initiator and LUN number may be about.

    The trace names no target, so there are several places if an initiator has equal numbers in two
    targets. Initiators without an ACL see the numbers of the LUNs.
    """
    found: dict[Key, list[Place]] = {}
    without_acl: dict[str, set[str]] = {}
    for item in objects:
        if item.kind == MAPPED_LUN:
            key = initiator_of(item.path), number_of(item.path)
            lun = lun_of(fs, item.configfs)
            place = (item.configfs, lun) if lun else (item.configfs,)
            found.setdefault(key, []).append(place)
            continue
        tpg = ConfigfsPath(item.configfs.rpartition("/lun/")[0])
        if tpg not in without_acl:
            without_acl[tpg] = _without_acl(fs, tpg)
        for initiator in without_acl[tpg]:
            found.setdefault((initiator, number_of(item.path)), []).append((item.configfs,))
    return found


def _without_acl(fs: ReadFS, tpg: ConfigfsPath) -> set[str]:
    """Return the initiators without an ACL that are logged in to a TPG, and that of a nexus."""
    reader, parsed = Reader(fs), paths.parse_tpg(tpg)
    nexus = reader.nexus(parsed[0], tpg) if parsed else None
    return {*sessions.dynamic_initiators(reader, tpg), *filter(None, [nexus])} - {""}
