# SPDX-License-Identifier: Apache-2.0
"""The established TCP connections of this host, those of the kernel's own sockets included."""

from __future__ import annotations

from ..fast_dataclasses import dataclass

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
# include/net/tcp_states.h, TCP_ESTABLISHED
_ESTABLISHED = "01"


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection: the local address and port, and the address of the other end."""

    address: str
    port: int
    peer: str


def established() -> list[Connection]:
    """Return the established connections; addresses as ``plain`` returns them."""
    return [
        Connection(address, port, _endpoint(fields[2])[0])
        for table in _TABLES
        for fields in _rows(table)
        if fields[3] == _ESTABLISHED
        for address, port in (_endpoint(fields[1]),)
    ]


def plain(address: str) -> str:
    """Return an IP address without brackets and in its usual form, IPv4 in IPv6 as IPv4."""
    # Imported here: most configurations have one portal, whose connections nothing asks for.
    from ipaddress import IPv6Address, ip_address

    bare = address.strip("[]")
    try:
        found = ip_address(bare)
    except ValueError:
        return bare
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found)


def _rows(table: str) -> list[list[str]]:
    """Return the fields of each row (Documentation/networking/proc_net_tcp.rst)."""
    try:
        with open(table, encoding="ascii") as file:
            return [row.split() for row in file.read().splitlines()[1:]]
    except OSError:
        return []


def _endpoint(text: str) -> tuple[str, int]:
    """Return the address and port of ADDRESS:PORT in hexadecimal.

    Each 32 bits of the address are a number in the byte order of the host.
    """
    import socket

    digits, _, port = text.partition(":")
    words = [digits[start : start + 8] for start in range(0, len(digits), 8)]
    raw = b"".join(socket.ntohl(int(word, 16)).to_bytes(4, "big") for word in words)
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    return plain(socket.inet_ntop(family, raw)), int(port, 16)
