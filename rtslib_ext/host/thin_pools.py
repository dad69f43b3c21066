# SPDX-License-Identifier: Apache-2.0
"""Pools of which thin volumes get their space: dm-thin, as LVM uses it, and ZFS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..errors import LioError
from ..fast_dataclasses import dataclass, field
from . import dm_status, system
from .device_stack import Layer, Stack
from .dm_status import Target

_SECTOR = 512
# Seconds for the one program that is asked: zfs.
_PATIENCE = 5.0
_ZFS = ("zfs", "list", "-H", "-p", "-o", "name,volsize,refreservation,referenced,used,available")
_ZVOL = "/dev/zvol/"
Ask = Callable[[str], Sequence[Target]]


@dataclass(slots=True)
class Pool:
    """A pool: its name, and its ``size`` and ``free`` space in bytes.

    ``growth`` is how much the volumes in it that were looked at may still grow. ``metadata`` is the
    percentage of its own space for metadata that is used, ``trouble`` its state unless it is good.
    """

    name: str
    size: int
    free: int
    growth: int = 0
    metadata: int = 0
    trouble: str = ""
    volumes: set[str] = field(default_factory=set)


class Pools:
    """The pools below files and devices, each read once."""

    def __init__(self, stack: Stack, ask: Ask = dm_status.of_device) -> None:
        self._stack, self._ask = stack, ask
        self._targets: dict[str, Sequence[Target]] = {}
        self._pools: dict[str, Pool | None] = {}
        self._datasets: dict[str, list[str]] | None = None

    def below(self, top: str) -> list[Pool]:
        """Return the pools below a layer of the stack, with the growth of the volumes on the way.

        ``top`` is the id of the layer.
        """
        found, ways, seen = [], [top], set[str]()
        while ways:
            layer = self._stack.layers.get(ways.pop())
            if layer is None or layer.id in seen:
                continue
            seen.add(layer.id)
            ways += layer.below
            pool = self._zvol(layer) if layer.kind == "ZFS volume" else self._thin(layer)
            if pool:
                found.append(pool)
        return found

    # -- device mapper ----------------------------------------------------------------------

    def _thin(self, layer: Layer) -> Pool | None:
        """Return the pool of a thin volume; None for another layer."""
        for kind, status in self._targets_of(layer.id):
            if kind != "thin":
                continue
            mapped = status.split()[:1]
            # A snapshot of another device has that device below it, too.
            pool = next(filter(None, map(self._pool_at, layer.below)), None)
            if pool and layer.id not in pool.volumes:
                pool.volumes.add(layer.id)
                used = int(mapped[0]) * _SECTOR if mapped and mapped[0].isdecimal() else 0
                pool.growth += max(0, int(layer.facts.get("size", 0)) - used)
            return pool
        return None

    def _pool_at(self, known: str) -> Pool | None:
        """Return the pool that a layer is; None for another layer."""
        layer = self._stack.layers.get(known)
        if known not in self._pools:
            self._pools[known] = self._dm_pool(layer) if layer else None
        return self._pools[known]

    def _targets_of(self, known: str) -> Sequence[Target]:
        kind, _, number = known.partition(" ")
        if kind != "block":
            return ()
        if known not in self._targets:
            self._targets[known] = self._ask(number)
        return self._targets[known]

    def _dm_pool(self, layer: Layer) -> Pool | None:
        for kind, status in self._targets_of(layer.id):
            if kind == "thin-pool":
                # LVM exports its pool under a name of its own.
                name = layer.name.removesuffix("-tpool")
                return of_status(name, int(layer.facts.get("size", 0)), status)
        return None

    # -- ZFS --------------------------------------------------------------------------------

    def _zvol(self, layer: Layer) -> Pool | None:
        """Return the pool of a volume of ZFS with the room that the volume has in it."""
        if not layer.name.startswith(_ZVOL):
            return None
        name = layer.name.removeprefix(_ZVOL)
        if self._datasets is None:
            self._datasets = _datasets()
        top = name.partition("/")[0]
        if top not in self._pools:
            self._pools[top] = self._zfs_pool(top)
        pool = self._pools[top]
        row = self._datasets.get(name)
        if pool and row and name not in pool.volumes:
            pool.volumes.add(name)
            size, reserved, referenced = map(_number, row[:3])
            # The space of a volume that is not thin is reserved.
            pool.growth += 0 if reserved else max(0, size - referenced)
        return pool

    def _zfs_pool(self, name: str) -> Pool | None:
        row = (self._datasets or {}).get(name)
        if row is None:
            return None
        used, available = map(_number, row[3:5])
        return Pool(name, used + available, available)


def of_status(name: str, size: int, status: str) -> Pool | None:
    """Return a pool by its status (Documentation/admin-guide/device-mapper/thin-provisioning.rst).

    The status is: transaction, used/all blocks of metadata, used/all blocks of data, root, mode …
    needs_check. None if the kernel shows no numbers, as of a pool that failed.
    """
    words = status.split()
    if words[:1] in (["Fail"], ["Error"]):
        return Pool(name, size, 0, trouble="failed")
    pairs = [_pair(word) for word in words[1:3]]
    if len(pairs) < 2 or not all(whole for _, whole in pairs):
        return None
    (used_metadata, metadata), (used, data) = pairs
    trouble = ""
    if "out_of_data_space" in words:
        trouble = "out of data space"
    elif "ro" in words:
        trouble = "read-only"
    elif "needs_check" in words:
        trouble = "in need of a check"
    free = size * (data - used) // data
    return Pool(name, size, free, metadata=used_metadata * 100 // metadata, trouble=trouble)


def _pair(word: str) -> tuple[int, int]:
    first, _, second = word.partition("/")
    return _number(first), _number(second)


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdecimal() else 0


def _datasets() -> dict[str, list[str]]:
    """Return the rows of ``zfs list`` by name; none if it does not answer."""
    try:
        done = system.run(*_ZFS, timeout=_PATIENCE)
    except (LioError, TimeoutError):
        return {}
    rows: Iterable[list[str]] = (line.split("\t") for line in done.stdout.splitlines())
    return {row[0]: row[1:] for row in rows if len(row) == 6}
