# SPDX-License-Identifier: Apache-2.0
"""Progress of long work: counted here, shown as a bar at a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import LioError
from rtslib_ext.kernel import blocked

if TYPE_CHECKING:
    from .env import Env
    from .views.bar import Bar

PATIENCE = 1.0
"""Seconds until the bar appears; shorter work does not import it."""
# The interval of clock checks in seconds: one is due after the pieces done in this time.
_INTERVAL = 0.01
_NEVER = float("inf")

# Returns the total number of pieces; called with the number done so far.
Total = Callable[[int], int]


class Work:
    """Work that is counted piece by piece."""

    def __init__(self, env: Env, what: str, total: Total, *, watched: bool) -> None:
        self._env = env
        self._what = what
        self._total = total
        self._done = 0
        self._bar: Bar | None = None
        self._began = self._checked = self._quiet_since = time.monotonic()
        self._done_then = 0
        # The piece at which to check the clock next; never if the work is not watched.
        self._check_at: float = 1 if watched else _NEVER

    def count(self, *_: object) -> None:
        """Count one piece."""
        self._done += 1
        if self._done >= self._check_at:
            self._check()

    def hide(self) -> None:
        """Hide the bar: output has started."""
        self._quiet_since = _NEVER
        self.end()

    def end(self) -> None:
        """Remove the bar."""
        bar, self._bar = self._bar, None
        if bar is not None:
            # An error, such as a closed terminal, must not end the work.
            with suppress(OSError):
                bar.close()

    def _check(self) -> None:
        now = time.monotonic()
        pieces, took = self._done - self._done_then, now - self._checked
        self._checked, self._done_then = now, self._done
        self._check_at = self._done + max(1, int(pieces * _INTERVAL / max(took, 1e-6)))
        self._quiet_since = min(self._quiet_since, now)
        if now - self._quiet_since >= PATIENCE:
            try:
                self._show(now - self._began)
            except (ImportError, OSError):
                self._check_at = _NEVER

    def _show(self, took: float) -> None:
        if self._bar is None:
            # Imported here: most work is shorter.
            from .views.bar import Bar

            self._bar = Bar(self._what, self._number(), took, self._env.stderr)
        self._bar.show(self._done)

    def _number(self) -> int | None:
        try:
            return self._total(self._done)
        except LioError:
            # Another process changed the tree. Without a total, the bar shows no remaining time.
            return None


@contextmanager
def work(env: Env, what: str, total: Total) -> Iterator[Work]:
    """Count the work of a block; ``total`` is called when the bar appears.

    Nested work is part of the outer work, and has no bar of its own.
    """
    outer = env.session.work
    inner = Work(env, what, total, watched=outer is None and env.stderr.isatty())
    env.session.work = outer or inner
    try:
        with watched(env):
            yield inner
    finally:
        env.session.work = outer
        inner.end()


def watched(env: Env) -> AbstractContextManager[None]:
    """Report a call of configfs that the kernel does not finish; no more in a watched block."""
    return blocked.watch(partial(_tell, env))


def _tell(env: Env, text: str) -> None:
    """Print a note at once, as the command may take long to end."""
    # A closed terminal must not end the work.
    with suppress(OSError, ValueError):
        print(f"Note: {printable(text)}", file=env.stderr, flush=True)


def end(env: Env) -> None:
    """End the present work, also after an error or interrupt."""
    if env.session.work is not None:
        env.session.work.end()
        env.session.work = None
