# SPDX-License-Identifier: Apache-2.0
"""Messages of iSNS as bytes and back (RFC 4171 section 5).

What a server sends is not trusted: every length is checked before it is used, and the number of
bytes and attributes of a message is limited.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum

from ..errors import LioError
from ..fast_dataclasses import dataclass

HEADER_BYTES = 12
MOST_BYTES = 4 << 20
"""The longest message that is accepted, all its PDUs together."""
MOST_ATTRIBUTES = 200_000
PDU_BYTES = 0xFFFC
"""The longest payload of one PDU: its length is a 16-bit multiple of 4 (section 5.1.3)."""

_HEADER = struct.Struct(">HHHHHH")
_TLV = struct.Struct(">II")
_VERSION = 1
_RESPONSE = 0x8000
# Section 6.4.1: a name has at most 223 bytes and its NUL; an entity identifier 255.
_MOST_TEXT = 256


class Function(IntEnum):
    """Section 5.6, the messages that a target sends or answers."""

    REGISTER = 1
    QUERY = 2
    DEREGISTER = 4
    SCN_REGISTER = 5
    SCN = 8
    ESI = 13


class Flag(IntEnum):
    """Section 5.1.4."""

    CLIENT = 0x8000
    SERVER = 0x4000
    REPLACE = 0x1000
    LAST = 0x0800
    FIRST = 0x0400


class Tag(IntEnum):
    """Section 6.1, the attributes that a target registers or reads."""

    DELIMITER = 0
    ENTITY = 1
    PROTOCOL = 2
    TIMESTAMP = 4
    PERIOD = 6
    PORTAL_ADDRESS = 16
    PORTAL_PORT = 17
    ESI_INTERVAL = 19
    ESI_PORT = 20
    SCN_PORT = 23
    NAME = 32
    NODE_TYPE = 33
    SCN_BITMAP = 35
    GROUP_ADDRESS = 49
    GROUP_PORT = 50
    GROUP_TAG = 51


STATUS = {
    1: "unknown error",
    2: "message format error",
    3: "invalid registration",
    5: "invalid query",
    6: "source unknown",
    7: "source absent",
    8: "source unauthorized",
    9: "no such entry",
    10: "version not supported",
    11: "internal error",
    12: "busy",
    13: "option not understood",
    14: "invalid update",
    15: "message not supported",
    16: "SCN event rejected",
    17: "SCN registration rejected",
    18: "attribute not implemented",
    21: "ESI not available",
    22: "invalid deregistration",
    23: "registration feature not supported",
}
"""Section 5.4."""
ESI_NOT_AVAILABLE = 21

Attribute = tuple[int, bytes]


class Malformed(LioError):
    """A message does not follow RFC 4171."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a PDU; ``length`` is that of its payload in bytes."""

    function: int
    length: int
    flags: int
    transaction: int
    sequence: int

    @property
    def is_last(self) -> bool:
        """Return True if no PDU of the same message follows."""
        return bool(self.flags & Flag.LAST)


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message. ``status`` is that of a response; None in a request."""

    function: int
    transaction: int
    attributes: tuple[Attribute, ...]
    status: int | None = None

    @property
    def answers(self) -> int:
        """Return the function of the request that a response answers; 0 for a request."""
        return self.function & ~_RESPONSE if self.status is not None else 0


# -- writing ------------------------------------------------------------------------------


def request(
    function: int, transaction: int, attributes: Iterable[Attribute], flags: int = 0
) -> bytes:
    """Return a request as one PDU. Raises ValueError if it is too long for that."""
    return _pdu(function, transaction, packed(attributes), Flag.CLIENT | flags)


def response(to: Message, status: int, attributes: Iterable[Attribute]) -> bytes:
    """Return the response of a client to a request of a server."""
    payload = struct.pack(">I", status) + packed(attributes)
    return _pdu(to.function | _RESPONSE, to.transaction, payload, Flag.CLIENT)


def _pdu(function: int, transaction: int, payload: bytes, flags: int) -> bytes:
    if len(payload) > PDU_BYTES:
        raise ValueError(f"{len(payload)} bytes do not fit into a PDU of iSNS")
    flags |= Flag.FIRST | Flag.LAST
    return _HEADER.pack(_VERSION, function, len(payload), flags, transaction, 0) + payload


def packed(attributes: Iterable[Attribute]) -> bytes:
    """Return attributes as bytes, each padded to a multiple of 4 (section 5.2)."""
    return b"".join(
        _TLV.pack(tag, len(value) + -len(value) % 4) + value + bytes(-len(value) % 4)
        for tag, value in attributes
    )


def text(value: str) -> bytes:
    """Return a text as the value of an attribute: UTF-8 with a NUL at its end."""
    return value.encode() + b"\0"


def number(value: int) -> bytes:
    """Return a 32-bit number as the value of an attribute."""
    return struct.pack(">I", value)


def address(value: str) -> bytes:
    """Return an IP address in 16 bytes, IPv4 mapped to IPv6 (section 6.3.1)."""
    parsed = ipaddress.ip_address(value)
    if isinstance(parsed, ipaddress.IPv4Address):
        return bytes(10) + b"\xff\xff" + parsed.packed
    return parsed.packed


# -- reading ------------------------------------------------------------------------------


def header(data: bytes) -> Header:
    """Return the header of a PDU, given its 12 bytes. Raises Malformed."""
    if len(data) != HEADER_BYTES:
        raise Malformed(f"a header of {len(data)} bytes")
    version, function, length, flags, transaction, sequence = _HEADER.unpack(data)
    if version != _VERSION:
        raise Malformed(f"version {version} instead of {_VERSION}")
    if length % 4:
        raise Malformed(f"a payload of {length} bytes, which is no multiple of 4")
    return Header(function, length, flags, transaction, sequence)


def joined(headers: Sequence[Header], payloads: Sequence[bytes]) -> Message:
    """Return the message that consists of these PDUs, in order. Raises Malformed."""
    first, payload = headers[0], b"".join(payloads)
    if any(
        one.function != first.function or one.transaction != first.transaction or one.sequence != at
        for at, one in enumerate(headers)
    ):
        raise Malformed("PDUs of different messages, or in the wrong order")
    if not first.function & _RESPONSE:
        return Message(first.function, first.transaction, tuple(_attributes(payload)))
    if len(payload) < 4:
        raise Malformed("a response without a status")
    status = int.from_bytes(payload[:4], "big")
    # After an error the rest has no meaning, and some servers leave it incomplete.
    found = () if status else tuple(_attributes(payload[4:]))
    return Message(first.function, first.transaction, found, status)


def _attributes(payload: bytes) -> Iterator[Attribute]:
    position, end = 0, len(payload)
    for _ in range(MOST_ATTRIBUTES):
        if position == end:
            return
        if end - position < _TLV.size:
            raise Malformed("it ends within an attribute")
        tag, length = _TLV.unpack_from(payload, position)
        position += _TLV.size
        if length > end - position or length % 4:
            raise Malformed(f"the attribute {tag} has a length of {length} bytes")
        yield tag, payload[position : position + length]
        position += length
    raise Malformed(f"more than {MOST_ATTRIBUTES} attributes")


def as_text(value: bytes) -> str:
    """Return the text of an attribute without the NUL at its end. Raises Malformed."""
    found = value.split(b"\0", 1)[0]
    if len(found) > _MOST_TEXT:
        raise Malformed(f"a text of {len(found)} bytes")
    try:
        return found.decode()
    except UnicodeDecodeError as err:
        raise Malformed("a text that is not UTF-8") from err


def as_number(value: bytes) -> int:
    """Return a 32-bit number. Raises Malformed."""
    if len(value) != 4:
        raise Malformed(f"a number of {len(value)} bytes")
    return int.from_bytes(value, "big")


def as_address(value: bytes) -> str:
    """Return an IP address as text. Raises Malformed."""
    if len(value) != 16:
        raise Malformed(f"an IP address of {len(value)} bytes")
    parsed = ipaddress.IPv6Address(value)
    return str(parsed.ipv4_mapped or parsed)
