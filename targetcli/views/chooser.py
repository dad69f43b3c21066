# SPDX-License-Identifier: Apache-2.0
"""A full-screen list to choose from: ``cd`` without a path."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import urwid

_PALETTE = [("chosen", "black", "yellow")]
_HELP = " arrows, page up and down: move   enter: go there   esc or q: stay "


def choose(lines: Sequence[str], values: Sequence[str], current: str) -> str | None:
    """Return the value of the chosen line; None if the user cancelled."""
    chosen: list[str] = []

    def take(row: urwid.Widget, value: str) -> None:
        chosen.append(value)
        raise urwid.ExitMainLoop

    rows = [_row(line, value, take) for line, value in zip(lines, values, strict=True)]
    walker = urwid.SimpleFocusListWalker(rows)
    if current in values:
        walker.set_focus(values.index(current))

    def leave(key: object) -> None:
        if key in ("esc", "q", "Q"):
            raise urwid.ExitMainLoop

    frame: urwid.Frame = urwid.Frame(urwid.ListBox(walker), footer=urwid.Text(_HELP))
    urwid.MainLoop(frame, _PALETTE, unhandled_input=leave).run()
    return chosen[0] if chosen else None


class _Row(urwid.Text):
    """A line that can be chosen."""

    _selectable = True
    signals = ["click"]

    def keypress(self, size: tuple[()] | tuple[int] | tuple[int, int], key: str) -> str | None:
        """Choose the line with Enter."""
        if key == "enter":
            self._emit("click")
            return None
        return key


def _row(line: str, value: str, take: Callable[..., None]) -> urwid.AttrMap:
    row = _Row(line, wrap="clip")
    urwid.connect_signal(row, "click", take, user_args=[], user_arg=value)
    return urwid.AttrMap(row, None, focus_map="chosen")
