# SPDX-License-Identifier: Apache-2.0
"""Wake a thread that waits for a socket."""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress


class Waker:
    """A pipe: another thread, or a signal, writes to it, and the waiting thread reads."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        for handle in (self._read, self._write):
            os.set_blocking(handle, False)

    def wake(self) -> None:
        """End the present or the next ``wait``."""
        # A full pipe wakes as well.
        with suppress(BlockingIOError):
            os.write(self._write, b"\0")

    def wait(self, seconds: float, link: socket.socket | None = None) -> bool:
        """Return True if ``wake`` was called or the socket can be read; False after the time."""
        read: list[int] = [self._read, *([link.fileno()] if link else [])]
        found = select.select(read, [], [], seconds)[0]
        # A signal may come after the time: the byte that it wrote counts, too.
        with suppress(BlockingIOError):
            return bool(os.read(self._read, 4096))
        return bool(found)
