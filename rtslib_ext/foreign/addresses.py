# SPDX-License-Identifier: Apache-2.0
"""Addresses of initiators, which LIO does not look at, as allowed networks of portals.

These are about a portal, on which several targets may listen, not about a target.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from ..config.model import WILDCARDS, Config, Portal
from ..errors import InvalidValue
from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass, replace
from ..firewall import allowed
from ..firewall.allowed import Allowed
from ..kernel import paths
from .imported import CHANGED, LOST, Imported, Place, Remark, of_object


@dataclass(frozen=True, slots=True)
class Access:
    """A TPG by its shell path, and the addresses that may log in at its portals; none: any."""

    at: Place
    tpg: str
    portals: Sequence[Portal]
    texts: Sequence[str] = ()


def network(text: str) -> str | None:
    """Return an address or network as ``allow`` takes it; None if the text is neither."""
    bare = text.strip().replace("[", "").replace("]", "")
    try:
        found = ipaddress.ip_network(bare, strict=False)
    except ValueError:
        return None
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def commands(tpg: str, portals: Iterable[str], texts: Iterable[str]) -> str:
    """Return the commands that let only these addresses reach the portals of a TPG.

    "" if no text is an address: without one, ``allow`` only lists the allowed networks.
    """
    found = " ".join(one for one in map(network, texts) if one)
    return "; ".join(f"{tpg}/portals/{name} allow {found}" for name in portals) if found else ""


# -- in one file ----------------------------------------------------------------------------


def settle(found: Sequence[Access]) -> tuple[Allowed, list[Remark]]:
    """Return the networks of the portals at which all TPGs admit the same; remark all addresses."""
    everywhere = {portal.port for one in found for portal in one.portals if portal.is_wildcard}
    lists: dict[object, set[tuple[str, ...] | None]] = {}
    for one in found:
        for portal in one.portals:
            admitted = _networks(one.texts) if _has_rules(portal) else None
            lists.setdefault(_socket(portal, everywhere), set()).add(admitted)
    settled: dict[str, tuple[str, ...]] = {}
    remarks = []
    for one in found:
        open_to_others = []
        for portal in one.portals:
            same = lists[_socket(portal, everywhere)]
            networks = next(iter(same)) if len(same) == 1 else None
            if networks:
                settled[allowed.portal(portal.name)] = networks
            elif networks is None:
                open_to_others.append(portal.name)
        if one.texts:
            remarks.append(_remark(one, open_to_others))
    return settled, remarks


def _remark(one: Access, open_to_others: Sequence[str]) -> Remark:
    at, listed = one.at, ", ".join(one.texts)
    if one.portals and not open_to_others:
        text = (
            "LIO does not look at the address of an initiator: these become the allowed networks "
            f"of its portals, for all targets there: {listed}"
        )
        return Remark(CHANGED, at.file, at.line, text, "", at.path)
    text = (
        "LIO does not look at the address of an initiator, and the targets on one portal have the "
        f"same allowed networks, so these do not limit logins: {listed}"
    )
    cure = commands(one.tpg, open_to_others, one.texts)
    return Remark(LOST, at.file, at.line, text, cure, at.path)


def _socket(portal: Portal, everywhere: Iterable[int]) -> object:
    """Return what portals have in common that the same packets reach."""
    return portal.port if portal.port in everywhere else (portal.address, portal.port)


def _has_rules(portal: Portal) -> bool:
    """Return True if ``allow`` takes a portal."""
    return not (portal.iser or portal.offload or "%" in portal.address)


def _networks(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Return addresses as networks; () without any, None if one of them is none."""
    found = [network(text) for text in texts]
    words = [one for one in found if one]
    if len(words) < len(found):
        return None
    try:
        return allowed.networks(words)
    except InvalidValue:
        return None


# -- beside a running configuration ---------------------------------------------------------


def beside(found: Imported, have: Config, running: Allowed) -> Imported:
    """Return an import that does not limit the access to targets that run already.

    Portals at which another target listens with other networks lose theirs, with a remark.
    """
    others = list(_others(have, found.config))
    kept, remarks = dict(found.allowed_networks), list(found.remarks)
    for name, networks in found.allowed_networks.items():
        users = [
            wwn
            for wwn, portal in others
            if _meet(name, portal) and running.get(allowed.portal(portal.name)) != networks
        ]
        if users:
            del kept[name]
            remarks.append(_of_others(found.config, name, users, networks))
    return replace(found, allowed_networks=kept, remarks=tuple(remarks))


def _of_others(config: Config, name: str, users: Iterable[str], networks: Iterable[str]) -> Remark:
    text = (
        f"only {', '.join(networks)} may reach {name}, but {', '.join(sorted(set(users)))} "
        "listens there with other allowed networks"
    )
    tpg, portal = next(_listening(config, name))
    cure = commands(tpg, [portal], networks)
    return of_object(LOST, f"{tpg}/portals/{portal}", text, cure)


def _others(have: Config, found: Config) -> Iterator[tuple[str, Portal]]:
    """Yield the WWN and each portal of the targets that are not imported."""
    for key, target in have.targets.items():
        if key not in found.targets:
            for tpg in target.tpgs.values():
                for portal in tpg.portals.values():
                    if "%" not in portal.address:
                        yield target.wwn, portal


def _listening(config: Config, name: str) -> Iterator[tuple[str, str]]:
    """Yield the TPGs that listen on a portal, by shell path, and its name there."""
    for target in config.targets.values():
        for tpg in target.tpgs.values():
            for portal in tpg.portals.values():
                if "%" not in portal.address and allowed.portal(portal.name) == name:
                    yield paths.shell_tpg(FABRICS[target.fabric], target.wwn, tpg.tag), portal.name


def _meet(name: str, portal: Portal) -> bool:
    """Return True if a rule about one portal concerns packets to another."""
    address, _, port = name.rpartition(":")
    if int(port) != portal.port:
        return False
    return address in WILDCARDS or portal.is_wildcard or name == allowed.portal(portal.name)
