# SPDX-License-Identifier: Apache-2.0
"""Output that is shown again every few seconds, until the user interrupts it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from .history import when
from .wrap import width_of

# ECMA-48: cursor to the top left; erase to the end of the line; erase to the end of the screen.
_HOME, _LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
_ROWS = 24


def repaint(stream: TextIO, title: str, every: float, frame: Callable[[], Sequence[str]]) -> None:
    """Show the lines of ``frame`` every ``every`` seconds; Ctrl-C ends it.

    At a terminal they replace those before, as many as it has room for; elsewhere they follow
    them. They are printable lines.
    """
    try:
        while True:
            head = f"{title}, every {every:g} s, {when(time.time())} (Ctrl-C ends)"
            _show(stream, [head, *frame()])
            time.sleep(every)
    except KeyboardInterrupt:
        # The terminal has written ^C at the cursor.
        print(file=stream, flush=True)


def _show(stream: TextIO, lines: Sequence[str]) -> None:
    if width_of(stream) is None:
        print(*lines, "", sep="\n", file=stream, flush=True)
        return
    rows = _rows(stream)
    if len(lines) > rows - 1:
        left = len(lines) - (rows - 2)
        lines = [*lines[: rows - 2], f"… {left} more lines"]
    text = "".join(f"{line}{_LINE}\n" for line in lines)
    stream.write(f"{_HOME}{text}{_REST}")
    stream.flush()


def _rows(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).lines or _ROWS
    except (OSError, ValueError):
        # A stream without a descriptor.
        return _ROWS
