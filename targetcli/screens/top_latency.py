# SPDX-License-Identifier: Apache-2.0
"""The latency of the rows of ``top``: what the trace says of initiators, by row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from rtslib_ext.kernel.configfs import ReadFS
from rtslib_ext.statistics import latency
from rtslib_ext.statistics.columns import MAPPED_LUN
from rtslib_ext.statistics.counted import Counted
from rtslib_ext.statistics.latency import Key, Latency, Times

from . import top_rows
from .top_rows import TopRow


class Latencies:
    """The times of commands by object, from one read to the next."""

    def __init__(self, fs: ReadFS, objects: Callable[[Collection[str]], Iterable[Counted]]) -> None:
        self.fs = fs
        self._objects = objects
        self._tracing = Latency()
        latency.remove_leftovers()
        self._last: dict[Key, Times] = {}
        self._keys: dict[Key, list[str]] = {}
        self._by_object: dict[str, list[tuple[Times, bool]]] = {}

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
            self._keys = top_rows.latency_keys(self.fs, self._objects((MAPPED_LUN,)))

    def read(self) -> None:
        """Read the trace: the times since the last read."""
        if not self.is_on:
            return
        found = self._tracing.read()
        self._by_object = {}
        for key, times in found.items():
            new = times.since(self._last.get(key))
            objects = self._keys.get(key, [])
            # A mapped LUN and its LUN are one place.
            certain = len(objects) <= 2
            for path in objects if new.number else ():
                self._by_object.setdefault(path, []).append((new, certain))
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
