# SPDX-License-Identifier: Apache-2.0
"""Words of statements that a format does not have: shown if they are names, nothing else is.

A file of another kind may have a secret anywhere.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"<?[A-Za-z][A-Za-z0-9_.-]{0,39}[=>]?")


def is_word(text: str) -> bool:
    """Return True for a text that can be the name of a setting."""
    return _WORD.fullmatch(text) is not None


def shown(word: str, instead: str = "this line") -> str:
    """Return the first word of an unknown statement; ``instead`` if it can be no name."""
    return word if is_word(word) else instead
