# SPDX-License-Identifier: Apache-2.0
"""The frame of a full screen: a title, a stack of pages, a message or a line to type, the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import urwid

from ..env import Env
from . import terminal
from .columns import Markup, cut, pad, wrap
from .rows import Rows

Typed = Callable[[str], object]
_SOON = 0.005


class Page:
    """What fills the screen between title and keys; ``key`` returns False for an unknown key."""

    title = ""
    keys = "esc back"
    closing: tuple[str, ...] = ("esc", "q", "Q")

    def __init__(self, body: urwid.Widget) -> None:
        self.body = body

    def key(self, key: str) -> bool:
        """Do what a key of this page does."""
        return False

    def closed(self) -> None:
        """Do what the end of the page needs."""


class TextPage(Page):
    """A text that scrolls, wrapped at the width of the screen."""

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        self.title = title
        self._lines = list(lines)
        self._wrapped: list[str] = []
        rows = Rows(lambda: len(self._wrapped), self._line, picks=False, fit=self._fit)
        super().__init__(rows)

    def _fit(self, width: int) -> None:
        self._wrapped = wrap(self._lines, width)

    def _line(self, index: int, width: int) -> Markup:
        text = self._wrapped[index]
        return [(_style(text), pad(text, width))]


def _style(text: str) -> str | None:
    """Return the style of a line of a plan; its first word says the same."""
    if text.startswith(("interrupts:", "interrupted:", "asks:")):
        return "bad"
    return "note" if text.startswith("Note:") else None


class PlanPage(TextPage):
    """What a line would do, before it is done."""

    keys = "y make these changes  n,esc back"
    closing = (*TextPage.closing, "n", "N")

    def __init__(self, title: str, lines: Sequence[str], agreed: Callable[[], object]) -> None:
        super().__init__(title, lines)
        self._agreed = agreed

    def key(self, key: str) -> bool:
        """Make the changes with y."""
        if key not in ("y", "Y"):
            return False
        self._agreed()
        return True


class Frame:
    """Shows one page, and the pages below it when it is closed."""

    def __init__(self, env: Env, page: Page) -> None:
        self.env = env
        self.pages = [page]
        self.loop: urwid.MainLoop | None = None
        self._message = ""
        self._title = urwid.Text("", wrap="clip")
        self._said = urwid.Text("", wrap="clip")
        self._keys = urwid.Text("", wrap="clip")
        self._typed: Typed = lambda _: None
        self._entered: Typed = lambda _: None
        self._edit: urwid.Edit | None = None
        self.widget = urwid.Frame(
            page.body,
            urwid.AttrMap(self._title, "title"),
            urwid.Pile([self._said, urwid.AttrMap(self._keys, "keys")]),
        )
        self.show()

    @property
    def page(self) -> Page:
        """Return the page in sight."""
        return self.pages[-1]

    def run(
        self,
        started: Callable[[], object] = lambda: None,
        closing: Callable[[], object] = lambda: None,
    ) -> None:
        """Run until the last page is closed; ``closing`` is called after any end."""

        def start(loop: urwid.MainLoop) -> None:
            self.loop = loop
            started()

        terminal.run(self.env, self.widget, self.key, start, closing)

    def show(self) -> None:
        """Draw title and keys of the page again."""
        self.widget.body = self.page.body
        self._title.set_text(cut(f" {self.page.title}", 500))
        self._keys.set_text(f" {self.page.keys}")
        self._said.set_text(cast(Any, ("note", self._message) if self._message else ""))

    def open(self, page: Page) -> None:
        """Show a page above the present one."""
        self._message = ""
        self.pages.append(page)
        self.show()

    def close(self) -> None:
        """Return to the page below; end the screen without one."""
        self.page.closed()
        if len(self.pages) == 1:
            raise urwid.ExitMainLoop
        self.pages.pop()
        self.show()

    def say(self, text: str) -> None:
        """Show a message until the next key."""
        self._message = cut(text.replace("\n", " "), 500)
        self.show()

    def working(self, text: str) -> None:
        """Show a message before work that may take long."""
        self.say(text)
        if self.loop is not None and self.loop.screen.started:
            self.loop.draw_screen()

    def soon(self, work: Callable[[], object]) -> Any:
        """Do more work when keys were answered; return its alarm, None if nothing is shown.

        urwid draws only if no alarm is due, so this draws first.
        """
        loop = self.loop
        if loop is None:
            return None

        def run(*_: object) -> None:
            loop.draw_screen()
            work()

        return loop.set_alarm_in(_SOON, run)

    def ask(self, caption: str, text: str, typed: Typed, entered: Typed) -> None:
        """Let the user type a line; ``typed`` gets each state of it, ``entered`` the last one."""
        self._typed, self._entered = typed, entered
        self._edit = urwid.Edit(caption, text, wrap="clip")
        urwid.connect_signal(self._edit, "postchange", lambda edit, _: typed(edit.edit_text))
        self.widget.footer = urwid.Pile([self._edit, urwid.AttrMap(self._keys, "keys")])
        self._keys.set_text(" enter ok  esc cancel")
        self.widget.focus_position = "footer"

    def _answered(self, text: str | None) -> None:
        """End the typing of a line; None if it was cancelled."""
        self._edit = None
        self.widget.footer = urwid.Pile([self._said, urwid.AttrMap(self._keys, "keys")])
        self.widget.focus_position = "body"
        self.show()
        if text is None:
            self._typed("")
        else:
            self._entered(text)

    def key(self, key: str) -> None:
        """Do what a key does that no widget took."""
        if self._edit is not None:
            if key in ("enter", "esc"):
                self._answered(self._edit.edit_text if key == "enter" else None)
            return
        self._message = ""
        self.show()
        if not self.page.key(key) and key in self.page.closing:
            self.close()
