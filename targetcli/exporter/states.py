# SPDX-License-Identifier: Apache-2.0
"""Samples of states: devices, ALUA, reservations, TPGs, portals, sessions and paths of hosts."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator

from rtslib_ext.config.backing import Backing, Block, FileIO
from rtslib_ext.config.model import Config, MappedLun, NodeAcl, Target, Tpg
from rtslib_ext.config.printable import printable
from rtslib_ext.errors import KernelRefused
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.host import devices, network
from rtslib_ext.host.answering import Looks
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.reading.tpg_keys import tpgs_of_config
from rtslib_ext.usage import host_paths, reservations, restorable, sessions

from .counts import storage_object
from .metrics import METRICS, STATES, Chunk, Labels, chunk, chunks

_SECTOR = 512


@dataclass(slots=True)
class Objects:
    """Samples of storage objects, which are read together and shown by metric."""

    sizes: list[tuple[Labels, float]] = field(default_factory=list)
    missing: list[tuple[Labels, float]] = field(default_factory=list)
    answers: list[tuple[Labels, float]] = field(default_factory=list)
    states: list[tuple[str, str, str]] = field(default_factory=list)
    holders: list[tuple[Labels, float]] = field(default_factory=list)

    def chunks(self, unrestored: Iterable[str] = ()) -> Iterator[Chunk]:
        """Yield the samples; ``unrestored`` storage objects are missing as well."""
        known = {labels for labels, _ in self.missing}
        more = [((name,), 1) for name in unrestored if (name,) not in known]
        yield Chunk(METRICS["lio_storage_object_bytes"], self.sizes)
        yield Chunk(METRICS["lio_backing_device_missing"], [*self.missing, *more])
        yield Chunk(METRICS["lio_backing_device_answers"], self.answers)
        yield from chunks("lio_alua_state", _enumerated(self.states))
        yield Chunk(METRICS["lio_reservation_info"], self.holders)


def _enumerated(states: Iterable[tuple[str, str, str]]) -> Iterator[tuple[Labels, float]]:
    for name, group, current in states:
        for number, text in STATES.items():
            yield (name, group, text), int(number == current)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at a file or device found: its ``size``, and the problem of a restore.

    ``problem`` is None if this user may not know whether it exists.
    """

    size: int | None
    problem: str | None


def of_storage_objects(reader: Reader, configured: Iterable[ConfigfsPath], looks: Looks) -> Objects:
    """Return the states of storage objects. Opens no device: one that failed may not answer."""
    found = Objects()
    backings: dict[str, Backing] = {}
    for configfs in configured:
        key = paths.key_of_storage_object(configfs)
        if key is None:
            continue
        name = storage_object(configfs)
        try:
            backings[name] = reader.backing_shown(configfs, key[0])
        except KernelRefused:
            # It was deleted meanwhile.
            continue
        found.states += _alua(reader, configfs, name)
        found.holders += _holder(reader, configfs, name)
    files = {name: path for name, one in backings.items() if (path := getattr(one, "dev", ""))}
    seen = looks.at(files, lambda name: _look(backings[name]))
    for name, backing in backings.items():
        if name in files:
            found.answers.append(((name,), int(name in seen)))
        one = seen.get(name) if name in files else _look(backing)
        # A device that does not answer has size 0 in the kernel's text.
        size = one.size if one else getattr(backing, "size", None) or None
        if size is not None:
            found.sizes.append(((name,), size))
        if one and one.problem is not None:
            found.missing.append(((name,), int(bool(one.problem))))
    return found


def _look(backing: Backing) -> _Look:
    hidden = _is_hidden(backing)
    return _Look(_size(backing), None if hidden else restorable.problem(backing))


def _is_hidden(backing: Backing) -> bool:
    """Return True if this user may not know whether the file or device exists."""
    path = getattr(backing, "dev", "")
    if not path:
        return False
    try:
        os.stat(path)
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
            yield (name, printable(found.holder), kind[1]), 1


def of_targets(reader: Reader, with_luns: Collection[ConfigfsPath]) -> Iterator[Chunk]:
    """Yield the states of TPGs and portals, and the paths of hosts.

    ``with_luns`` are the ACLs that have mapped LUNs.
    """
    config = _names(reader, with_luns)
    tpgs = [(target, tpg) for _, target, tpg in tpgs_of_config(config)]
    yield chunk(
        "lio_tpg_enabled",
        *(
            ((target.fabric, printable(target.wwn), str(tpg.tag)), int(tpg.enable is not False))
            for target, tpg in tpgs
        ),
    )
    yield chunk(
        "lio_portal_address_missing",
        *(
            (
                (printable(target.wwn), str(tpg.tag), printable(name)),
                int(not network.has_address(portal.address.strip("[]"))),
            )
            for target, tpg in tpgs
            for name, portal in tpg.portals.items()
        ),
    )
    hosts = [(printable(one.host), one) for one in host_paths.of_config(reader, config)]
    yield chunk("lio_host_connected_paths", *(((name,), one.connected) for name, one in hosts))
    yield chunk("lio_host_expected_paths", *(((name,), one.expected) for name, one in hosts))


def _names(reader: Reader, with_luns: Collection[ConfigfsPath]) -> Config:
    """Return targets with what the paths of hosts depend on: one mapped LUN stands for all."""
    targets = {}
    for fabric in FABRICS.values():
        for wwn in reader.target_wwns(fabric):
            tags = reader.tags(paths.target(fabric, wwn))
            tpgs = {tag: _tpg(reader, TpgPath.of(fabric, wwn, tag), tag, with_luns) for tag in tags}
            targets[fabric.name, wwn] = Target(fabric.name, wwn, tpgs)
    return Config(targets=targets)


def _tpg(reader: Reader, path: TpgPath, tag: int, with_luns: Collection[ConfigfsPath]) -> Tpg:
    fabric = path.fabric
    portals = reader.portals(path.configfs) if fabric.has("nps") else ()
    acls = {}
    for folder in reader.acl_names(path.configfs) if fabric.has("acls") else ():
        acl = paths.acl(path.configfs, folder)
        wwn = fabric.from_folder(folder)
        mapped = {0: MappedLun(0, 0)} if acl in with_luns else {}
        acls[wwn] = NodeAcl(wwn, mapped, tag=reader.fs.read_if_there(f"{acl}/tag") or None)
    return Tpg(
        tag,
        enable=reader.enabled(path.configfs),
        portals={portal.name: portal for portal in portals},
        acls=acls,
    )


def of_sessions(reader: Reader) -> Iterator[Chunk]:
    """Yield the sessions that the kernel lists, those with equal labels once."""
    labels: dict[Labels, None] = {}
    for one in sessions.sessions(reader):
        addresses = ",".join(sorted({item.address for item in one.connections}))
        target = printable(one.target)
        labels[printable(one.initiator), target, str(one.tpg), addresses, "0"] = None
    for guest in sessions.dynamic_sessions(reader):
        target = printable(guest.target)
        labels[printable(guest.initiator), target, str(guest.tpg), "", "1"] = None
    yield chunk("lio_session_info", *((item, 1) for item in labels))
