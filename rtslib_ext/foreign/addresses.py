# SPDX-License-Identifier: Apache-2.0
"""Addresses of initiators, which LIO does not look at, as allowed networks of portals.

These are about a portal, on which several targets may listen, not about a target.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable


def network(text: str) -> str | None:
    """Return an address or network as ``allow`` takes it; None if the text is neither."""
    bare = text.strip().replace("[", "").replace("]", "")
    try:
        found = ipaddress.ip_network(bare, strict=False)
    except ValueError:
        return None
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def commands(tpg: str, portals: Iterable[str], texts: Iterable[str]) -> str:
    """Return the commands that let only these addresses reach the portals of a TPG."""
    found = " ".join(one for one in map(network, texts) if one)
    return "; ".join(f"{tpg}/portals/{name} allow {found}" for name in portals)
