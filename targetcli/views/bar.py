# SPDX-License-Identifier: Apache-2.0
"""A progress bar for long work: the part done, the rate, the time left."""

from __future__ import annotations

from threading import RLock
from typing import TextIO

from tqdm.std import tqdm

from . import terminal_width

# The shortest time between two updates, in seconds.
_INTERVAL = 0.1
_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"


class _Tqdm(tqdm):  # type: ignore[misc]
    """tqdm without its monitor thread."""

    monitor_interval = 0


# tqdm's own lock works between processes, which needs a file in /dev/shm.
_Tqdm.set_lock(RLock())


class Bar:
    """A bar on the terminal's last line, for work that began ``took`` seconds ago."""

    def __init__(self, what: str, total: int | None, took: float, stream: TextIO) -> None:
        # The delay keeps tqdm from drawing before the first number is known.
        self._bar = _Tqdm(
            desc=what,
            total=total,
            file=stream,
            leave=False,
            nrows=2,
            mininterval=_INTERVAL,
            miniters=1,
            unit="",
            delay=1e-9,
            bar_format=_FORMAT,
        )
        self._stream = stream
        self._bar.start_t -= took
        self._bar.last_print_t = self._bar.start_t

    def show(self, done: int) -> None:
        """Show how many pieces are done."""
        # The window may have been resized.
        self._bar.ncols = self._width()
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Clear the line, also if an interrupt came during an update."""
        self._bar.close()
        print("\r", " " * self._width(), "\r", sep="", end="", file=self._stream, flush=True)

    def _width(self) -> int:
        # A character in the last column would wrap the line.
        return terminal_width(self._stream) - 1
