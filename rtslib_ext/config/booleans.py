# SPDX-License-Identifier: Apache-2.0
"""The words for true and false: one table for settings, preferences, parameters and files."""

from __future__ import annotations

WORDS = {"1": True, "true": True, "yes": True, "on": True}
WORDS |= {"0": False, "false": False, "no": False, "off": False}


def read(word: str) -> bool | None:
    """Return the meaning of a word in any case; None if it is not in the table."""
    return WORDS.get(word.lower())
