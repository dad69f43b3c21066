# SPDX-License-Identifier: Apache-2.0
"""The user's pager, for text that is longer than the terminal."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

_DEFAULT = "less"
# As git and systemd have them: end if the text fits, keep colours and the screen.
_LESS = "FRX"


def page(lines: Sequence[str], stream: TextIO) -> bool:
    """Show lines on a terminal in the pager of the environment variable PAGER, or in less.

    Returns False if nothing was shown: the lines fit the terminal, or there is no working pager.
    """
    try:
        size = os.get_terminal_size(stream.fileno())
        words = shlex.split(os.environ.get("PAGER", _DEFAULT))
    except (OSError, ValueError):
        return False
    if not words or os.environ.get("TERM", "dumb") == "dumb" or _fits(lines, size):
        return False
    stream.flush()
    return _run(words, "".join(f"{line}\n" for line in lines), stream)


def _fits(lines: Sequence[str], size: os.terminal_size) -> bool:
    """Return True if the terminal has room for all lines and a prompt, or has no size."""
    if not (size.columns and size.lines):
        return True
    return sum(max(1, -(-len(line) // size.columns)) for line in lines) < size.lines


def _run(words: Sequence[str], text: str, stream: TextIO) -> bool:
    """Run a pager; return True if it succeeded."""
    environ = {"LESS": _LESS, **os.environ}
    try:
        pager = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=stream.fileno(), env=environ)
    except OSError:
        return False
    # Ctrl-C is for the pager: it ends a search in the text, not this program.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # The user may leave the pager before it has read everything.
        with suppress(BrokenPipeError):
            pager.communicate(text.encode(stream.encoding, "backslashreplace"))
        return pager.wait() == 0
    finally:
        signal.signal(signal.SIGINT, before)
