# SPDX-License-Identifier: Apache-2.0
"""The rules of nftables for the allowed networks of portals, as a script for ``nft -f``."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterator

from .allowed import Allowed

TABLE = "inet targetcli"
CHAIN = "input"
# The table is created first, so that deleting it succeeds: nft performs the script as one change.
_WITHOUT = f"table {TABLE}\ndelete table {TABLE}\n"
_WILDCARDS = ("0.0.0.0", "::")


def digest(allowed: Allowed) -> str:
    """Return a short text that only these networks have."""
    text = json.dumps({name: list(allowed[name]) for name in sorted(allowed)})
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def text(allowed: Allowed) -> str:
    """Return the script that replaces the table; without networks, it removes the table.

    Packets of allowed networks pass to the other tables: what one of these drops, this one cannot
    admit. All others to the portal are dropped and counted, those of existing connections too.
    """
    if not allowed:
        return _WITHOUT
    return _WITHOUT + "\n".join(_lines(allowed)) + "\n"


def _lines(allowed: Allowed) -> Iterator[str]:
    # A portal on one address before those on all: its own rules decide.
    names = sorted(allowed, key=lambda name: (_address(name) in _WILDCARDS, name))
    yield f"table {TABLE} {{"
    for number, name in enumerate(names):
        yield from _sets(number, allowed[name])
    yield f"\tchain {CHAIN} {{"
    yield "\t\ttype filter hook input priority filter - 10; policy accept;"
    ports = sorted({int(name.rpartition(":")[2]) for name in names})
    listed = ", ".join(map(str, ports))
    yield f'\t\ttcp dport != {{ {listed} }} accept comment "{digest(allowed)}"'
    for number, name in enumerate(names):
        yield from _rules(number, name)
    yield "\t}"
    yield "}"


def _sets(number: int, networks: tuple[str, ...]) -> Iterator[str]:
    for version in (4, 6):
        found = [one for one in networks if ipaddress.ip_network(one).version == version]
        elements = f" elements = {{ {', '.join(found)} }}" if found else ""
        yield f"\tset allowed{number}_v{version} {{"
        yield f"\t\ttype ipv{version}_addr; flags interval; auto-merge;{elements}"
        yield "\t}"


def _rules(number: int, name: str) -> Iterator[str]:
    address, port = _address(name), name.rpartition(":")[2]
    for version in (4, 6):
        if (match := _match(address, version)) is None:
            continue
        word = "ip" if version == 4 else "ip6"
        here = f"{match} tcp dport {port}"
        yield f"\t\t{here} {word} saddr @allowed{number}_v{version} accept"
        yield f'\t\t{here} counter drop comment "{name}"'


def _match(address: str, version: int) -> str | None:
    """Return what matches packets of an IP version to a portal; None if it takes none of them."""
    of_portal = ipaddress.ip_address(address).version
    word = "ip" if version == 4 else "ip6"
    if address == "::":
        # The kernel's IPv6 socket takes IPv4 connections too.
        return f"meta protocol {word}"
    if of_portal != version:
        return None
    return f"meta protocol {word}" if address in _WILDCARDS else f"{word} daddr {address}"


def _address(name: str) -> str:
    return name.rpartition(":")[0].strip("[]")
