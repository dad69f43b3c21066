# SPDX-License-Identifier: Apache-2.0
"""Rules about network portals."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import shell_paths
from ..config.model import Portal
from ..host import network
from ..usage import no_portals
from .facts import Facts, TpgFacts, tpgs
from .rule import Finding, Needs, Rule, Severity, Words

NO_ADDRESS = "no interface has this address"
_NAMED = 4


def no_portal(facts: Facts) -> Iterator[Finding]:
    """Yield the enabled TPGs without a portal."""
    for tpg in tpgs(facts.config, "nps"):
        if tpg.config.enable and not tpg.config.portals:
            path = shell_paths.portals(tpg.shell)
            cure: Words = (path, "create")
            yield Finding(tpg.shell, f"it {no_portals.TEXT}", " ".join(cure), (cure,))


def no_address(facts: Facts) -> Iterator[Finding]:
    """Yield the portals on addresses that no interface has."""
    for tpg in tpgs(facts.config, "nps"):
        for name, portal in tpg.config.portals.items():
            if not facts.has_address(portal.address):
                cure = _delete(tpg, portal)
                advice = f"add the address, or {' '.join(cure)}"
                yield Finding(shell_paths.portal(tpg.shell, name), NO_ADDRESS, advice, (cure,))


def _delete(tpg: TpgFacts, portal: Portal) -> Words:
    path, address = shell_paths.portals(tpg.shell), portal.address.strip("[]")
    return (path, "delete", address, str(portal.port))


def wildcard(facts: Facts) -> Iterator[Finding]:
    """Yield the portals on all addresses of a host that has several."""
    found = [
        (tpg, name, portal)
        for tpg in tpgs(facts.config, "nps")
        for name, portal in tpg.config.portals.items()
        if portal.is_wildcard
    ]
    known = network.addresses() if found else []
    if len(known) < 2:
        return
    listed = ", ".join(known[:_NAMED]) + (" and more" if len(known) > _NAMED else "")
    for tpg, name, portal in found:
        path = shell_paths.portals(tpg.shell)
        create = (path, "create", known[0], str(portal.port))
        yield Finding(
            shell_paths.portal(tpg.shell, name),
            f"it listens on all {len(known)} addresses of this host: {listed}",
            "create one for each address that initiators use",
            (_delete(tpg, portal), create),
        )


def open_to_others(facts: Facts) -> Iterator[Finding]:
    """Yield that portals with allowed networks are open to others."""
    if facts.open_portals:
        cure: Words = ("/", "firewall", "apply")
        yield Finding("/", facts.open_portals, " ".join(cure[1:]), (cure,))


RULES = (
    Rule(
        "no-portal",
        Severity.ERROR,
        Needs.CONFIG,
        no_portal,
        "An enabled TPG has no portal, so no initiator can log in.",
        "Create one, or disable the TPG.",
        breaks=True,
    ),
    Rule(
        "portal-address",
        Severity.ERROR,
        Needs.HOST,
        no_address,
        "A portal is on an address that no interface of this host has. The kernel accepts it, and "
        "no initiator can reach it.",
        "Add the address, or delete the portal.",
        breaks=True,
    ),
    Rule(
        "portal-wildcard",
        Severity.NOTE,
        Needs.HOST,
        wildcard,
        "A portal listens on all addresses of a host that has several, those of other networks "
        "included. Discovery then offers addresses that an initiator may not be able to reach.",
        "Replace it by a portal on each address of the storage network.",
    ),
    Rule(
        "networks-not-loaded",
        Severity.ERROR,
        Needs.KERNEL,
        open_to_others,
        "Portals have allowed networks, and their rules are not loaded in nftables, so other "
        "networks can reach them. nft flush ruleset removes these rules, too.",
        "Load them; targetcli-firewall.service does at boot and after nftables.service.",
        breaks=True,
    ),
)
