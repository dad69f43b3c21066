# SPDX-License-Identifier: Apache-2.0
"""Parse and format sizes in bytes, in powers of 1024."""

from __future__ import annotations

import re

from rtslib_ext.errors import InvalidValue

_UNITS = "kmgtpe"
_SIZE = r"(?i)\s*([0-9]{1,30})(?:\.([0-9]{1,30}))?\s*(?:([kmgtpe])i?b?|(i?b|bytes?))?\s*"


def parse_size(text: str) -> int:
    """Parse 512, 10G, 1gb, 1.5 TiB ... to bytes, rounded down; raises InvalidValue."""
    found = re.fullmatch(_SIZE, text)
    if not found or (found[2] and not found[3]):
        raise InvalidValue(
            f"Cannot interpret size, wrong format: {text}",
            hint="write a number and a unit: 512, 64K, 10M, 1.5G, 2TiB",
        )
    integer, fraction, unit, _ = found.groups(default="")
    power = _UNITS.index(unit.lower()) + 1 if unit else 0
    scale: int = 10 ** len(fraction)
    return (int(integer + fraction) << 10 * power) // scale


def parse_new_size(text: str) -> tuple[str, int]:
    """Parse 10G, +10G or -10G: the sign, or "" for an absolute size, and bytes."""
    sign = text[:1] if text[:1] in ("+", "-") else ""
    return sign, parse_size(text.removeprefix(sign))


def is_unit(text: str) -> bool:
    """Return True if a word is only a unit: G, TiB, bytes ..."""
    return text[:1].isalpha() and re.fullmatch(_SIZE, f"1{text}") is not None


def is_number(text: str) -> bool:
    """Return True if a word is the number of a size without its unit."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    return text[-1:].isdecimal() and re.fullmatch(_SIZE, f"{digits}K") is not None


def format_size(size: int) -> str:
    """Format bytes as ls shows them: 512 bytes, 10.0GiB."""
    if size < 1024:
        return f"{size} bytes"
    amount, power = size / 1024, 0
    while amount >= 1024 and power < len(_UNITS) - 1:
        amount, power = amount / 1024, power + 1
    return f"{amount:.1f}{_UNITS[power].upper()}iB"
