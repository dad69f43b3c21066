# SPDX-License-Identifier: Apache-2.0
"""What a change that is under way is going to do and how far it is: for when it is cut off.

A file of lines: the header, the steps as JSON, then a byte for each operation that was begun
(``.``) and the number of each step that was undone again (``<7``). It lies where a restart of
the machine removes it, as that removes the configuration, and it is gone when the change is over.
Where something could not be taken back it stays, with that alone: a repair file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import LioError
from ..fast_dataclasses import dataclass, field
from ..host import atomic
from ..steps import Step, codec

_BEGUN = b"."
_UNDONE_MARK = re.compile(rb"<(\d+)\n")


@dataclass(slots=True)
class Journal:
    """The journal of one change; ``about`` is told to who finds it: a command without secrets."""

    path: str
    about: dict[str, Any]
    _handle: int | None = field(default=None, init=False)

    def open(self, steps: Sequence[Step], begun: int = 0, *, marks: bytes = b"") -> None:
        """Write down what is going to be done, in the place of what was written before.

        ``begun`` operations of it are done already; more ``marks`` may follow.
        """
        # Who goes on with a change that was cut off goes on with its process, too.
        head = json.dumps({"process": os.getpid(), **self.about})
        body = json.dumps([codec.encode(step) for step in steps])
        with _told(self.path):
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            # Only root may read it: it holds every value that is written, passwords too.
            atomic.replace(self.path, f"{head}\n{body}\n".encode() + _BEGUN * begun + marks)
        self.go_on()

    def go_on(self) -> None:
        """Append to the file at the path, whoever wrote it."""
        with _told(self.path):
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        if self._handle is not None:
            os.close(self._handle)
        self._handle = handle

    def begin(self) -> None:
        """An operation is about to be done; raises LioError where that cannot be noted."""
        if self._handle is not None:
            with _told(self.path):
                os.write(self._handle, _BEGUN)

    def undone(self, step: int) -> None:
        """The step of that number has been taken back."""
        if self._handle is not None:
            # Without the mark it would be taken back once more, which mostly does no harm.
            with suppress(OSError):
                os.write(self._handle, _undone(step))

    def leave(self, steps: Sequence[Step]) -> None:
        """Leave steps that could not be taken back, for who does that once the cause is gone."""
        self.about["left"] = [str(step) for step in steps]
        # Where it cannot be written, the one that is there tells what was done.
        with suppress(LioError):
            self.open(steps, marks=_undone(len(steps)))
        self.close(keep=True)

    def close(self, *, keep: bool = False) -> None:
        """The change is over."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            if not keep:
                os.unlink(self.path)


def _undone(step: int) -> bytes:
    return b"<%d\n" % step


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Tell a change that it cannot be noted, before it is made."""
    try:
        yield
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise LioError(f"{path}, which notes what is done, cannot be written: {reason}") from err


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A change that was cut off; ``begun`` operations, of which the last may not be done.

    ``undone`` is the number of the step that was taken back last, after those behind it; None
    when none was.
    """

    path: str
    about: dict[str, Any]
    steps: tuple[Step, ...]
    begun: int
    undone: int | None

    @property
    def is_repair(self) -> bool:
        """Whether it is what could not be taken back of a change that is over."""
        return "left" in self.about

    def position(self) -> tuple[int, int]:
        """The step that was under way and how many of its operations were begun.

        The last of these may not be done; (0, 0) when nothing was begun.
        """
        left = self.begun
        for number, step in enumerate(self.steps):
            if left <= len(step.operations):
                return number, left
            left -= len(step.operations)
        return len(self.steps), 0


def find(path: str) -> Unfinished | None:
    """The change that was cut off, if there is one; raises LioError for a file that is none."""
    try:
        with open(path, "rb") as file:
            head, body, marks = file.read().split(b"\n", 2)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as err:
        raise _unreadable(path) from err
    try:
        steps = tuple(codec.decode(item) for item in json.loads(body))
        about = json.loads(head)
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise _unreadable(path) from err
    undone = min((int(number) for number in _UNDONE_MARK.findall(marks)), default=None)
    return Unfinished(path, about, steps, marks.count(_BEGUN), undone)


def _unreadable(path: str) -> LioError:
    return LioError(f"{path} is no journal of a change", hint="look at what runs, then remove it")
