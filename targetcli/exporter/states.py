# SPDX-License-Identifier: Apache-2.0
"""Samples of states: devices, ALUA, reservations, TPGs, portals, sessions and paths of hosts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from rtslib_ext.config.backing import Backing, Block, FileIO
from rtslib_ext.config.printable import printable
from rtslib_ext.errors import KernelRefused
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.host import devices, network
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.usage import reservations, restorable, sessions

from .counts import Labels, storage_object
from .metrics import METRICS, STATES, Chunk, chunk

_SECTOR = 512


@dataclass(slots=True)
class Objects:
    """Samples of storage objects, which are read together and shown by metric."""

    sizes: list[tuple[Labels, float]] = field(default_factory=list)
    missing: list[tuple[Labels, float]] = field(default_factory=list)
    states: list[tuple[str, str, str]] = field(default_factory=list)
    holders: list[tuple[Labels, float]] = field(default_factory=list)

    def chunks(self, unrestored: Iterable[str] = ()) -> Iterator[Chunk]:
        """Yield the samples; ``unrestored`` storage objects are missing as well."""
        known = {labels for labels, _ in self.missing}
        more = [((name,), 1.0) for name in unrestored if (name,) not in known]
        yield Chunk(METRICS["lio_storage_object_bytes"], self.sizes)
        yield Chunk(METRICS["lio_backing_device_missing"], [*self.missing, *more])
        metric, size = METRICS["lio_alua_state"], 200
        for start in range(0, len(self.states), size):
            part = self.states[start : start + size]
            yield Chunk(metric, list(_enumerated(part)))
        yield Chunk(METRICS["lio_reservation_info"], self.holders)


def _enumerated(states: Iterable[tuple[str, str, str]]) -> Iterator[tuple[Labels, float]]:
    for name, group, current in states:
        for number, text in STATES.items():
            yield (name, group, text), float(number == current)


def of_storage_objects(reader: Reader, configured: Iterable[ConfigfsPath]) -> Objects:
    """Return the states of storage objects. Opens no device: one that failed may not answer."""
    found = Objects()
    for configfs in configured:
        key = paths.key_of_storage_object(configfs)
        if key is None:
            continue
        name = storage_object(configfs)
        try:
            backing = reader.backing_shown(configfs, key[0])
        except KernelRefused:
            # It was deleted meanwhile.
            continue
        size = _size(backing)
        if size is not None:
            found.sizes.append(((name,), size))
        if not _is_hidden(backing):
            found.missing.append(((name,), float(bool(restorable.problem(backing)))))
        found.states += _alua(reader, configfs, name)
        found.holders += _holder(reader, configfs, name)
    return found


def _is_hidden(backing: Backing) -> bool:
    """Return True if this user may not know whether the file or device exists."""
    try:
        os.stat(getattr(backing, "dev", "") or "/")
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _size(backing: Backing) -> int | None:
    if isinstance(backing, Block) or (isinstance(backing, FileIO) and not backing.size):
        sectors = devices.sectors(backing.dev)
        return None if sectors is None else sectors * _SECTOR
    return getattr(backing, "size", None)


def _alua(reader: Reader, configfs: ConfigfsPath, name: str) -> Iterator[tuple[str, str, str]]:
    for group in reader.fs.directories(paths.tg_pt_gps(configfs)):
        path = paths.tg_pt_gp(configfs, group)
        state = reader.fs.read_if_there(f"{path}/alua_access_state")
        if state is not None:
            yield name, printable(group), state


def _holder(reader: Reader, configfs: ConfigfsPath, name: str) -> Iterator[tuple[Labels, float]]:
    text = reader.fs.read_if_there(f"{paths.reservations(configfs)}/res_holder") or ""
    if not text.startswith("No "):
        found = reservations.read(reader.fs, configfs)
        if found.holder:
            kind = reservations.TYPES.get(found.type, (0, reservations.MODES.get(found.mode, "")))
            yield (name, printable(found.holder), kind[1]), 1.0


@dataclass(frozen=True, slots=True)
class _Tpg:
    path: TpgPath
    target: str
    tag: int
    enabled: bool


def of_tpgs(reader: Reader) -> Iterator[Chunk]:
    """Yield whether TPGs are enabled, and their portals without an address."""
    tpgs = list(_tpgs(reader))
    yield chunk(
        "lio_tpg_enabled",
        *(
            ((tpg.path.fabric.name, printable(tpg.target), str(tpg.tag)), float(tpg.enabled))
            for tpg in tpgs
        ),
    )
    portals = []
    for tpg in tpgs:
        for name in _portals(reader, tpg.path):
            address = name.rpartition(":")[0].strip("[]")
            labels = (printable(tpg.target), str(tpg.tag), printable(name))
            portals.append((labels, float(not network.has_address(address))))
    yield chunk("lio_portal_address_missing", *portals)


def _portals(reader: Reader, tpg: TpgPath) -> Sequence[str]:
    return reader.portal_names(paths.portals(tpg.configfs)) if tpg.fabric.has("nps") else ()


def _tpgs(reader: Reader) -> Iterator[_Tpg]:
    for fabric in FABRICS.values():
        for wwn in reader.target_wwns(fabric):
            for tag in reader.tags(paths.target(fabric, wwn)):
                path = TpgPath.of(fabric, wwn, tag)
                # A fabric without enable serves its TPGs at all times.
                enabled = reader.enabled(path.configfs) is not False
                yield _Tpg(path, wwn, tag, enabled)


def of_hosts(reader: Reader, with_luns: Collection[ConfigfsPath]) -> Iterator[Chunk]:
    """Yield sessions, and the paths of hosts; ``with_luns`` are the ACLs that have mapped LUNs."""
    known = list(sessions.sessions(reader))
    labels: dict[Labels, None] = {}
    for one in known:
        addresses = ",".join(sorted({item.address for item in one.connections}))
        labels[printable(one.initiator), one.target, str(one.tpg), addresses, "0"] = None
    for guest in sessions.dynamic_sessions(reader):
        labels[printable(guest.initiator), guest.target, str(guest.tpg), "", "1"] = None
    yield chunk("lio_session_info", *((item, 1.0) for item in labels))
    connected = {one.acl for one in known}
    expected: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for tpg in _tpgs(reader):
        if not (tpg.enabled and tpg.path.fabric.has("acls")):
            continue
        for folder in reader.acl_names(tpg.path.configfs):
            acl = paths.acl(tpg.path.configfs, folder)
            if acl in with_luns:
                host = printable(tpg.path.fabric.from_folder(folder))
                expected[host] += 1
                there[host] += acl in connected
    yield chunk("lio_host_connected_paths", *(((host,), there[host]) for host in expected))
    yield chunk("lio_host_expected_paths", *(((host,), n) for host, n in expected.items()))
