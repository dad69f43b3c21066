# SPDX-License-Identifier: Apache-2.0
"""What the kernel says in its log while it refuses something."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

# Texts that are in the log for every object and explain nothing.
_NOISE = ("LIO iSCSI", "Rounding down", "db_root:")
# Where the kernel keeps a storage object in its memory.
_ADDRESS = re.compile(r"^dev\[[0-9a-f]+\]: ")
_RECORD = 8192


@contextmanager
def watch() -> Iterator[Log]:
    """Listen for the length of a block."""
    log = Log()
    try:
        yield log
    finally:
        log.close()


class Log:
    """The log from now on (Documentation/ABI/testing/dev-kmsg); empty where it cannot be read."""

    def __init__(self) -> None:
        self._handle: int | None = None
        try:
            self._handle = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self._handle, 0, os.SEEK_END)
        except OSError:
            self.close()

    def close(self) -> None:
        """Stop listening."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def lines(self) -> list[str]:
        """The lines that explain something, the newest first."""
        useful = [text for text in self._lines() if not text.startswith(_NOISE)]
        return [_ADDRESS.sub("", text) for text in reversed(useful)]

    def _lines(self) -> Iterator[str]:
        while self._handle is not None:
            try:
                record = os.read(self._handle, _RECORD).decode("utf-8", "replace")
            except BrokenPipeError:
                # The record was overwritten while we looked; the next read goes on behind it.
                continue
            except OSError:
                return
            head, _, text = record.partition(";")
            priority = head.partition(",")[0]
            # Programs may write to the log too; the kernel's own facility is 0.
            if priority.isdigit() and int(priority) >> 3 == 0:
                yield text.split("\n")[0].strip()
