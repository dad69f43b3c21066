# SPDX-License-Identifier: Apache-2.0
"""Views: turn values into text for the user; here: colours and widths of the terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TextIO

from rtslib_ext.config.printable import printable

COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
RESET = "\033[0m"
MAX_WIDTH = 132  # what scripts have parsed since configshell: also the width without a terminal

_FOREGROUND = {name: 30 + number for number, name in enumerate(COLORS)}
_TAB = re.compile("(\t)")
_KEPT = re.compile("(\t|\033\\[[0-9;]*m)")
_STYLES = {"bold": 1, "underline": 4, "blink": 5, "reverse": 7, "concealed": 8}


def paint(
    text: str,
    color: str | None = None,
    styles: Sequence[str] = (),
    *,
    colors: bool,
    default: str | None = None,
) -> str:
    """Add colour and styles to a text; ``default`` is the preference color_default.

    With colours on every painted text ends in a reset, even one without colour, as configshell's.
    """
    if not colors:
        return text
    color = color or default
    codes = [_FOREGROUND[color]] if color else []
    codes += [_STYLES[style] for style in styles]
    return "".join(f"\033[{code}m" for code in reversed(codes)) + text + RESET


def shown(text: str, *, colors: bool) -> str:
    """Return a line without control characters, except tabs and, with ``colors``, those of paint.

    The parts of a painted line are ``printable`` before they are painted.
    """
    kept = _KEPT if colors else _TAB
    return "".join(part if kept.fullmatch(part) else printable(part) for part in kept.split(text))


def terminal_width(stream: TextIO, without: int | None = None) -> int:
    """Return the columns to use on a stream: at most MAX_WIDTH.

    ``without`` is the width without a terminal, by default MAX_WIDTH.
    """
    without = MAX_WIDTH if without is None else without
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):  # ValueError: a closed stream, or one without a descriptor
        return without
    # A pseudo-terminal without a size reports 0.
    return min(columns or without, MAX_WIDTH)
