# SPDX-License-Identifier: Apache-2.0
"""The journal of a change in progress: its steps and how far it is, for recovery after a crash.

A file of lines: a header, the steps as JSON, then a byte for each operation that was begun (``.``)
and the number of each step that was rolled back (``<7``). It is on a file system that a reboot
clears, along with the configuration, and is removed when the change is over. If steps could not be
rolled back, it stays with only those: a repair file.

A change that only creates objects has the text of a save file in place of the steps, and no byte
for each operation: configfs shows its progress.
"""

from __future__ import annotations

import errno
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any

from ..errors import InUse, LioError, reason
from ..fast_dataclasses import dataclass, field
from ..files import atomic, completed, trusted
from ..steps import Step, codec, field_types
from ..steps.step import REPAIR
from . import beside

# That of a change of a hundred thousand objects; root alone can write more.
MOST_BYTES = 256 << 20
# The file may be whole: another time it can be read.
_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EINTR)
_BEGUN = b"."
CREATES = "creates"
"""The key of the header for a journal with a document (transaction.creation)."""
CLEARS_FIRST = "first"
# No line of JSON begins so.
_DOCUMENT_END = b"\n%\n"
_UNDONE_MARK = rb"<(\d{1,9})\n"


@dataclass(slots=True)
class Journal:
    """The journal of one change; ``about`` describes it for recovery, without secrets.

    ``document`` returns the text of a save file with the objects that a change creates; None: the
    steps are recorded.
    """

    path: str
    about: dict[str, Any]
    document: Callable[[], Iterable[str]] | None = None
    _handle: int | None = field(default=None, init=False)

    def open(self, steps: Iterable[Step], begun: int = 0, *, marks: bytes = b"") -> None:
        """Write the planned steps, or the document, replacing the file.

        The first ``begun`` operations are already done; more ``marks`` may follow. Raises LioError.
        """
        # A resumed change keeps the original pid.
        head = json.dumps({"process": os.getpid(), **self.about}) + "\n"
        if self.document:
            body: Iterable[str] = chain(self.document(), (_DOCUMENT_END.decode(),))
        else:
            # One step at a time: the values of ten thousand need more memory than their text.
            body = ("[", ", ".join(json.dumps(codec.encode(step)) for step in steps), "]\n")
        text = (piece.encode("utf-8", "surrogateescape") for piece in chain((head,), body))
        with _explained(self.path):
            trusted.make_directory(os.path.dirname(self.path))
            # Only root may read it: it holds every value that is written, passwords too.
            atomic.replace(self.path, chain(text, (_BEGUN * begun + marks,)))
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
        if self._handle is not None and self.document is None:
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
        self.about.pop(CREATES, None)
        self.document = None
        # If this fails, the existing journal shows the completed steps.
        with suppress(LioError):
            self.open(steps, marks=_undone(len(steps)))
        self.close(keep=True)

    def close(self, *, keep: bool = False, done: bool = False) -> None:
        """Close the journal, and remove it unless ``keep``.

        ``done``: all steps were done, which records that the change replaces need to know.
        """
        if self._handle is None:
            return
        if done and beside.is_unfinished(beside.Files.of(self.path)):
            completed.leave(self.path, self._handle)
        elif not keep:
            os.unlink(self.path)
        os.close(self._handle)
        self._handle = None


def _described(about: dict[str, Any]) -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(about.get("since", 0)))
    return f"{about.get('command')} on {about.get('path')}, started {since}"


def _undone(step: int) -> bytes:
    return b"<%d\n" % step


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn an OSError into a LioError before the operation is performed."""
    try:
        yield
    except OSError as err:
        raise LioError(
            f"cannot write the journal {path}: {reason(err)}",
            hint="remove the cause, such as a full file system, and run the command again",
        ) from err


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
        number, _ = self.position()
        where = f"at step {number + 1} of {len(self.steps)}"
        if self.is_repair:
            where = f"steps left: {len(self.steps)}"
        return f"{_described(self.about)}, {where}"

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


@dataclass(frozen=True, slots=True)
class Creation:
    """An interrupted change that only creates objects: those in ``document``, a save file's text.

    ``undone`` is 0 once its roll-back began, and None before (as of Unfinished).
    """

    path: str
    about: dict[str, Any]
    document: str = field(repr=False)
    undone: int | None

    def __str__(self) -> str:
        """Return the command and the time it started."""
        verb = "deleted" if self.is_clearing else "created"
        return f"{_described(self.about)}, while it {verb} objects"

    @property
    def is_clearing(self) -> bool:
        """True if the change deleted everything, to be restored later from ``document``."""
        return bool(self.about[CREATES].get("clears"))

    @property
    def clears_first(self) -> bool:
        """True if everything that is left is to be deleted before ``document`` is restored."""
        return bool(self.about[CREATES].get("clears") == CLEARS_FIRST)

    @property
    def is_repair(self) -> bool:
        """False: a repair file has steps."""
        return False

    @property
    def can_continue(self) -> bool:
        """True if another restore may continue it: it is one, and no roll-back began."""
        return bool(self.about[CREATES].get("restores")) and self.undone is None


def contents(path: str) -> bytes:
    """Return the contents of a journal, or of another such file.

    Raises LioError if this process cannot read it now; OSError and Untrusted for other reasons.
    """
    try:
        return trusted.read(path, MOST_BYTES)
    except OSError as err:
        if err.errno not in _PASSING:
            raise
        hint = "remove the cause, and try again"
        raise LioError(f"{path} cannot be read: {reason(err)}", hint=hint) from err


def find(path: str) -> Unfinished | Creation | None:
    """Return the interrupted change; None without one.

    Raises LioError if the file is damaged, or cannot be read.
    """
    try:
        head, rest = contents(path).split(b"\n", 1)
        about = checked_about(json.loads(head))
        if CREATES in about:
            return _creation(path, about, rest)
        body, marks = rest.split(b"\n", 1)
        steps = tuple(codec.decode(item) for item in json.loads(body))
    except FileNotFoundError:
        return None
    except (OSError, trusted.Untrusted, *field_types.MALFORMED) as err:
        raise _unreadable(path) from err
    # A step beyond the last would be a mark of another journal.
    numbers = (int(number) for number in re.findall(_UNDONE_MARK, marks))
    undone = min((*numbers, len(steps))) if re.search(_UNDONE_MARK, marks) else None
    return Unfinished(path, about, steps, marks.count(_BEGUN), undone)


def find_restore(path: str) -> Creation | None:
    """Return an interrupted restore that another one may continue; None without one.

    Raises LioError if the file is damaged.
    """
    found = find(path)
    return found if isinstance(found, Creation) and found.can_continue else None


def _creation(path: str, about: dict[str, Any], rest: bytes) -> Creation:
    """Return the change of a journal with a document; raises one of field_types.MALFORMED."""
    document, end, marks = rest.rpartition(_DOCUMENT_END)
    creates = about[CREATES]
    names, before = creates["paths"], creates["before"]
    if not (end and isinstance(before, dict) and (names is None or isinstance(names, list))):
        raise ValueError("not a journal with a document")
    if not all(isinstance(name, str) for name in names or ()):
        raise ValueError("not a list of paths")
    text = document.decode("utf-8", "surrogateescape")
    return Creation(path, about, text, 0 if re.search(_UNDONE_MARK, marks) else None)


def checked_about(about: Any) -> dict[str, Any]:
    """Return the description of a change that a file has; raises TypeError, ValueError."""
    if not isinstance(about, dict):
        raise TypeError("not an object")
    if not 0 <= about.get("since", 0) < field_types.LATEST:
        raise ValueError("not a time")
    return about


def refuse_unfinished(path: str, *, but_restores: bool = False) -> None:
    """Raise InUse if an earlier change was left incomplete, LioError if the file is damaged.

    ``but_restores``: this change completes an interrupted restore.
    """
    unfinished = find(path)
    if but_restores and isinstance(unfinished, Creation) and unfinished.can_continue:
        return
    if unfinished and unfinished.is_repair:
        raise InUse(
            f"an earlier change could not be rolled back completely: {unfinished}", hint=REPAIR
        )
    if unfinished:
        hint = "recover rolls it back, recover finish completes it"
        if isinstance(unfinished, Creation) and unfinished.is_clearing:
            hint = "recover deletes the rest, recover finish restores it"
        raise InUse(f"an earlier change was interrupted: {unfinished}", hint=hint)


def _unreadable(path: str) -> LioError:
    return LioError(
        f"the journal {path} is damaged", hint="check the running configuration, then remove it"
    )
