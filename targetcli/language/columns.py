# SPDX-License-Identifier: Apache-2.0
"""The width of a text on a terminal."""

from __future__ import annotations


def width(text: str) -> int:
    """Return the number of columns: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    wide = sum(east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(combining(char) != 0 for char in text)
