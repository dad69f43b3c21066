# SPDX-License-Identifier: Apache-2.0
"""Values of settings as JSON has them: numbers and booleans as such."""

from __future__ import annotations

import re

from rtslib_ext import schema
from rtslib_ext.config import scalars

_SWITCH = "discovery_auth enable"
# Values of objects that no table of settings has.
_NUMBERS = ("size",)


def integer(text: str) -> int | None:
    """Return a decimal number, or a hexadecimal one as the kernel prints a company id."""
    if re.fullmatch("0x[0-9a-f]+", text):
        return int(text, 16)
    return scalars.number(text)


def value(setting: str | None, text: str | None) -> bool | int | str | None:
    """Return the value of a setting, which is named with or without its group.

    A text that is no number is returned unchanged, such as "" for a setting that was not set.
    """
    if setting is None or text is None:
        return text
    if setting == _SWITCH:
        return scalars.boolean(text)
    name = setting.rpartition(" ")[2]
    found = integer(text) if name in _NUMBERS or schema.is_number(name) else None
    return text if found is None else found
