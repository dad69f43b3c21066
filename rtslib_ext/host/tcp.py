# SPDX-License-Identifier: Apache-2.0
"""The TCP connections of this host."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from ..fast_dataclasses import dataclass
from .system import read_text

# include/net/tcp_states.h, TCP_ESTABLISHED
_ESTABLISHED = "01"
_MAPPED = "::ffff:"
_ENDPOINT = re.compile("(?:[0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4}")


@dataclass(frozen=True, slots=True)
class TcpConnection:
    """An established connection; an IPv4 address is written as such on an IPv6 socket too."""

    address: str
    port: int
    remote_address: str
    remote_port: int


def established() -> list[TcpConnection]:
    """Return the connections in this process's network namespace, those of the kernel included."""
    return [item for name in ("tcp", "tcp6") for item in _in(f"/proc/net/{name}")]


def _in(file: str) -> Iterator[TcpConnection]:
    """Yield the connections of a file (Documentation/networking/proc_net_tcp.rst)."""
    for line in read_text(file).split("\n")[1:]:
        fields = line.split()
        if (
            len(fields) > 3
            and fields[3] == _ESTABLISHED
            and all(map(_ENDPOINT.fullmatch, fields[1:3]))
        ):
            yield TcpConnection(*_endpoint(fields[1]), *_endpoint(fields[2]))


def _endpoint(text: str) -> tuple[str, int]:
    """Return address and port of ``0100007F:0CBC``: words in the byte order of the host."""
    # Imported here: only the list of sessions needs it.
    import socket

    address, _, port = text.partition(":")
    words = (address[start : start + 8] for start in range(0, len(address), 8))
    raw = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, raw).removeprefix(_MAPPED), int(port, 16)
