# SPDX-License-Identifier: Apache-2.0
"""The journal of a change in progress: its steps and how far it is, for recovery after a crash.

A file of lines: a header, the steps as JSON, then a byte for each operation that was begun (``.``)
and the number of each step that was rolled back (``<7``). It is on a file system that a reboot
clears, along with the configuration, and is removed when the change is over. If steps could not be
rolled back, it stays with only those: a repair file.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from .. import bounded
from ..errors import InUse, LioError, reason
from ..fast_dataclasses import dataclass, field
from ..host import atomic
from ..steps import Step, codec
from ..steps.field_types import LATEST
from ..steps.step import REPAIR

# That of a change of a hundred thousand objects; root alone can write more.
MOST_BYTES = 256 << 20
_BEGUN = b"."
_UNDONE_MARK = rb"<(\d{1,9})\n"


@dataclass(slots=True)
class Journal:
    """The journal of one change; ``about`` describes it for recovery, without secrets."""

    path: str
    about: dict[str, Any]
    _handle: int | None = field(default=None, init=False)

    def open(self, steps: Sequence[Step], begun: int = 0, *, marks: bytes = b"") -> None:
        """Write the planned steps, replacing the file.

        The first ``begun`` operations are already done; more ``marks`` may follow. Raises LioError.
        """
        # A resumed change keeps the original pid.
        head = json.dumps({"process": os.getpid(), **self.about})
        # One step at a time: the JSON values of ten thousand need more memory than their text.
        body = ", ".join(json.dumps(codec.encode(step)) for step in steps)
        with _explained(self.path):
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            # Only root may read it: it holds every value that is written, passwords too.
            atomic.replace(self.path, f"{head}\n[{body}]\n".encode() + _BEGUN * begun + marks)
        self.resume()

    def resume(self) -> None:
        """Continue an existing journal file. Raises LioError."""
        with _explained(self.path):
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        if self._handle is not None:
            os.close(self._handle)
        self._handle = handle

    def begin(self) -> None:
        """Mark an operation as begun; raise LioError if the mark cannot be written."""
        if self._handle is not None:
            with _explained(self.path):
                os.write(self._handle, _BEGUN)

    def undone(self, step: int) -> None:
        """Mark a step as rolled back."""
        if self._handle is not None:
            # Without the mark the step would be rolled back twice, which usually does no harm.
            with suppress(OSError):
                os.write(self._handle, _undone(step))

    def leave(self, steps: Sequence[Step]) -> None:
        """Keep only the steps that could not be rolled back, for a later recovery."""
        self.about["left"] = [str(step) for step in steps]
        # If this fails, the existing journal shows the completed steps.
        with suppress(LioError):
            self.open(steps, marks=_undone(len(steps)))
        self.close(keep=True)

    def close(self, *, keep: bool = False) -> None:
        """Close the journal, and remove it unless ``keep``."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            if not keep:
                os.unlink(self.path)


def _undone(step: int) -> bytes:
    return b"<%d\n" % step


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn an OSError into a LioError before the operation is performed."""
    try:
        yield
    except OSError as err:
        raise LioError(f"cannot write the journal {path}: {reason(err)}") from err


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An interrupted change: its first ``begun`` operations were begun, the last may not be done.

    ``undone`` is the number of the step that was rolled back last, None if none was; the steps
    after it were rolled back before.
    """

    path: str
    about: dict[str, Any]
    steps: tuple[Step, ...]
    begun: int
    undone: int | None

    def __str__(self) -> str:
        """Return the command, the time it started and how far it got."""
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.about.get("since", 0)))
        number, _ = self.position()
        where = f"at step {number + 1} of {len(self.steps)}"
        if self.is_repair:
            where = f"steps left: {len(self.steps)}"
        return f"{self.about.get('command')} on {self.about.get('path')}, started {since}, {where}"

    @property
    def is_repair(self) -> bool:
        """True if these are the steps of a completed change that could not be rolled back."""
        return "left" in self.about

    def position(self) -> tuple[int, int]:
        """Return (number of the interrupted step, number of its operations begun).

        The last of these may not be done; (0, 0) if nothing was begun.
        """
        left = self.begun
        for number, step in enumerate(self.steps):
            if left <= len(step.operations):
                return number, left
            left -= len(step.operations)
        return len(self.steps), 0


def find(path: str) -> Unfinished | None:
    """Return the interrupted change; None without one.

    Raises LioError if the file is damaged.
    """
    try:
        head, body, marks = bounded.read(path, MOST_BYTES).split(b"\n", 2)
        steps = tuple(codec.decode(item) for item in json.loads(body))
        about = checked_about(json.loads(head))
    except FileNotFoundError:
        return None
    except (OSError, *codec.MALFORMED) as err:
        raise _unreadable(path) from err
    # A step beyond the last would be a mark of another journal.
    numbers = (int(number) for number in re.findall(_UNDONE_MARK, marks))
    undone = min((*numbers, len(steps))) if re.search(_UNDONE_MARK, marks) else None
    return Unfinished(path, about, steps, marks.count(_BEGUN), undone)


def checked_about(about: Any) -> dict[str, Any]:
    """Return the description of a change that a file has; raises TypeError, ValueError."""
    if not isinstance(about, dict):
        raise TypeError("not an object")
    if not 0 <= about.get("since", 0) < LATEST:
        raise ValueError("not a time")
    return about


def refuse_unfinished(path: str) -> None:
    """Raise InUse if an earlier change was left incomplete, LioError if the file is damaged."""
    unfinished = find(path)
    if unfinished and unfinished.is_repair:
        raise InUse(
            f"an earlier change could not be rolled back completely: {unfinished}", hint=REPAIR
        )
    if unfinished:
        raise InUse(
            f"an earlier change was interrupted: {unfinished}",
            hint="recover rolls it back, recover finish completes it",
        )


def _unreadable(path: str) -> LioError:
    return LioError(
        f"the journal {path} is damaged", hint="check the running configuration, then remove it"
    )
