# SPDX-License-Identifier: Apache-2.0
"""``browse``: the tree and its settings on the full screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import urwid

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import LioError

from ..env import Env
from ..language import grammar
from ..language.grammar import Line
from ..result import Aside, Result, RunLine
from ..tree import Node
from ..views import plan as plan_view
from .columns import Markup, cut_left, pad, row
from .edit import EditPage
from .frame import Frame, Page, PlanPage, TextPage
from .help_text import BROWSE
from .lines import Answer, Lines, words
from .rows import Rows
from .search import SearchPage
from .setting_list import SettingList
from .split import Split
from .tree_list import TreeList

_DETAIL = 4
# Seconds without a key before the settings of a node are read.
_REST = 0.15
# Seconds in which the summaries in sight are read before the rest is left for later.
_LONGEST_DRAWING = 0.015


class Browse(Page):
    """The page with the tree above or beside the settings of its focus."""

    keys = "enter open, edit  tab switch  / search  u undo  : command  ? help  q quit"

    def __init__(self, env: Env, node: Node, run: RunLine) -> None:
        self.env = env
        self.lines = Lines(env, run)
        self.tree = TreeList(env)
        self.settings: SettingList | None = None
        self.tree_rows = Rows(
            lambda: len(self.tree.rows), self._tree_line, moved=self._moved, fit=self._begin
        )
        self.setting_rows = Rows(
            lambda: len(self.settings.shown) if self.settings else 0,
            self._setting_line,
            moved=self._describe,
            empty=" no settings here",
        )
        self.split = Split(self.tree_rows, self.setting_rows, self._turned)
        self._detail = urwid.Text("")
        self._alarm: Any = None
        self._later: Any = None
        self._deadline = 0.0
        super().__init__(
            urwid.Frame(
                self.split,
                footer=urwid.BoxAdapter(urwid.Filler(self._detail, "top"), _DETAIL),
            )
        )
        self.frame = Frame(env, self)
        self.tree_rows.at = self.tree.reveal(node.path)
        self.read_settings()

    @property
    def node(self) -> Node:
        """Return the node with the focus."""
        return self.tree.rows[self.tree_rows.at].node

    def start(self) -> Result:
        """Show the screen until the user quits; return what to say afterwards."""
        self.frame.run()
        notes: list[str] = []
        if self.env.session.unsaved and not self.env.session.several:
            notes.append(Aside("Note: the changes are not saved; saveconfig saves them"))
        return Result(notes=notes, cd=self.node.path if self.env.session.several else None)

    # -- what it shows -------------------------------------------------------------------------

    def _tree_line(self, index: int, width: int) -> Markup:
        item = self.tree.rows[index]
        if not item.is_read and time.monotonic() > self._deadline:
            self._finish_later()
            return [(None, pad(item.text(summarized=False), width))]
        return [("bad" if item.summary.healthy is False else None, pad(item.text(), width))]

    def _begin(self, _: int) -> None:
        """Limit the time of drawing, so that keys are answered: the rest comes later."""
        self._deadline = time.monotonic() + _LONGEST_DRAWING

    def _finish_later(self) -> None:
        if self._later is None:
            self._later = self.frame.soon(self._finish)

    def _finish(self) -> None:
        self._later = None
        self.tree_rows._invalidate()

    def _setting_line(self, index: int, width: int) -> Markup:
        assert self.settings is not None
        item = self.settings.shown[index]
        if not item.name:
            return [("head", pad(item.group.name, width))]
        cells = self.settings.cells(item)
        name = min(self.settings.longest + 2, width * 2 // 5)
        left = max(12, width - name - 6)
        value, default = left * 3 // 10, left // 4
        widths = name, value, default, left - value - default
        style = "note" if cells[0].startswith("*") else None
        return [(style, pad(row(cells, widths), width))]

    def _moved(self) -> None:
        """Describe the node at once, and read its settings when the focus rests."""
        self.settings = None
        self._describe()
        self._stop_waiting()
        loop = self.frame.loop
        if loop is not None:
            self._alarm = loop.set_alarm_in(_REST, lambda *_: self.read_settings())

    def _stop_waiting(self) -> None:
        if self._alarm is not None and self.frame.loop is not None:
            self.frame.loop.remove_alarm(self._alarm)
        self._alarm = None

    def _turned(self) -> None:
        if self.settings is None:
            self.read_settings()
        self._describe()

    def read_settings(self) -> None:
        """List the settings of the node with the focus."""
        self._stop_waiting()
        try:
            self.settings = SettingList(self.env, self.node)
        except LioError as err:
            self.frame.say(str(err))
        self.setting_rows.top = 0
        # Below the heading of the first group.
        self.setting_rows.at = 1
        self.setting_rows._invalidate()
        self._describe()

    def _describe(self) -> None:
        """Show the path, and the meaning of the setting with the focus or the node's summary."""
        node = self.node
        queued = self.env.session.transaction
        mark = f"  [{plan_view.number(queued.plan())} queued]" if queued else ""
        self.title = f"targetcli browse{mark}  {cut_left(node.path, 200)}"
        self.split.heading = " SETTINGS: NAME, VALUE, DEFAULT, RANGE   * differs from the default"
        summary = self.tree.rows[self.tree_rows.at].summary
        text = f"{node.path}  {summary.text}"
        shown = self.settings.shown if self.settings else []
        if self.split.focused and self.settings and self.setting_rows.at < len(shown):
            item = shown[self.setting_rows.at]
            meaning = self.settings.entry(item).row.text if item.name else "a group of settings"
            text = f"{item.group.name} {item.name}: {meaning}"
        self._detail.set_text(cast(Any, ("dim", printable(text))))
        self.frame.show()

    # -- keys --------------------------------------------------------------------------------

    def key(self, key: str) -> bool:
        """Do what a key of this page does."""
        keys: dict[str, Callable[[], object]] = {
            "enter": self._enter,
            "right": self._right,
            "left": self._left,
            "backspace": self._left,
            "i": self._info,
            "/": self._search,
            "u": partial(self.plan, partial(words, "/", "undo"), "undo"),
            "U": partial(self.plan, partial(words, "/", "redo"), "redo"),
            "s": partial(self.plan, partial(words, "/", "saveconfig"), "saveconfig"),
            "r": self.reload,
            "f5": self.reload,
            ":": self._command,
            "?": lambda: self.frame.open(TextPage("Help", BROWSE)),
            "f1": lambda: self.frame.open(TextPage("Help", BROWSE)),
        }
        if key not in keys:
            return False
        try:
            keys[key]()
        except LioError as err:
            self.frame.say(str(err))
        return True

    def _enter(self) -> None:
        if self.split.focused:
            self._edit()
        elif self.tree.rows[self.tree_rows.at].is_open:
            self.tree.close(self.tree_rows.at)
        else:
            self._right()
        self._describe()

    def _right(self) -> None:
        item = self.tree.rows[self.tree_rows.at]
        if self.split.focused:
            return
        if item.is_leaf:
            self.split.turn()
        else:
            if item.node.path.startswith("/backstores/"):
                # Each object is in a directory of its own: a thousand take a moment.
                self.frame.working(f"reading {item.node.path}")
            self.tree_rows.reveal(self.tree.open(self.tree_rows.at))
            self.frame.say("")

    def _left(self) -> None:
        if self.split.focused:
            self.split.turn()
        elif self.tree.rows[self.tree_rows.at].is_open:
            self.tree.close(self.tree_rows.at)
        else:
            self.tree_rows.at = self.tree.above(self.tree_rows.at)
            self._moved()
        self._describe()
        self.tree_rows._invalidate()

    def _info(self) -> None:
        self.show_answer(
            f"info {self.node.path}", self.lines.run(partial(words, self.node.path, "info"))
        )

    def reload(self, path: str = "") -> None:
        """Read everything again, and go to a path; "" stays."""
        at = path or self.node.path
        setting = self.setting_rows.at
        self.tree.reload()
        self.tree_rows.at = self.tree.reveal(at)
        self.read_settings()
        if self.node.path == at:
            self.setting_rows.at = setting
        self._describe()
        self.tree_rows._invalidate()

    def _edit(self) -> None:
        if self.settings is None or not self.settings.shown:
            return
        item = self.settings.shown[self.setting_rows.at]
        if not item.name:
            return
        found = self.settings.entry(item)
        if not found.row.writable:
            self.frame.say(f"{item.name} is read-only")
            return
        path = self.node.path

        def done(value: str) -> None:
            line = partial(words, path, "set", item.group.name, f"{item.name}={value}")
            self.plan(line, f"set {item.group.name} {item.name}", page)

        page = EditPage(path, item, found, done)
        self.frame.open(page)

    # -- changes -----------------------------------------------------------------------------

    def plan(self, line: Callable[[], Line], title: str, edited: EditPage | None = None) -> None:
        """Show what a line would do, and do it if the user agrees; else show its output.

        ``edited`` is the page that stays if the line is refused.
        """
        answer = self.lines.preview(line)
        if answer.failed and edited is not None:
            edited.say(answer.lines)
        elif answer.failed or not answer.changes:
            self._without_changes(title, answer, edited)
        else:

            def agreed() -> None:
                self.frame.close()
                if edited is not None:
                    self.frame.close()
                self._make(line, title, answer)

            self.frame.open(PlanPage(f"Plan: {title}", answer.lines, agreed))

    def _without_changes(self, title: str, answer: Answer, edited: EditPage | None) -> None:
        if edited is not None:
            self.frame.close()
            self.frame.say("Nothing to change: this is the present value")
        elif answer.leave:
            raise urwid.ExitMainLoop
        elif answer.cd:
            self.reload(answer.cd)
        else:
            self.show_answer(title, answer)

    def _make(self, line: Callable[[], Line], title: str, shown: Answer) -> None:
        self.frame.working(f"{title}: working; another change may have to end first")
        done = self.lines.run(line, shown.facts)
        self.reload(done.cd)
        self.show_answer(title, done)

    def show_answer(self, title: str, answer: Answer) -> None:
        """Show the output of a line: one line as a message, more as a page."""
        if len(answer.lines) < 2 and not answer.failed:
            self.frame.say("".join(answer.lines) or f"{title}: done")
        else:
            failed = "Refused" if answer.failed else "Done"
            self.frame.open(TextPage(f"{failed}: {title}", answer.lines))

    def _command(self) -> None:
        path = self.node.path

        def entered(text: str) -> None:
            if text.strip():
                self.env.session.cwd = path
                self.plan(partial(grammar.parse, text), text)

        self.frame.ask(f"{cut_left(path, 30)}> ", "", lambda _: None, self._safely(entered))

    def _safely(self, call: Callable[[str], object]) -> Callable[[str], None]:
        def safe(text: str) -> None:
            try:
                call(text)
            except LioError as err:
                self.frame.say(str(err))

        return safe

    # -- search ------------------------------------------------------------------------------

    def _search(self) -> None:
        if self.split.focused and self.settings is not None:
            self.frame.ask("/", "", self._filter, self._filter)
        else:
            self.frame.open(SearchPage(self.frame, self.tree.every_path(), self._go))

    def _go(self, path: str) -> None:
        self.tree_rows.at = self.tree.reveal(path)
        self.read_settings()

    def _filter(self, text: str) -> None:
        if self.settings is not None:
            self.settings.filter(text)
            self.setting_rows.at = 1
            self.setting_rows._invalidate()
            self._describe()
