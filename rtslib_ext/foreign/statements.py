# SPDX-License-Identifier: Apache-2.0
"""What the grammars of SCST and ctld give: statements with their words, lines and blocks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from .source import Source


class Statement(NamedTuple):
    """One statement of a file: its words, and the statements of its block.

    ``line`` counts from 1; ``body`` is None for a statement without a block. A large file has
    many, and a tuple is made faster than another object.
    """

    words: tuple[str, ...]
    line: int
    body: tuple[Statement, ...] | None = None

    @property
    def key(self) -> str:
        """Return the first word."""
        return self.words[0]

    @property
    def name(self) -> str:
        """Return the second word, "" without one."""
        return self.words[1] if len(self.words) > 1 else ""

    @property
    def text(self) -> str:
        """Return the words after the first one, as one text."""
        return " ".join(self.words[1:])

    def blocks(self, key: str) -> Iterator[Statement]:
        """Yield the statements of the block that begin with a word, in order."""
        return (one for one in self.body or () if one.words[0] == key)


def check_text(source: Source) -> None:
    """Raise ParseError for a NUL byte, at which the kernel would cut a value."""
    place = source.text.find("\0")
    if place >= 0:
        line = source.text.count("\n", 0, place) + 1
        raise source.wrong(line, "expected text, not a NUL byte")


class Lines:
    """The line of each offset in a text, found by bisection."""

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def at(self, offset: int) -> int:
        """Return the line of an offset, from 1."""
        return bisect_right(self._ends, offset - 1) + 1
