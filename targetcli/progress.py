# SPDX-License-Identifier: Apache-2.0
"""How far long work has come: counted here, shown to who waits for it at a terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rtslib_ext.errors import LioError

if TYPE_CHECKING:
    from .env import Env
    from .views.bar import Bar

PATIENCE = 1.0
"""The seconds after which work is shown; what ends before imports nothing for it."""
# How often the clock is looked at: a look is due after as many pieces as were done in this time.
_LOOK = 0.01

# How many pieces there are; it is told how many were done by then.
Total = Callable[[int], int]


class Work:
    """Work that is done piece by piece."""

    def __init__(self, env: Env, what: str, total: Total, *, watched: bool) -> None:
        self._env = env
        self._what = what
        self._total = total
        self._done = 0
        self._bar: Bar | None = None
        self._began = self._looked = self._silent = time.monotonic()
        self._looked_at = 0
        # The piece at which the clock is looked at; that never comes where nobody watches.
        self._look_at: float = 1 if watched else math.inf

    def count(self, *_: object) -> None:
        """A piece is done."""
        self._done += 1
        if self._done >= self._look_at:
            self._look()

    def hide(self) -> None:
        """Hide the bar: output has started."""
        self._silent = math.inf
        self.end()

    def end(self) -> None:
        """Take the bar away."""
        bar, self._bar = self._bar, None
        if bar is not None:
            # A terminal that is gone, for instance, must not end the work.
            with suppress(OSError):
                bar.close()

    def _look(self) -> None:
        now = time.monotonic()
        pieces, took = self._done - self._looked_at, now - self._looked
        self._looked, self._looked_at = now, self._done
        self._look_at = self._done + max(1, int(pieces * _LOOK / max(took, 1e-6)))
        self._silent = min(self._silent, now)
        if now - self._silent >= PATIENCE:
            try:
                self._show(now - self._began)
            except (ImportError, OSError):
                self._look_at = math.inf

    def _show(self, took: float) -> None:
        if self._bar is None:
            # Imported here: most work does not take so long.
            from .views.bar import Bar

            self._bar = Bar(self._what, self._number(), took, self._env.stderr)
        self._bar.show(self._done)

    def _number(self) -> int | None:
        try:
            return self._total(self._done)
        except LioError:
            # Others change the tree, too. Without it there is no time left to be told.
            return None


@contextmanager
def work(env: Env, what: str, total: Total) -> Iterator[Work]:
    """Count the work of a block; ``total`` is asked for once it is shown.

    Work within work is a part of it, and not shown.
    """
    outer = env.session.work
    found = Work(env, what, total, watched=outer is None and env.stderr.isatty())
    env.session.work = outer or found
    try:
        yield found
    finally:
        env.session.work = outer
        found.end()


def end(env: Env) -> None:
    """No work goes on any more, whatever cut it off."""
    if env.session.work is not None:
        env.session.work.end()
        env.session.work = None
