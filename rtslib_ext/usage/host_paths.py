# SPDX-License-Identifier: Apache-2.0
"""The iSCSI paths that each host should have, by its ACLs and their portals, and those it has.

A host is an initiator, or all initiators with one tag. A path leads from an initiator to a portal
of an enabled TPG that has an ACL for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..config import shell_paths
from ..config.model import Config, NodeAcl
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass, field
from ..host import network, tcp
from ..host.tcp import TcpConnection
from ..kernel.paths import TpgPath
from ..naming import listens_on
from ..reading.reader import Reader
from . import sessions
from .sessions import Session

FULL, PARTIAL, NONE = "full", "partial", "none"


@dataclass(frozen=True, slots=True)
class HostPaths:
    """The paths of a host: how many it should have and has, and the missing ones as texts.

    ``acl`` is the shell path of its first ACL. ``logins`` are (target, portal or "") to log in to.
    """

    host: str
    acl: ShellPath
    expected: int
    connected: int
    missing: tuple[str, ...] = ()
    logins: tuple[tuple[str, str], ...] = ()

    @property
    def state(self) -> str:
        """Return FULL, PARTIAL or NONE."""
        if self.connected >= self.expected:
            return FULL
        return PARTIAL if self.connected else NONE


@dataclass(frozen=True, slots=True)
class _Login:
    """An ACL of a TPG, and the addresses of its session; None without one."""

    tpg: TpgPath
    target: str
    portals: tuple[str, ...]
    acl: NodeAcl
    addresses: frozenset[str] | None

    @property
    def host(self) -> str:
        return self.acl.tag or self.acl.wwn

    @property
    def path(self) -> ShellPath:
        return shell_paths.acl(self.tpg.shell, self.host)


@dataclass(slots=True)
class _Found:
    """The paths of a host, while they are counted."""

    acl: ShellPath
    expected: int = 0
    connected: int = 0
    missing: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)


def of_config(
    reader: Reader, config: Config, has_address: Callable[[str], bool] = network.has_address
) -> list[HostPaths]:
    """Return the paths of all hosts with an ACL and a mapped LUN, by the running sessions.

    Portals on addresses that this host does not have (``has_address``) do not count.

    The kernel shows one session of an ACL. Where a TPG has several portals, established TCP
    connections show the others. A portal with a connection that belongs to no known session may be
    one of them, so nothing is missing there.
    """
    logins = list(_logins(reader, config, has_address))
    several = any(len(login.portals) > 1 for login in logins)
    open_now = tcp.established() if several else []
    known = {address for login in logins for address in login.addresses or ()}
    used: Counter[tuple[str, str]] = Counter()
    found: dict[str, _Found] = {}
    for login in logins:
        host = found.setdefault(login.host, _Found(login.path))
        host.expected += len(login.portals)
        if login.addresses is None:
            host.missing.append(f"{login.acl.wwn} has no session with {login.tpg.shell}")
            host.logins.append((login.target, login.portals[0]))
            continue
        lacking = list(_unconnected(login, open_now, known, used))
        host.connected += max(1, len(login.portals) - len(lacking))
        host.missing += (f"none from {login.acl.wwn} to {portal}" for portal in lacking)
        host.logins += ((login.target, portal) for portal in lacking)
    return [
        HostPaths(name, one.acl, one.expected, one.connected, tuple(one.missing), tuple(one.logins))
        for name, one in found.items()
    ]


def _logins(reader: Reader, config: Config, has_address: Callable[[str], bool]) -> Iterator[_Login]:
    for target in config.targets.values():
        fabric = FABRICS[target.fabric]
        if not (fabric.has("nps") and fabric.has("acls")):
            continue
        for tpg in target.tpgs.values():
            portals = tuple(
                name
                for name, portal in tpg.portals.items()
                if has_address(portal.address.strip("[]"))
            )
            if not (tpg.enable and portals):
                continue
            path = TpgPath.of(fabric, target.wwn, tpg.tag)
            for acl in tpg.acls.values():
                if acl.mapped_luns:
                    folder = fabric.to_folder(acl.wwn)
                    session = sessions.of_acl(reader, fabric, path.configfs, folder)
                    addresses = None if session is None else _addresses(session)
                    yield _Login(path, target.wwn, portals, acl, addresses)


def _addresses(session: Session) -> frozenset[str]:
    return frozenset(_plain(one.address) for one in session.connections)


def _unconnected(
    login: _Login,
    open_now: Sequence[TcpConnection],
    known: set[str],
    used: Counter[tuple[str, str]],
) -> Iterator[str]:
    """Yield the portals of a session's TPG that the initiator has no connection to.

    ``used`` counts the connections that earlier logins took: targets share portals.
    """
    if len(login.portals) < 2:
        return
    for portal in login.portals:
        peers = Counter(_peers(open_now, portal))
        own = login.addresses or frozenset()
        free = next((one for one in own if peers[one] > used[portal, one]), None)
        if free is not None:
            used[portal, free] += 1
        elif not peers.keys() - known:
            yield portal


def _peers(open_now: Iterable[TcpConnection], portal: str) -> Iterator[str]:
    """Yield the remote addresses of the connections to a portal."""
    address, _, port = portal.rpartition(":")
    wanted = _plain(address)
    for one in open_now:
        if one.port == int(port) and wanted in ("*", one.address):
            yield one.remote_address


def _plain(address: str) -> str:
    """Return an address as host.tcp has it, or "*" for all: without brackets and scope."""
    bare = address.strip("[]").partition("%")[0]
    return listens_on(bare) or bare


def states(paths: Iterable[HostPaths]) -> Mapping[str, int]:
    """Return the number of hosts in each state."""
    return Counter(one.state for one in paths)
