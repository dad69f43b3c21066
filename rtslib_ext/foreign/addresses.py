# SPDX-License-Identifier: Apache-2.0
"""Addresses of initiators, which LIO does not look at, as rules of nftables.

A rule is about a port, on which several targets may listen, not about a target.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence


def network(text: str) -> str | None:
    """Return an address or network as nftables takes it; None if the text is neither."""
    bare = text.strip().replace("[", "").replace("]", "")
    try:
        found = ipaddress.ip_network(bare, strict=False)
    except ValueError:
        return None
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def rules(texts: Iterable[str], ports: Sequence[int]) -> str:
    """Return nft commands that let only these addresses connect to ports."""
    known = [found for found in map(network, texts) if found]
    port = str(ports[0]) if len(ports) == 1 else f"{{ {', '.join(map(str, ports))} }}"
    wanted = []
    for word, ours in (
        ("ip", [one for one in known if ":" not in one]),
        ("ip6", [one for one in known if ":" in one]),
    ):
        match = f"{word} saddr != {{ {', '.join(ours)} }}" if ours else _family(word)
        wanted.append(f"nft add rule inet filter input {match} tcp dport {port} drop")
    return "; ".join(wanted)


def _family(word: str) -> str:
    return f"meta nfproto {'ipv4' if word == 'ip' else 'ipv6'}"
