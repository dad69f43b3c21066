# SPDX-License-Identifier: Apache-2.0
"""The texts that stand for true and false, and for numbers: one table for all that read them."""

from __future__ import annotations

_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True}
_BOOLEANS |= {"0": False, "false": False, "no": False, "off": False}


def boolean(word: str) -> bool | None:
    """Return the meaning of a word in any case; None if it is not in the table."""
    return _BOOLEANS.get(word.lower())


def number(text: str) -> int | None:
    """Return a decimal number; None if it would be written differently, as 007 would."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or (digits != "0" and digits[0] == "0"):
        return None
    return int(text)
