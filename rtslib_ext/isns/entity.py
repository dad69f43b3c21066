# SPDX-License-Identifier: Apache-2.0
"""What a host registers with an iSNS server: its portals, its iSCSI targets, its portal groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ..config.model import Config, Target, Tpg
from ..fast_dataclasses import dataclass
from ..naming import ip_address

Portal = tuple[str, int]
"""An IP address and a TCP port."""
_ISCSI = "iscsi"
_IPV4_WILDCARD = "0.0.0.0"
_WILDCARDS = (_IPV4_WILDCARD, "::")


@dataclass(frozen=True, slots=True)
class Node:
    """An iSCSI target: its name, and its portal group tag (the TPG's tag) at each portal."""

    name: str
    groups: Mapping[Portal, int]


@dataclass(frozen=True, slots=True)
class Entity:
    """A host (RFC 4171 section 2.2.1): its identifier, its portals and its targets by name."""

    name: str
    portals: tuple[Portal, ...]
    nodes: Mapping[str, Node]

    @property
    def source(self) -> str:
        """Return the name of the target that sends the messages; "" without a target."""
        return next(iter(self.nodes), "")


def of_config(name: str, config: Config, addresses: Collection[str], *, local: bool) -> Entity:
    """Return the entity that stands for the enabled TPGs of a configuration.

    ``addresses`` are those of the host, which a portal on every address stands for. Only a
    ``local`` server, which this host reaches by a loopback address, gets to know portals on such
    addresses; link-local ones mean nothing to other hosts.
    """
    nodes = {}
    for (fabric, wwn), target in sorted(config.targets.items()):
        groups = dict(_groups(target, addresses, local=local)) if fabric == _ISCSI else {}
        if groups:
            nodes[wwn] = Node(wwn, groups)
    portals = sorted({portal for node in nodes.values() for portal in node.groups})
    return Entity(name, tuple(portals), nodes)


def _groups(
    target: Target, addresses: Collection[str], *, local: bool
) -> Iterator[tuple[Portal, int]]:
    for tpg in target.tpgs.values():
        if tpg.enable is not False:
            yield from ((portal, tpg.tag) for portal in _portals(tpg, addresses, local=local))


def _portals(tpg: Tpg, addresses: Collection[str], *, local: bool) -> Iterator[Portal]:
    for portal in tpg.portals.values():
        for address in _listens_on(portal.address.strip("[]"), addresses):
            parsed = ip_address(address)
            if (local or not parsed.is_loopback) and not parsed.is_link_local:
                yield str(parsed), portal.port


def _listens_on(address: str, addresses: Collection[str]) -> Iterable[str]:
    try:
        bare = str(ip_address(address))
    except ValueError:
        # An IPv6 address with a zone, which is link-local.
        return ()
    if bare not in _WILDCARDS:
        return (bare,)
    # The kernel's IPv6 socket takes IPv4 connections too.
    return (one for one in addresses if bare != _IPV4_WILDCARD or ":" not in one)


def has_wildcard(config: Config) -> bool:
    """Return True if a portal listens on every address of the host."""
    return any(
        portal.is_wildcard
        for target in config.targets.values()
        for tpg in target.tpgs.values()
        for portal in tpg.portals.values()
    )
