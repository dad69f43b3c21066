# SPDX-License-Identifier: Apache-2.0
"""Connections with an iSNS server: requests and their responses, within a limit of time."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable
from types import TracebackType

from ..errors import LioError, reason
from .messages import (
    HEADER_BYTES,
    MOST_BYTES,
    STATUS,
    Attribute,
    Header,
    Malformed,
    Message,
    header,
    joined,
    request,
)

SECONDS = 10.0
"""The longest time of a connection attempt, and of a request with its response."""
# Messages that are no response to the last request.
_MOST_STRAY = 100


class Disconnected(LioError):
    """There is no connection, or it ended, or no response came in time."""


class Refused(LioError):
    """The server refused a request; ``status`` is its number (RFC 4171 section 5.4)."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server refuses: {STATUS.get(status, 'unknown')} (status {status})")
        self.status = status


class Connection:
    """A TCP connection with a server. Raises Disconnected if there is none."""

    def __init__(self, host: str, port: int, seconds: float = SECONDS) -> None:
        self._seconds, self._transaction = seconds, 0
        try:
            self.socket = socket.create_connection((host, port), timeout=seconds)
        except OSError as err:
            raise Disconnected(reason(err)) from err
        except UnicodeError as err:
            # Of the codec idna: a label is empty, or too long.
            raise Disconnected(f"{host!r} is not the name of a host") from err

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    @property
    def is_local(self) -> bool:
        """Return True if the server is reached by a loopback address."""
        place = str(self.socket.getpeername()[0]).partition("%")[0]
        return ipaddress.ip_address(place).is_loopback

    def hurry(self, seconds: float) -> None:
        """Let each further request take this long at most."""
        self._seconds = seconds

    def expect_nothing(self) -> None:
        """Read what a server sends unasked. Raises Disconnected if it closed the connection."""
        try:
            self.socket.setblocking(False)
            if not self.socket.recv(1 << 16):
                raise Disconnected("the server closed the connection")
        except BlockingIOError:
            return
        except OSError as err:
            raise Disconnected(reason(err)) from err

    def ask(self, function: int, attributes: Iterable[Attribute], flags: int = 0) -> Message:
        """Send a request and return the response.

        Raises Disconnected, Malformed; Refused for a response with an error status.
        """
        end = time.monotonic() + self._seconds
        self._transaction = self._transaction % 0xFFFF + 1
        try:
            self.socket.settimeout(self._seconds)
            self.socket.sendall(request(function, self._transaction, attributes, flags))
        except OSError as err:
            raise Disconnected(reason(err)) from err
        for _ in range(_MOST_STRAY):
            found = receive(self.socket, end)
            if found.answers == function and found.transaction == self._transaction:
                if found.status:
                    raise Refused(found.status)
                return found
        raise Malformed(f"{_MOST_STRAY} messages, none of which is the response")


def receive(link: socket.socket, end: float) -> Message:
    """Return the next message; ``end`` is a time of time.monotonic().

    Raises Disconnected, Malformed.
    """
    headers: list[Header] = []
    payloads: list[bytes] = []
    size = 0
    while not headers or not headers[-1].is_last:
        headers.append(header(_exactly(link, HEADER_BYTES, end)))
        size += HEADER_BYTES + headers[-1].length
        if size > MOST_BYTES:
            raise Malformed(f"more than {MOST_BYTES} bytes")
        payloads.append(_exactly(link, headers[-1].length, end))
    return joined(headers, payloads)


def _exactly(link: socket.socket, size: int, end: float) -> bytes:
    found = bytearray()
    while len(found) < size:
        left = end - time.monotonic()
        if left <= 0:
            raise Disconnected("no complete message came in time")
        try:
            link.settimeout(left)
            part = link.recv(size - len(found))
        except TimeoutError as err:
            raise Disconnected("no complete message came in time") from err
        except OSError as err:
            raise Disconnected(reason(err)) from err
        if not part:
            raise Disconnected("the other side closed the connection")
        found += part
    return bytes(found)
