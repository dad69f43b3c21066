# SPDX-License-Identifier: Apache-2.0
"""The options at the start of a line: ``--yes --wait 5 /iscsi delete WWN``."""

from __future__ import annotations

import re
from collections.abc import Callable

from .. import options

# A path may begin with -- as well: it has a slash.
_OPTION = re.compile(r"--(?:[A-Za-z-]+)?(?:[=\s]|$)|-v(?:\s|$)")


def options_of(text: str, read: Callable[[int], tuple[str, int]]) -> tuple[tuple[str, ...], int]:
    """Return the words of the options, and the offset behind them.

    ``read`` parses the word at an offset, and returns its value and its end.
    """
    words: list[str] = []
    here = _next(text, 0)
    while _OPTION.match(text, here):
        word, here = _take(text, here, read, words)
        row = options.find(word)
        if word == "--":
            break
        if row and row.value and here < len(text):
            _, here = _take(text, here, read, words)
    return tuple(words), here


def _take(
    text: str, here: int, read: Callable[[int], tuple[str, int]], words: list[str]
) -> tuple[str, int]:
    word, end = read(here)
    words.append(word)
    return word, _next(text, end)


def _next(text: str, here: int) -> int:
    """Return the offset of the next word, or of the end."""
    return here + len(text[here:]) - len(text[here:].lstrip())
