# SPDX-License-Identifier: Apache-2.0
"""``top``: what LUNs, targets and initiators do, on the full screen."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any

import urwid

from rtslib_ext.errors import LioError
from rtslib_ext.kernel.configfs import ReadFS
from rtslib_ext.statistics import watch
from rtslib_ext.statistics.counted import Counted

from ..env import Env
from . import terminal, top_rows
from .columns import Markup
from .frame import Frame, Page, TextPage
from .help_text import TOP
from .rows import Heading, Rows
from .top_latency import Latencies
from .top_rows import COMMANDS, LUNS, VIEWS, TopRow, View
from .top_table import LATENCY, SORTS, TableStyle, heading, line, sorted_rows

Objects = Callable[[Collection[str]], Iterable[Counted]]
"""Yields the objects of some kinds that are to be watched."""

_SHORTEST, _LONGEST = 0.5, 60.0
# Objects are listed again after so many updates: some may be new.
_RELIST = 15
# A rate over a longer time than so many intervals is not that of the moment.
_STALE = 2.5
_SHOWN = (COMMANDS, "read_bytes", "written_bytes")


class Top(Page):
    """The page with the table."""

    keys = "tab view  enter open  c r w n l sort  / filter  L latency  ? help  q quit"

    def __init__(self, env: Env, objects: Objects, interval: float) -> None:
        self.env = env
        self.fs: ReadFS = env.fs
        self.objects = objects
        self.interval = interval
        self.views = [View(LUNS)]
        self.sort, self.reverse = COMMANDS, False
        self.filter = ""
        self.hides_idle = self.paused = False
        self.latencies = Latencies(env.fs, objects)
        self.blocks = terminal.has_blocks()
        self._drawn: tuple[object, TableStyle] | None = None
        self.every: list[TopRow] = []
        self.shown: list[TopRow] = []
        self._picked = ""
        self._updates = 0
        self._gone: set[str] = set()
        self._last: tuple[list[TopRow], list[str], list[watch.Series]] | None = None
        self._work: Iterator[None] | None = None
        self._alarm: Any = None
        self.table = Rows(lambda: len(self.shown), self._line, moved=self._moved, empty=" nothing")
        head = Heading(lambda width: f" {heading(self._style(width - 1))}")
        super().__init__(urwid.Frame(self.table, urwid.AttrMap(head, "head")))
        self.frame = Frame(env, self)

    @property
    def view(self) -> View:
        """Return the present view."""
        return self.views[-1]

    def start(self) -> None:
        """Show the screen until the user quits, also with Ctrl-C; then remove the tracing."""
        with suppress(KeyboardInterrupt):
            self.frame.run(self.update, self.latencies.stop)

    # -- what it reads -------------------------------------------------------------------------

    def relist(self) -> Iterator[None]:
        """List the objects of the view again; known ones keep their rates."""
        found = self.objects(top_rows.kinds(self.view))
        self.every = yield from top_rows.rows(self.fs, self.view, found, self.every)
        self.latencies.relist()
        self._order()

    def update(self) -> None:
        """Begin an update, and plan the next one."""
        loop = self.frame.loop
        if loop is not None:
            self._alarm = loop.set_alarm_in(self.interval, lambda *_: self.update())
        if self.paused or self._work is not None:
            return
        self._work = self.read()
        self._continue()

    def _continue(self) -> None:
        """Go through the update until it is done or a key waits; then continue after the key."""
        for _ in self._work or ():
            if self.frame.loop is not None and _key_waits():
                self.frame.soon(self._continue)
                return
        self._work = None
        self.describe()

    def read(self) -> Iterator[None]:
        """Read what sorting needs of all rows, then the rest of those in sight; then order them."""
        gone: set[str] = {one.item.configfs for one in _members(self.every) if one.is_gone}
        # Some stay: a LUN without a storage object has no counters.
        if self._updates % _RELIST == 0 or not gone <= self._gone:
            yield from self.relist()
        self._gone = gone
        self._updates += 1
        longest = _STALE * self.interval
        wanted = self._filtered()
        first = [name for name in _SHOWN if self._needs(name)]
        yield from watch.read(self.fs, self._series(wanted, first), longest)
        if COMMANDS in first:
            _note(wanted)
        self.latencies.read()
        self._order()
        seen = [self.shown[at] for at in self.table.seen()]
        rest = watch.of(_members(seen), [name for name in _SHOWN if name not in first])
        targets = [row.target for row in seen if row.target is not None]
        yield from watch.read(self.fs, [*rest, *watch.of(targets, ["sessions"])], longest)
        if COMMANDS not in first:
            _note(seen)

    def _series(self, rows: list[TopRow], names: list[str]) -> list[watch.Series]:
        """Return the columns of rows; the same list as before if both are the same."""
        if self._last is None or self._last[0] is not rows or self._last[1] != names:
            self._last = rows, names, watch.of(_members(rows), names)
        return self._last[2]

    def _needs(self, name: str) -> bool:
        """Return True if the order of the rows depends on a column."""
        return name == self.sort or (self.hides_idle and name == COMMANDS)

    def _filtered(self) -> list[TopRow]:
        words = self.filter.lower().split()
        if not words:
            return self.every
        return [row for row in self.every if all(word in row.name.lower() for word in words)]

    def _order(self) -> None:
        """Sort the rows, and keep the focus on the row that the user chose."""
        found = self._filtered()
        if self.hides_idle:
            found = [row for row in found if row.busy != 0]
        self.shown = sorted_rows(found, self.sort, self.reverse, self.latencies.mean)
        if self._picked:
            keys = [row.key for row in self.shown]
            self.table.at = keys.index(self._picked) if self._picked in keys else self.table.at
        # A key may come before the rows are drawn, which also does this.
        self.table.at = max(0, min(self.table.at, len(self.shown) - 1))
        self.table._invalidate()

    # -- what it shows -------------------------------------------------------------------------

    def _style(self, width: int) -> TableStyle:
        """Return how the table is shown; it is the same for all rows of a drawing."""
        order = self.view.what, self.sort, self.reverse, self.latencies.is_on
        drawn = width, self.blocks, *order
        if self._drawn is None or self._drawn[0] != drawn:
            what, sort, reverse, latency = order
            style = TableStyle(
                width, what, sort, reverse=reverse, latency=latency, blocks=self.blocks
            )
            self._drawn = drawn, style
        return self._drawn[1]

    def _line(self, index: int, width: int) -> Markup:
        return line(self.fs, self.shown[index], self._style(width), self.latencies.of)

    def describe(self) -> None:
        """Show in the title the view, its order and filter."""
        count = f"{len(self.shown)}"
        if len(self.shown) != len(self.every):
            count += f" of {len(self.every)}"
        title = self.view.title
        one = self.view.what.removesuffix("s") if count == "1" else self.view.what
        what = f"{title}: {count}" if title else f"{count} {one}"
        parts = [f"targetcli top  {what}", f"every {self.interval:g}s"]
        parts += [f'filter "{self.filter}"'] * bool(self.filter)
        parts += ["idle hidden"] * self.hides_idle
        lost = f" ({self.latencies.lost} lost)" if self.latencies.lost else ""
        parts += [f"latency{lost}"] * self.latencies.is_on
        parts += ["PAUSED"] * self.paused
        self.title = "  ".join(parts)
        self.frame.show()
        self.table._invalidate()

    def _moved(self) -> None:
        self._picked = self.shown[self.table.at].key if self.shown else ""

    # -- keys ----------------------------------------------------------------------------------

    def key(self, key: str) -> bool:
        """Do what a key of this page does."""
        sort = next((name for name, (letter, _) in SORTS.items() if letter == key), "")
        keys: dict[str, Callable[[], object]] = {
            "tab": lambda: self._turn(1),
            "shift tab": lambda: self._turn(-1),
            "enter": self._open,
            "right": self._open,
            "/": lambda: self.frame.ask("/", self.filter, self._typed, self._typed),
            "i": self._hide_idle,
            "p": self._pause,
            " ": self._pause,
            "L": self._trace,
            "+": lambda: self._pace(2),
            "-": lambda: self._pace(1 / 2),
            "?": lambda: self.frame.open(TextPage("Help", TOP)),
            "f1": lambda: self.frame.open(TextPage("Help", TOP)),
        }
        if len(self.views) > 1:
            keys["esc"] = keys["left"] = keys["backspace"] = self._close
        if sort == LATENCY and not self.latencies.is_on:
            self.frame.say("latency is not traced: L switches that on")
        elif sort:
            self._sort_by(sort)
        elif key in keys:
            keys[key]()
        else:
            return False
        if self.frame.page is self:
            self.describe()
        return True

    def _sort_by(self, name: str) -> None:
        self.reverse = not self.reverse if self.sort == name else False
        self.sort = name
        self._picked = ""
        self.table.at = 0
        self._order()

    def _turn(self, step: int) -> None:
        here = VIEWS.index(self.view.what) if self.view.what in VIEWS else 0
        self.views = [View(VIEWS[(here + step) % len(VIEWS)])]
        self._changed()

    def _open(self) -> None:
        if self.shown and (view := top_rows.opened(self.view, self.shown[self.table.at])):
            self.views.append(view)
            self._changed()

    def _close(self) -> None:
        self.views.pop()
        self._changed()

    def _changed(self) -> None:
        """List another view, and read it at once."""
        self._picked, self.filter = "", ""
        self.table.at = self.table.top = 0
        self.every, self.shown = [], []
        self._work, self._updates = None, 0
        self._soon()

    def _soon(self) -> None:
        """Update now, and then in the usual interval."""
        loop = self.frame.loop
        if loop is not None:
            if self._alarm is not None:
                loop.remove_alarm(self._alarm)
            self._alarm = self.frame.soon(self.update)

    def _typed(self, text: str) -> None:
        self.filter = text
        self._order()
        self.describe()

    def _hide_idle(self) -> None:
        self.hides_idle = not self.hides_idle
        self._order()

    def _pause(self) -> None:
        self.paused = not self.paused
        if not self.paused:
            self._soon()

    def _pace(self, factor: float) -> None:
        self.interval = min(_LONGEST, max(_SHORTEST, self.interval * factor))
        self._soon()

    def _trace(self) -> None:
        if self.latencies.is_on:
            self.latencies.stop()
            return
        try:
            self.latencies.start()
        except LioError as err:
            self.frame.say(f"{err}{f' ({err.hint})' if err.hint else ''}")


def _note(rows: Iterable[TopRow]) -> None:
    for row in rows:
        row.note()


def _members(rows: Iterable[TopRow]) -> list[watch.Watched]:
    return [member for row in rows for member in row.members]


def _key_waits() -> bool:
    """Return True if something was typed that is not read yet."""
    return bool(select.select([sys.stdin], [], [], 0)[0])
