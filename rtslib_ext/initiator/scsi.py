# SPDX-License-Identifier: Apache-2.0
"""What an initiator sees of its disks: SCSI commands that only read (SPC-4, SBC-3)."""

from __future__ import annotations

import struct

from ..fast_dataclasses import dataclass
from .pdu import Broken
from .session import Failed, Session

_INQUIRY, _MODE_SENSE, _REPORT_LUNS, _CAPACITY = 0x12, 0x1A, 0xA0, 0x9E
_SERIAL, _IDENTIFIERS = 0x80, 0x83
_STANDARD, _PAGE, _LIST = 36, 1024, 1 << 18
_NAA = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A disk as the target shows it; None is not known.

    ``size`` is in bytes. With INQUIRY only, ``size``, ``block_size`` and ``write_protected`` are
    not known.
    """

    lun: int
    vendor: str
    product: str
    serial: str
    naa: str
    size: int | None = None
    block_size: int | None = None
    write_protected: bool | None = None


def luns(session: Session) -> list[int]:
    """Return the LUNs of REPORT LUNS (SPC-4 section 6.33)."""
    command = struct.pack(">B5xIxx4x", _REPORT_LUNS, _LIST)
    data = session.read(0, command, _LIST)
    found = [data[place : place + 2] for place in range(8, len(data) - 7, 8)]
    return sorted(int.from_bytes(number, "big") & 0x3FFF for number in found)


def disk(session: Session, lun: int, *, only_inquiry: bool = False) -> Seen:
    """Return a disk.

    INQUIRY leaves unit attentions where they are (SPC-4 section 5.14): with ``only_inquiry``, no
    notice that is meant for another session of the same initiator is taken.
    """
    standard = _inquire(session, lun, None, _STANDARD)
    seen = Seen(
        lun,
        _text(standard[8:16]),
        _text(standard[16:32]),
        _text(_page(session, lun, _SERIAL)),
        _naa(_page(session, lun, _IDENTIFIERS)),
    )
    if only_inquiry:
        return seen
    data = session.read(lun, struct.pack(">BB8xI2x", _CAPACITY, 0x10, 32), 32)
    last, block = struct.unpack_from(">QI", _at_least(12, data))
    # Byte 2 of the header (SPC-4 section 7.5.6); bit 7 is WP (SBC-3 section 6.4.1).
    mode = session.read(lun, struct.pack(">BBBBB11x", _MODE_SENSE, 8, 0x0A, 0, 192), 192)
    return Seen(
        *(seen.lun, seen.vendor, seen.product, seen.serial, seen.naa),
        (last + 1) * block,
        block,
        bool(_at_least(3, mode)[2] & 0x80),
    )


def _at_least(length: int, data: bytes) -> bytes:
    """Return an answer; raises Broken if it has fewer bytes."""
    if len(data) < length:
        raise Broken(f"an answer has {len(data)} bytes instead of {length}")
    return data


def _inquire(session: Session, lun: int, page: int | None, length: int) -> bytes:
    values = (_INQUIRY, int(page is not None), page or 0, length)
    return session.read(lun, struct.pack(">BBBH11x", *values), length)


def _page(session: Session, lun: int, page: int) -> bytes:
    """Return the contents of a page of vital product data; empty if the device has none."""
    try:
        data = _inquire(session, lun, page, _PAGE)
    except Failed:
        return b""
    return data[4 : 4 + int.from_bytes(data[2:4], "big")]


def _naa(page: bytes) -> str:
    """Return the NAA identifier of the logical unit (SPC-4 section 7.8.6): naa. and digits."""
    place = 0
    while place + 4 <= len(page):
        kind, length = page[place + 1], page[place + 3]
        value = page[place + 4 : place + 4 + length]
        if kind & 0x0F == _NAA and not kind & 0x30:
            return f"naa.{value.hex()}"
        place += 4 + length
    return ""


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace").strip(" \0")
