# SPDX-License-Identifier: Apache-2.0
"""The messages that the kernel logs while it refuses an operation, and all that it still has."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from ..fast_dataclasses import dataclass

# Messages logged for every object, which explain nothing.
_NOISE = ("LIO iSCSI", "Rounding down", "db_root:")
# The address of a storage object in kernel memory.
_ADDRESS = r"^dev\[[0-9a-f]+\]: "
_RECORD = 8192
FILE = "/dev/kmsg"
# Documentation/admin-guide/devices.txt
_NUMBER = os.makedev(1, 11)
# Priority and facility, number, microseconds; more may follow.
_HEAD = re.compile("([0-9]{1,9}),([0-9]{1,20}),([0-9]{1,20})(?:,|$)")


@contextmanager
def watch() -> Iterator[Log]:
    """Collect kernel messages for the duration of a with block."""
    log = Log()
    try:
        yield log
    finally:
        log.close()


class Log:
    """The kernel's log from now on (Documentation/ABI/testing/dev-kmsg).

    Empty if it cannot be read.
    """

    def __init__(self) -> None:
        self._handle = _opened()
        try:
            if self._handle is not None:
                os.lseek(self._handle, 0, os.SEEK_END)
        except OSError:
            self.close()

    def close(self) -> None:
        """Stop reading; lines() is empty afterwards."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def lines(self) -> list[str]:
        """Return the messages that explain something, the newest first."""
        useful = [text for text in self._lines() if not text.startswith(_NOISE)]
        return [re.sub(_ADDRESS, "", text) for text in reversed(useful)]

    def _lines(self) -> Iterator[str]:
        if self._handle is not None:
            yield from (record.text for record in _records(self._handle))


@dataclass(frozen=True, slots=True)
class Record:
    """A message of the kernel: its number since boot, its time in seconds since boot, its text."""

    number: int
    seconds: float
    text: str


def records() -> list[Record]:
    """Return the messages that the kernel still has; empty if they cannot be read."""
    handle = _opened()
    if handle is None:
        return []
    try:
        return list(_records(handle))
    finally:
        os.close(handle)


def _opened(path: str = FILE) -> int | None:
    """Return a descriptor of the kernel's log; None if it cannot be read.

    In a container another file may have its name, such as /dev/null or the console, which would
    never end, or take what a user types.
    """
    try:
        if os.stat(path).st_rdev != _NUMBER:
            return None
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None


def _records(handle: int) -> Iterator[Record]:
    """Yield the kernel's own messages from the position of a descriptor of /dev/kmsg on."""
    while True:
        try:
            record = os.read(handle, _RECORD).decode("utf-8", "replace")
        except BrokenPipeError:
            # The record was overwritten meanwhile; the next read continues after it.
            continue
        except OSError:
            return
        if not record:
            return
        if found := _record(record):
            yield found


def _record(text: str) -> Record | None:
    """Return a record; None if a program wrote it: the kernel's own facility is 0."""
    head, _, message = text.partition(";")
    fields = _HEAD.match(head)
    if fields is None or int(fields[1]) >> 3:
        return None
    return Record(int(fields[2]), int(fields[3]) / 1e6, message.split("\n")[0].strip())
