# SPDX-License-Identifier: Apache-2.0
"""The page that edits one setting: its meaning, default and valid values, checked while typing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import urwid

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import InvalidValue, LioError

from ..settings import is_secret
from ..views.settings_table import UNKNOWN, Entry
from .frame import Page
from .setting_list import Setting

DEFAULT = "default"
_EMPTY = "(empty)"


class _Line(urwid.Edit):  # type: ignore[misc, unused-ignore]
    """The line to type in; up and down go through the valid values, if they can be listed."""

    def __init__(self, caption: str, text: str, choices: Sequence[str], mask: str | None) -> None:
        super().__init__(caption, text, mask=mask)
        self.choices = choices

    def keypress(self, size: Any, key: str) -> str | None:
        """Choose the previous or next value."""
        if key in ("up", "down") and self.choices:
            here = self.choices.index(self.edit_text) if self.edit_text in self.choices else -1
            step = 1 if key == "down" else -1 if here >= 0 else 0
            self.set_edit_text(self.choices[(here + step) % len(self.choices)])
            self.set_edit_pos(len(self.edit_text))
            return None
        return super().keypress(size, key)


class EditPage(Page):
    """Asks for the new value of a setting; ``done`` is called with it."""

    def __init__(
        self, path: str, item: Setting, found: Entry, done: Callable[[str], object]
    ) -> None:
        self.item = item
        self.title = f"Set {item.group.name} {item.name} of {path}"
        self._done = done
        choices = item.group.choices(item.name)
        more = "  up,down choose  ctrl d default" if choices else "  ctrl d default"
        self.keys = f"enter show the plan{more}  esc back"
        secret = is_secret(item.group, item.name)
        value = "" if secret else found.row.value
        self._line = _Line("New value: ", value, choices, "*" if secret else None)
        self._line.set_edit_pos(len(value))
        self._note = urwid.Text("")
        urwid.connect_signal(self._line, "postchange", lambda *_: self._check())
        walker = urwid.SimpleFocusListWalker(
            [*_about(found), urwid.Divider(), self._line, urwid.Divider(), self._note]
        )
        walker.set_focus(len(walker) - 3)
        super().__init__(urwid.ListBox(cast(Any, walker)))

    def _check(self) -> None:
        """Show why a value is not valid, as ``set`` would say."""
        self._note.set_text(cast(Any, ("bad", f"! {why}") if (why := self._refusal()) else ""))

    def _refusal(self) -> str:
        value, group = self._line.edit_text, self.item.group
        if value == DEFAULT and not group.takes_text(self.item.name):
            return "" if group.default(self.item.name) is not None else "its default is not known"
        if value.startswith(("-", "@")) and is_secret(group, self.item.name):
            return "" if value.startswith("@") else "a secret cannot begin with - here"
        try:
            group.check(self.item.name, value)
        except InvalidValue as err:
            return printable(f"{err}{f' ({err.hint})' if err.hint else ''}")
        except LioError as err:
            return printable(str(err))
        return ""

    def key(self, key: str) -> bool:
        """Take the value with Enter."""
        if key == "ctrl d":
            default = self.item.group.default(self.item.name)
            text = default if self.item.group.takes_text(self.item.name) else DEFAULT
            self._line.set_edit_text(text or "")
            self._line.set_edit_pos(len(text or ""))
            return True
        if key != "enter":
            return False
        self._check()
        if not self._refusal():
            self._done(self._line.edit_text)
        return True

    def say(self, lines: Sequence[str]) -> None:
        """Show why the plan was refused."""
        self._note.set_text(cast(Any, [("bad", f"! {printable(line)}\n") for line in lines]))


def _about(found: Entry) -> list[urwid.Text]:
    """Return the value of a setting, its default, range and meaning."""
    default = UNKNOWN if found.default is None else found.default or _EMPTY
    changed = "  (* differs from the default)" if found.changed else ""
    lines = [
        f"Value:     {printable(found.row.value) or _EMPTY}{changed}",
        f"Default:   {printable(default)}",
        f"Takes:     {found.values or 'any text that the kernel accepts'}",
        "",
        printable(found.row.text),
    ]
    return [urwid.Text(line) for line in lines]
