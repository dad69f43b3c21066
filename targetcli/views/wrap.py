# SPDX-License-Identifier: Apache-2.0
"""Lines that are longer than the terminal is wide, wrapped between words."""

from __future__ import annotations

INDENT = "    "


def wrap(line: str, width: int | None) -> str:
    """Wrap a line between its words, the further ones indented; a longer word stays whole.

    The indent of the line itself is kept. Without a width it is not wrapped: scripts match lines.
    """
    if width is None or len(line) <= width:
        return line
    own = line[: len(line) - len(line.lstrip())]
    lines: list[str] = []
    current, start = own, own
    for word in line.split():
        if current != start and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = start = f"{own}{INDENT}"
        current += word if current == start else f" {word}"
    return "\n".join([*lines, current])
