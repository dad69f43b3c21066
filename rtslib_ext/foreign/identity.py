# SPDX-License-Identifier: Apache-2.0
"""What identifies a disk to initiators, and how LIO shows the same.

LIO derives the NAA identifier from the unit serial number: 6, the company identifier, and the
first 25 hexadecimal digits in the serial number (``config.inquiry.naa``). So it shows any NAA 6
identifier, if the serial number consists of its last 25 digits; both of another target's only if
they happen to agree.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .. import naming, schema
from ..config import inquiry
from ..errors import InvalidValue
from ..fast_dataclasses import dataclass, field
from .imported import CHANGED

_NAA6 = re.compile(r"6[0-9a-f]{31}")
_FIELDS = (("vendor", "vendor_id"), ("product", "product_id"), ("revision", "revision"))
_KEEP = {"NAA identifier": "keep=serial", "serial number": "keep=naa"}


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a disk at another target; None: it does not say.

    ``serial`` is in VPD page 0x80, ``naa`` are the hexadecimal digits of the NAA designator in page
    0x83, ``vendor``, ``product`` and ``revision`` are in the standard INQUIRY data. With
    ``made_up``, the other target generates the serial number: it is not in the file.
    """

    serial: str | None = None
    naa: str | None = None
    vendor: str | None = None
    product: str | None = None
    revision: str | None = None
    made_up: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """The identity of a storage object: its serial number, and its INQUIRY fields.

    ``remarks`` are (severity, text, cure) about differences in LIO.
    """

    serial: str | None
    fields: dict[str, str]
    remarks: list[tuple[str, str, str]] = field(default_factory=list)


def of_object(identity: Identity, *, keep_serial: bool = False) -> Made:
    """Return the identity that LIO is to show."""
    made = Made(identity.serial, {})
    naa = identity.naa.lower() if identity.naa else ""
    if identity.serial is not None:
        made = _with_serial(made, identity.serial)
    if naa:
        made = _with_naa(made, naa, identity, keep_serial=keep_serial)
    if not (identity.vendor or identity.product or identity.revision):
        return made
    for name, row_name in _FIELDS:
        value = getattr(identity, name)
        if value:
            found, problem = _field(row_name, value)
            if found is not None:
                made.fields[row_name] = found
            elif problem:
                made.remarks.append((CHANGED, problem, ""))
    return made


def _with_serial(made: Made, serial: str) -> Made:
    # target_core_configfs.c, target_wwn_vpd_unit_serial_store, strips blanks.
    fits = serial.isascii() and serial.isprintable() and serial == serial.strip()
    if fits and 0 < len(serial) <= naming.UNIT_SERIAL_MAX:
        return made
    text = f"LIO cannot have the serial number {serial!r}: a new one is generated"
    return Made(None, made.fields, [*made.remarks, (CHANGED, text, "")])


def _with_naa(made: Made, naa: str, identity: Identity, *, keep_serial: bool) -> Made:
    """Return an identity with an NAA identifier, if LIO can show it and it is to be kept."""
    if not _NAA6.fullmatch(naa):
        text = f"the NAA identifier {naa} is not of type 6: LIO shows another one"
        return Made(made.serial, made.fields, [*made.remarks, (CHANGED, text, "")])
    company = f"0x{naa[1:7]}"
    if made.serial is None:
        return _both(made, naa[7:], company)
    if inquiry.naa(made.serial, company) == f"naa.{naa}":
        return _both(made, made.serial, company)
    what, other = ("serial number", "NAA identifier")[:: -1 if keep_serial else 1]
    shown = "" if identity.made_up else f" {naa if keep_serial else made.serial}"
    text = f"the {what}{shown} changes: LIO derives the NAA identifier from the serial number"
    remark = (CHANGED, text, f"{_KEEP[other]} keeps it, and changes the {other}")
    if keep_serial:
        return Made(made.serial, made.fields, [*made.remarks, remark])
    return _both(Made(None, made.fields, [*made.remarks, remark]), naa[7:], company)


def _both(made: Made, serial: str, company: str) -> Made:
    fields = dict(made.fields)
    if company != inquiry.COMPANY:
        fields["company_id"] = company
    return Made(serial, fields, made.remarks)


@lru_cache(maxsize=1024)
def _field(name: str, value: str) -> tuple[str | None, str]:
    """Return an INQUIRY field, or a remark that it cannot be had.

    It is cut to its length, as INQUIRY data are (SPC-4 section 6.6.2).
    """
    row = schema.wwn(name)
    if row is None or not value.rstrip():
        return None, ""
    try:
        return row.check(value[: row.high].rstrip()), ""
    except InvalidValue:
        return None, f"LIO cannot have {value!r} as {name}, and shows its own"
