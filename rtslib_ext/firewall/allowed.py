# SPDX-License-Identifier: Apache-2.0
"""The allowed networks of portals as a value.

They belong to an address and a port, whichever target listens there: all portals with that address
and port share a socket.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from ..errors import InvalidValue
from ..naming import ip_address

Allowed = Mapping[str, tuple[str, ...]]
"""Networks such as 192.0.2.0/24, by portal: 192.0.2.1:3260, [2001:db8::1]:3260, [::]:3260."""
ANY = "any"
_MOST = 1000
_EXAMPLES = "use networks or addresses such as 192.0.2.0/24 or 2001:db8::10, or any"


def portal(name: str) -> str:
    """Return the name of a portal in one spelling. Raises InvalidValue."""
    address, _, port = name.rpartition(":")
    if "%" in address:
        raise InvalidValue(f"{name!r} has a zone, which no rule can have")
    try:
        parsed = ip_address(address)
        number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise InvalidValue(f"{name!r} is not ADDRESS:PORT")
    return f"[{parsed}]:{number}" if parsed.version == 6 else f"{parsed}:{number}"


def networks(words: Iterable[str]) -> tuple[str, ...]:
    """Return networks in one spelling and order, without those that others contain.

    Raises InvalidValue.
    """
    v4: list[ipaddress.IPv4Network] = []
    v6: list[ipaddress.IPv6Network] = []
    for word in words:
        parsed = _network(word)
        if isinstance(parsed, ipaddress.IPv4Network):
            v4.append(parsed)
        else:
            v6.append(parsed)
    if len(v4) + len(v6) > _MOST:
        raise InvalidValue(
            f"{len(v4) + len(v6)} networks are too many for a portal", hint=_EXAMPLES
        )
    found = (*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6))
    return tuple(map(str, found))


def _network(word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    if "%" in word:
        # After it, Python takes any text for the zone of an IPv6 address.
        raise InvalidValue(f"{word!r} has a zone, which no rule can have", hint=_EXAMPLES)
    try:
        return ipaddress.ip_network(word)
    except ValueError:
        pass
    try:
        whole = ipaddress.ip_network(word, strict=False)
    except ValueError as err:
        raise InvalidValue(f"{word!r} is not a network", hint=_EXAMPLES) from err
    host = word.partition("/")[0]
    raise InvalidValue(
        f"{word} is an address within a network",
        hint=f"use {whole} for the network, {host} for the host alone",
    )


def from_values(values: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return the value of a mapping in a file. Raises InvalidValue."""
    return {portal(name): networks(words) for name, words in sorted(values.items())}


def of_portals(allowed: Allowed, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the part that concerns these portals, in any spelling."""
    known = {portal(name) for name in names if "%" not in name}
    return {name: found for name, found in allowed.items() if name in known}


def contains(found: Iterable[str], address: str) -> bool:
    """Return True if an address is in one of the networks; also if it is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return True
    return any(parsed in ipaddress.ip_network(one) for one in found)
