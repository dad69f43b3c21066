# SPDX-License-Identifier: Apache-2.0
"""A bar for long work: how much of it is done, how fast it goes, how long it will take yet."""

from __future__ import annotations

from threading import RLock
from typing import TextIO

from tqdm.std import tqdm

from . import terminal_width

# So often it is drawn at most, in seconds.
_INTERVAL = 0.1
_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"


class _Tqdm(tqdm):  # type: ignore[misc]
    """Without a thread that looks after it."""

    monitor_interval = 0


# Its own lock would be one between processes, which needs a file in /dev/shm.
_Tqdm.set_lock(RLock())


class Bar:
    """One bar, on the terminal's last line, for work that began some seconds ago."""

    def __init__(self, what: str, total: int | None, took: float, stream: TextIO) -> None:
        # With a delay nothing is drawn before the first number is known.
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
        """Tell how many pieces are done."""
        # The window may have another size by now.
        self._bar.ncols = self._width()
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Leave an empty line, also where an interrupt came while it was drawn."""
        self._bar.close()
        print("\r", " " * self._width(), "\r", sep="", end="", file=self._stream, flush=True)

    def _width(self) -> int:
        # In the last column the line would be broken.
        return terminal_width(self._stream) - 1
