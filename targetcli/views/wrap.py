# SPDX-License-Identifier: Apache-2.0
"""Lines that are longer than the terminal is wide, wrapped between words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import TextIO

INDENT = "    "
_MARK = 1
UNKNOWN = 80
"""The width of a terminal of unknown size."""
_PARTS = re.compile(r"[^ /]*[ /]|[^ /]+")


def wrap(line: str, width: int | None) -> str:
    """Wrap a line between its words, the further ones indented; a longer word stays whole.

    The indent of the line itself is kept. A mark such as + stays with the word after it, though
    that is longer than a line. Without a width it is not wrapped: scripts match lines.
    """
    if width is None or len(line) <= width:
        return line
    words = line.lstrip(" ").split(" ")
    own = " " * (len(line) - len(line.lstrip(" ")))
    lines, current = [], own + words[0]
    for word in words[1:]:
        fits = len(current) + 1 + len(word) <= width
        if not fits and len(current) > len(own) + _MARK:
            lines.append(current)
            current = f"{own}{INDENT}{word}"
        else:
            current += f" {word}"
    return "\n".join([*lines, current])


def wrapped(lines: Iterable[str], stream: TextIO) -> Iterator[str]:
    """Yield lines for a stream, wrapped if it is a terminal."""
    width = width_of(stream)
    for line in lines:
        yield from wrap(line, width).split("\n")


def wrap_path(text: str, width: int | None) -> list[str]:
    """Return the lines of a command: split after a blank or a slash, and only else in a word."""
    if width is None:
        return [text]
    lines = [""]
    for part in _PARTS.findall(text):
        if lines[-1] and len(lines[-1]) + len(part.rstrip(" ")) > width:
            lines.append("")
        rest = lines.pop() + part
        while len(rest.rstrip(" ")) > width:
            lines.append(rest[:width])
            rest = rest[width:]
        lines.append(rest)
    return [line.rstrip(" ") for line in lines]


def width_of(stream: TextIO) -> int | None:
    """Return the columns of a terminal, 80 if they are unknown; None for other streams."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or UNKNOWN
    except (OSError, ValueError):
        # A stream without a descriptor.
        return UNKNOWN
