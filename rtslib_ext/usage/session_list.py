# SPDX-License-Identifier: Apache-2.0
"""All sessions with all known facts about each: from configfs, and from this host.

The kernel shows neither the portal of a session nor when it began, and of an initiator without an
ACL not even its address. The connections and the kernel's threads of this host show them, exactly
or as a few possible ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import dataclass
from ..host import kernel_threads, tcp
from ..host.tcp import TcpConnection
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from ..reading.reader import Reader
from ..reading.tpg_keys import tpg_keys
from .sessions import DynamicSession, Session
from .unlisted import Unlisted

# drivers/target/iscsi/iscsi_target.c, iscsit_start_kthreads: each connection starts one.
_THREAD = "iscsi_trx"
_ANY = frozenset({"0.0.0.0", "::", "::0"})

ACL, DYNAMIC, UNLISTED, NEXUS = "acl", "dynamic", "unlisted", "nexus"

_End = tuple[str, int]
Interval = tuple[float, float]
"""Two Unix times between which something happened."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A session, or the ``number`` sessions with a target that the kernel does not list.

    ``kind`` is ACL, DYNAMIC (an initiator without an ACL), UNLISTED or NEXUS (of a fabric without
    logins). ``fabric`` is its name, ``tag`` the name of the group of the ACL. ``initiator`` and
    ``tpg`` are "" and None if the kernel does not show them. ``addresses`` are the initiator's;
    ``possible_addresses``, if they are not known, those of which it may be. ``portals`` are the
    addresses of this host to which it may be connected. ``authentication`` is what a login
    requires now. ``since`` are the earliest and the latest time at which it can have begun.
    """

    kind: str
    fabric: str
    target: str
    tpg: int | None
    initiator: str
    session: Session | None = None
    tag: str = ""
    addresses: tuple[str, ...] = ()
    possible_addresses: tuple[str, ...] = ()
    portals: tuple[str, ...] = ()
    luns: tuple[int, ...] | None = None
    authentication: str | None = None
    since: Interval | None = None
    number: int = 1


def read(
    reader: Reader,
    sessions: Sequence[Session],
    dynamic: Sequence[DynamicSession],
    unlisted: Iterable[Unlisted] = (),
) -> Iterator[Entry]:
    """Yield an entry for each session of whole TPGs, as usage.sessions lists them."""
    host = _Host.read() if sessions or dynamic else _Host([], [])
    about = _Tpgs(reader)
    used = [host.take(about, session) for session in sessions]
    since = host.since(sessions)
    for session, connections, interval in zip(sessions, used, since, strict=True):
        yield _listed(about, session, connections, interval)
    for guest in dynamic:
        yield _guest(about, host, guest)
    for more in unlisted:
        yield _more(about, host, more)


def nexuses(reader: Reader, above: str = "") -> Iterator[Entry]:
    """Yield the nexuses of fabrics without logins; ``above`` as for usage.sessions."""
    with_nexus = (fabric for fabric in FABRICS.values() if fabric.has("nexus"))
    for fabric, wwn, tag in tpg_keys(reader, with_nexus, above):
        tpg = paths.tpg(fabric, wwn, tag)
        if name := reader.nexus(fabric, tpg):
            luns = tuple(reader.lun_indexes(tpg))
            yield Entry(NEXUS, fabric.name, wwn, tag, name, luns=luns)


@dataclass(frozen=True, slots=True)
class _Tpg:
    """What all sessions of a TPG share."""

    path: ConfigfsPath
    fabric: Fabric
    portals: tuple[tuple[str, int], ...]
    luns: tuple[int, ...]
    authentication: str | None

    def is_portal(self, end: _End) -> bool:
        """Return True if an address and port of this host are one of the portals."""
        name, number = end
        return any(
            number == port and (address in _ANY or address == name)
            for address, port in self.portals
        )


class _Tpgs:
    """The TPGs, each read once."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._known: dict[ConfigfsPath, _Tpg] = {}

    def of(self, path: ConfigfsPath) -> _Tpg:
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def _read(self, path: ConfigfsPath) -> _Tpg:
        parsed = paths.parse_tpg(path)
        assert parsed is not None, path
        names = self.reader.portal_names(paths.portals(path)) if parsed[0].has("nps") else []
        pairs = (name.rpartition(":")[::2] for name in names)
        return _Tpg(
            path,
            parsed[0],
            tuple((address.strip("[]"), int(port)) for address, port in pairs),
            tuple(self.reader.lun_indexes(path)),
            self._authentication(path, self._requires(path)) if parsed[0].has("auth") else None,
        )

    def of_acl(self, session: Session) -> str | None:
        """Return what the login of a session's initiator requires now."""
        if not self.of(paths.tpg_of(session.acl)).fabric.has("auth"):
            return None
        return self._authentication(session.acl, session.authenticated)

    def _requires(self, path: ConfigfsPath) -> bool:
        return self.reader.fs.read_if_there(f"{paths.attributes(path)}/authentication") == "1"

    def _authentication(self, owner: ConfigfsPath, required: bool) -> str:
        if not required:
            return "none"
        both = self.reader.fs.read_if_there(f"{paths.auth(owner)}/authenticate_target") == "1"
        return "mutual CHAP" if both else "CHAP"


class _Host:
    """The connections that belong to no session yet, and the starts of the kernel's threads.

    All sessions take their connections before the others are looked at.
    """

    def __init__(self, connections: Iterable[TcpConnection], starts: list[float]) -> None:
        # By the address of the initiator: how many connections each end of this host has.
        self._free: dict[str, dict[_End, int]] = {}
        for item in connections:
            ends = self._free.setdefault(item.remote_address, {})
            end = item.address, item.port
            ends[end] = ends.get(end, 0) + 1
        self._starts = starts
        self._others: dict[ConfigfsPath, dict[str, list[_End]]] = {}

    @staticmethod
    def read() -> _Host:
        return _Host(tcp.established(), kernel_threads.started(_THREAD))

    def take(self, about: _Tpgs, session: Session) -> list[_End]:
        """Return the ends that a session's connections may have, and take as many as it has."""
        tpg = about.of(paths.tpg_of(session.acl))
        found: dict[_End, None] = {}
        for connection in session.connections:
            ends = self._free.get(_plain(connection.address), {})
            possible = [end for end, number in ends.items() if number and tpg.is_portal(end)]
            found |= dict.fromkeys(possible)
            if possible:
                ends[possible[0]] -= 1
        return list(found)

    def others(self, tpg: _Tpg) -> dict[str, list[_End]]:
        """Return the connections to a TPG's portals that no session has, by their address."""
        if tpg.path not in self._others:
            self._others[tpg.path] = {
                address: left
                for address, ends in self._free.items()
                if (left := [end for end, count in ends.items() if count and tpg.is_portal(end)])
            }
        return self._others[tpg.path]

    def any_time(self) -> Interval | None:
        """Return the starts of the first and of the last thread."""
        return (self._starts[0], self._starts[-1]) if self._starts else None

    def since(self, sessions: Sequence[Session]) -> list[Interval | None]:
        """Return when each session began.

        A TPG numbers its sessions by TSIH in the order of their logins
        (iscsi_target_login.c, iscsi_login_zero_tsih_s1). So of N threads, the K-th of M
        sessions has one between the K-th from the start and the (M-K)-th from the end.
        """
        places: dict[int, tuple[int, int]] = {}
        by_tpg: dict[ConfigfsPath, list[int]] = {}
        for number, session in enumerate(sessions):
            by_tpg.setdefault(paths.tpg_of(session.acl), []).append(number)
        for numbers in by_tpg.values():
            ordered = sorted(numbers, key=lambda number: sessions[number].tsih)
            for place, number in enumerate(ordered):
                places[number] = place, len(ordered)
        return [
            self._between(*places[number]) if session.tsih else None
            for number, session in enumerate(sessions)
        ]

    def _between(self, place: int, many: int) -> Interval | None:
        count = len(self._starts)
        if many > count:
            # They have other threads, as those of iSER, or sessions began meanwhile.
            return None
        return self._starts[place], self._starts[count - many + place]


def _listed(about: _Tpgs, session: Session, ends: Sequence[_End], since: Interval | None) -> Entry:
    tpg = about.of(paths.tpg_of(session.acl))
    return Entry(
        ACL,
        tpg.fabric.name,
        session.target,
        session.tpg,
        session.initiator,
        session,
        tag=about.reader.fs.read_if_there(f"{session.acl}/tag") or "",
        addresses=tuple(dict.fromkeys(item.address for item in session.connections)),
        portals=_portals(tpg, ends),
        luns=tuple(about.reader.mapped_indexes(session.acl)),
        authentication=about.of_acl(session),
        since=since,
    )


def _guest(about: _Tpgs, host: _Host, guest: DynamicSession) -> Entry:
    fabric = FABRICS[guest.fabric]
    tpg = about.of(paths.tpg(fabric, guest.target, guest.tpg))
    others = host.others(tpg)
    known, possible = _split(tuple(others))
    ends = dict.fromkeys(end for found in others.values() for end in found)
    return Entry(
        DYNAMIC,
        fabric.name,
        guest.target,
        guest.tpg,
        guest.initiator,
        addresses=known,
        possible_addresses=possible,
        portals=_portals(tpg, list(ends)),
        luns=tpg.luns,
        authentication=tpg.authentication,
        since=host.any_time() if fabric.name == "iscsi" else None,
    )


def _more(about: _Tpgs, host: _Host, more: Unlisted) -> Entry:
    """Return the sessions that the kernel does not list: of an initiator, if only one has any."""
    initiator, luns = "", None
    addresses: list[str] = []
    for path, folder in more.holders:
        tpg = about.of(path)
        addresses += host.others(tpg)
        if len(more.holders) == 1 and folder is not None:
            initiator = tpg.fabric.from_folder(folder)
            luns = tuple(about.reader.mapped_indexes(paths.acl(path, folder)))
    tags = {parsed[2] for path, _ in more.holders if (parsed := paths.parse_tpg(path))}
    known, possible = _split(tuple(dict.fromkeys(addresses)))
    return Entry(
        UNLISTED,
        "iscsi",
        more.target,
        tags.pop() if len(tags) == 1 else None,
        initiator,
        addresses=known,
        possible_addresses=possible,
        luns=luns,
        since=host.any_time(),
        number=more.unlisted,
    )


def _split(addresses: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return known and possible addresses: a single possible one is known."""
    return (addresses, ()) if len(addresses) == 1 else ((), addresses)


def _portals(tpg: _Tpg, ends: Sequence[_End]) -> tuple[str, ...]:
    """Return ADDRESS:PORT of this host's ends; without a connection the TPG's only portal."""
    if not ends and len(tpg.portals) == 1:
        ends = tpg.portals
    return tuple(f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name, port in ends)


def _plain(address: str) -> str:
    """Return an address of the kernel's text without brackets and scope."""
    return address.strip("[]").partition("%")[0]
