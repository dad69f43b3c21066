# SPDX-License-Identifier: Apache-2.0
"""Latency of SCSI commands, as the kernel's tracing measures it (Documentation/trace/histogram).

It costs time for each command, so it is off until a user switches it on. All it needs is in an
instance directory of its own, named after this program, and in one synthetic event of that name.
Its owner holds a lock on the directory, so that the next start can remove what a killed one left.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from ..errors import PermissionDenied, Unsupported, reason
from ..fast_dataclasses import dataclass

TRACING = "/sys/kernel/tracing"
PREFIX = "targetcli_"
_OURS = re.compile(f"{PREFIX}[0-9]+")

# include/trace/events/target.h. The types of a synthetic event must be those of the fields.
_FIELDS = "char initiator[]; unsigned int lun; u64 lat"
_ROWS = 16384
_ROW = re.compile(
    r"\{ initiator: (?P<initiator>.*), lun: +(?P<lun>\d+), lat: ~ 2\^(?P<power>\d+) *\}"
    r" hitcount: +(?P<count>\d+) +lat: +(?P<sum>\d+)"
)
_DROPPED = re.compile(r"^ *Dropped: (\d+)", re.MULTILINE)

Key = tuple[str, int]
"""An initiator's WWN, and the number of a LUN as this initiator sees it."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long commands took: their number and sum in microseconds by power of 2.

    Power 7 is for 65 to 128 microseconds (kernel/trace/trace_events_hist.c, hist_field_log2).
    """

    counts: Mapping[int, int]
    sums: Mapping[int, int]

    @property
    def number(self) -> int:
        """Return the number of commands."""
        return sum(self.counts.values())

    @property
    def mean(self) -> float | None:
        """Return the mean in microseconds; None without a command."""
        return sum(self.sums.values()) / self.number if self.number else None

    def below(self, share: float) -> float | None:
        """Return a time in microseconds that this share of the commands did not exceed."""
        wanted, seen = share * self.number, 0
        for power in sorted(self.counts):
            seen += self.counts[power]
            if self.counts[power] and seen >= wanted:
                return float(2**power)
        return None

    def since(self, earlier: Times | None) -> Times:
        """Return the growth since an earlier state."""
        if earlier is None:
            return self
        return Times(
            {power: count - earlier.counts.get(power, 0) for power, count in self.counts.items()},
            {power: total - earlier.sums.get(power, 0) for power, total in self.sums.items()},
        )


def joined(parts: Iterator[Times]) -> Times:
    """Return all commands of several parts."""
    counts: dict[int, int] = {}
    sums: dict[int, int] = {}
    for part in parts:
        for power, count in part.counts.items():
            counts[power] = counts.get(power, 0) + count
            sums[power] = sums.get(power, 0) + part.sums[power]
    return Times(counts, sums)


def parse(text: str) -> dict[Key, Times]:
    """Return the times of a histogram by initiator and LUN (kernel/trace/trace_events_hist.c)."""
    found: dict[Key, tuple[dict[int, int], dict[int, int]]] = {}
    for line in text.split("\n"):
        row = _ROW.match(line)
        if row:
            key = row["initiator"].rstrip(), int(row["lun"])
            counts, sums = found.setdefault(key, ({}, {}))
            counts[int(row["power"])] = int(row["count"])
            sums[int(row["power"])] = int(row["sum"])
    return {key: Times(*each) for key, each in found.items()}


def dropped(text: str) -> int:
    """Return the number of commands for which the histogram had no room."""
    found = _DROPPED.search(text)
    return int(found[1]) if found else 0


class Latency:
    """The tracing of this process, from ``start`` to ``stop``."""

    def __init__(self, tracing: str = TRACING) -> None:
        self.tracing = tracing
        self.name = f"{PREFIX}{os.getpid()}"
        self.lost = 0
        """How many commands the histogram had no room for, at the last read."""
        self._lock: int | None = None

    @property
    def is_on(self) -> bool:
        """Return True between start and stop."""
        return self._lock is not None

    @property
    def _instance(self) -> str:
        return f"{self.tracing}/instances/{self.name}"

    def start(self) -> None:
        """Switch the tracing on. Raises Unsupported, PermissionDenied; nothing is left then."""
        require(self.tracing)
        remove_leftovers(self.tracing)
        try:
            os.mkdir(self._instance)
            self._lock = _locked(self._instance)
            _write(f"{self.tracing}/synthetic_events", f"{self.name} {_FIELDS}")
            for file, text in _triggers(self.tracing, self.name):
                _write(file, text)
        except OSError as err:
            self.stop()
            raise Unsupported(
                f"the kernel cannot trace the latency of commands: {reason(err)}",
                hint="it needs CONFIG_HIST_TRIGGERS and CONFIG_SYNTH_EVENTS",
            ) from err

    def read(self) -> dict[Key, Times]:
        """Return the times of all commands since the start; {} if they cannot be read."""
        try:
            with open(
                f"{self._instance}/events/synthetic/{self.name}/hist",
                encoding="utf-8",
                errors="surrogateescape",
            ) as file:
                text = file.read()
        except OSError:
            return {}
        self.lost = dropped(text)
        return parse(text)

    def stop(self) -> None:
        """Remove everything; does nothing if it is off."""
        _remove(self.tracing, self.name)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _triggers(tracing: str, name: str) -> list[tuple[str, str]]:
    """Return the triggers of an instance as (file, text), in the order in which they are set."""
    events = f"{tracing}/instances/{name}/events"
    complete = (
        "hist:keys=tag,initiator:lat=common_timestamp.usecs-$ts0:"
        f"onmatch(target.target_sequencer_start).{name}(initiator,unpacked_lun,$lat)"
    )
    return [
        (
            f"{events}/target/target_sequencer_start/trigger",
            "hist:keys=tag,initiator:ts0=common_timestamp.usecs",
        ),
        (f"{events}/target/target_cmd_complete/trigger", complete),
        (
            f"{events}/synthetic/{name}/trigger",
            f"hist:keys=initiator,lun,lat.log2:vals=lat:size={_ROWS}",
        ),
    ]


def require(tracing: str = TRACING) -> None:
    """Raise Unsupported or PermissionDenied if commands cannot be traced here."""
    if not os.access(tracing, os.R_OK | os.X_OK):
        if os.path.isdir(tracing) and os.geteuid():
            raise PermissionDenied("tracing needs root", hint="run it with sudo")
        raise Unsupported("this kernel has no tracing, so latency is not known")
    if not os.path.exists(f"{tracing}/events"):
        raise Unsupported(
            "tracing is not mounted, so latency is not known",
            hint=f"mount -t tracefs tracefs {tracing}",
        )
    if not os.path.exists(f"{tracing}/synthetic_events"):
        raise Unsupported(
            "this kernel cannot trace the latency of commands", hint="it needs CONFIG_SYNTH_EVENTS"
        )
    if not os.path.exists(f"{tracing}/events/target/target_cmd_complete"):
        raise Unsupported(
            "the kernel does not trace SCSI targets, so latency is not known",
            hint="modprobe target_core_mod",
        )


def remove_leftovers(tracing: str = TRACING) -> None:
    """Remove the tracing of killed processes, which no longer hold its lock."""
    names = set(_names(f"{tracing}/instances"))
    with suppress(OSError), open(f"{tracing}/synthetic_events", encoding="utf-8") as file:
        names.update(found for line in file if (found := line.partition("\t")[0].split(" ")[0]))
    for name in sorted(names):
        if not _OURS.fullmatch(name):
            continue
        lock = None
        if os.path.isdir(f"{tracing}/instances/{name}"):
            try:
                lock = _locked(f"{tracing}/instances/{name}")
            except OSError:
                continue
        _remove(tracing, name)
        if lock is not None:
            os.close(lock)


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _locked(directory: str) -> int:
    """Return a descriptor of a directory with its lock; raises OSError if another has it."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def _remove(tracing: str, name: str) -> None:
    """Remove an instance; the kernel refuses to remove one that still has triggers."""
    for file, text in reversed(_triggers(tracing, name)):
        with suppress(OSError):
            _write(file, f"!{text}")
    with suppress(OSError):
        _write(f"{tracing}/synthetic_events", f"!{name}")
    with suppress(OSError):
        os.rmdir(f"{tracing}/instances/{name}")


def _write(file: str, text: str) -> None:
    """Write a line in one call; without O_TRUNC, which would remove the events of others."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, f"{text}\n".encode())
    finally:
        os.close(handle)
