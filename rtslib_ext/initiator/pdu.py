# SPDX-License-Identifier: Apache-2.0
"""PDUs: their header, their data segment, and the keys of a login (RFC 7143 section 11)."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Mapping

from ..errors import LioError, reason
from ..fast_dataclasses import dataclass

HEADER = 48
# Opcodes; requests with the immediate bit, 0x40 (section 11.2.1.1).
NOP_OUT, COMMAND, LOGIN, LOGOUT = 0x40, 0x01, 0x43, 0x46
NOP_IN, RESPONSE, LOGIN_RESPONSE, DATA_IN, LOGOUT_RESPONSE = 0x20, 0x21, 0x23, 0x25, 0x26
FINAL = 0x80
NO_TAG = 0xFFFFFFFF
# More than any answer that is asked for.
_MOST = 1 << 20


class Broken(LioError):
    """The connection broke, or what came over it is no iSCSI."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """A PDU that the target sent."""

    header: bytes
    data: bytes

    @property
    def opcode(self) -> int:
        """Return the opcode."""
        return self.header[0] & 0x3F

    @property
    def flags(self) -> int:
        """Return the second byte."""
        return self.header[1]

    def number(self, offset: int) -> int:
        """Return the 32-bit field at an offset."""
        found: int = struct.unpack_from(">I", self.header, offset)[0]
        return found


def send(connection: socket.socket, header: bytes, data: bytes = b"") -> None:
    """Send a PDU; its header gets the length of the data. Raises Broken."""
    length = len(data).to_bytes(3, "big")
    try:
        connection.sendall(header[:5] + length + header[8:] + data + bytes(-len(data) % 4))
    except OSError as err:
        raise Broken(f"the connection broke: {reason(err)}") from err


def receive(connection: socket.socket, end: float) -> Pdu:
    """Return the next PDU; raises Broken, also if it is not complete at ``end`` (monotonic)."""
    header = _exactly(connection, HEADER, end)
    more = header[4] * 4
    length = int.from_bytes(header[5:8], "big")
    if length > _MOST:
        raise Broken("the answer is not iSCSI: another program has this port")
    _exactly(connection, more, end)
    return Pdu(header, _exactly(connection, length + -length % 4, end)[:length])


def _exactly(connection: socket.socket, length: int, end: float) -> bytes:
    found = b""
    while len(found) < length:
        try:
            # 0 would not even take data that has arrived already.
            connection.settimeout(max(0.001, end - time.monotonic()))
            part = connection.recv(length - len(found))
        except TimeoutError as err:
            raise Broken("no answer in time") from err
        except OSError as err:
            raise Broken(f"the connection broke: {reason(err)}") from err
        if not part:
            raise Broken("the target closed the connection")
        found += part
    return found


def text_of(keys: Mapping[str, str]) -> bytes:
    """Return keys as a data segment (section 6.1)."""
    text = "".join(f"{name}={value}\0" for name, value in keys.items())
    # A name in the kernel may have any bytes.
    return text.encode("utf-8", "surrogateescape")


def keys_of(data: bytes) -> dict[str, str]:
    """Return the keys of a data segment."""
    texts = data.decode("utf-8", "replace").split("\0")
    return dict(text.split("=", 1) for text in texts if "=" in text)
