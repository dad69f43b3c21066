# SPDX-License-Identifier: Apache-2.0
"""Notice a call of configfs that the kernel does not finish.

Such a process cannot be interrupted: signals arrive when the call ends. So another thread looks at
the call that the changing thread is in. This costs the calls themselves nothing.
"""

from __future__ import annotations

import _thread
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from .configfs import ConfigFS

LIMIT = 10.0
"""Seconds until a call is reported."""
_watched: set[int] = set()


@contextmanager
def watch(tell: Callable[[str], object]) -> Iterator[None]:
    """Call ``tell`` with a sentence, once, for each call of a block that takes over LIMIT seconds.

    ``tell`` runs in another thread. A block within one that is watched is not watched again.
    """
    thread = _thread.get_ident()
    if thread in _watched:
        yield
        return
    _watched.add(thread)
    ended = _thread.allocate_lock()
    ended.acquire()
    # A Ctrl-Z that a change blocks would stop the process by way of a thread that does not.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        _thread.start_new_thread(_look, (thread, ended, tell))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield
    finally:
        ended.release()
        _watched.discard(thread)


def _look(thread: int, ended: _thread.LockType, tell: Callable[[str], object]) -> None:
    before = told = None
    began = time.monotonic()
    while not ended.acquire(timeout=LIMIT):
        found = _frame(thread)
        if found is not None and found is before and found is not told:
            told = found
            tell(_sentence(found) + _words(began))
        if found is not before:
            began = time.monotonic()
        before = found


def _frame(thread: int) -> FrameType | None:
    """Return the frame of the call of configfs that a thread is in; None if it is in none."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if isinstance(frame.f_locals.get("self"), ConfigFS) and "path" in frame.f_locals:
            return frame
        frame = frame.f_back
    return None


def _sentence(frame: FrameType) -> str:
    # Imported here: few calls block.
    from . import objects

    call, path = frame.f_code.co_name, frame.f_locals["path"]
    file = frame.f_locals["self"].absolute(path)
    return (
        f"{objects.shell_path(path)}: the kernel has not finished for {LIMIT:g} s: {call} {file}: "
        f"it {_reason(call, path)}. "
        "This process cannot be interrupted meanwhile; other shells can be used"
    )


def _words(since: float) -> str:
    """Return what the kernel has logged since a time of the monotonic clock, and its last words."""
    # Imported here: few calls block.
    from . import log

    texts = [record.text for record in log.records() if record.seconds >= since - LIMIT]
    return f". The kernel's log since then: {texts[-1]}" if texts else ""


def _reason(call: str, path: str) -> str:
    """Return what a call usually waits for; the kernel itself logs a reason rarely."""
    if call in ("read", "scan", "modes", "exists", "is_dir", "readlink"):
        return "waits for another process that changes this object"
    if "/lun/" in path and call in ("unlink", "rmdir"):
        return "waits for the commands that initiators have running on this LUN"
    if "/acls/" in path or path.endswith("/enable") or "/tpgt_" in path:
        return "waits for the sessions of initiators to end"
    return "waits for commands that are running on this object"
