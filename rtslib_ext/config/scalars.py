# SPDX-License-Identifier: Apache-2.0
"""The texts that stand for true and false, for numbers and sizes: one table for all of them."""

from __future__ import annotations

_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True}
_BOOLEANS |= {"0": False, "false": False, "no": False, "off": False}
_UNITS = "KMGTPE"
# Of 2**64.
_MOST_DIGITS = 20


def boolean(word: str) -> bool | None:
    """Return the meaning of a word in any case; None if it is not in the table."""
    return _BOOLEANS.get(word.lower())


def number(text: str) -> int | None:
    """Return a decimal number; None if it would be written differently, as 007 would.

    None also for more digits than a number of the kernel has: Python may refuse to convert them.
    """
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or (digits != "0" and digits[0] == "0"):
        return None
    if len(digits) > _MOST_DIGITS:
        return None
    return int(text)


def size(length: int) -> str:
    """Return bytes as a size, and in bytes too unless the size says it all: ``1.5GiB``."""
    if length < 1024:
        return f"{length} bytes"
    amount, power = length, 0
    while amount >= 1024 and power < len(_UNITS):
        amount, power = amount // 1024, power + 1
    unit: int = 1024**power
    tenths, rest = divmod(length * 10, unit)
    text = f"{tenths // 10}.{tenths % 10}{_UNITS[power - 1]}iB"
    return f"{text} ({length} bytes)" if rest else text
