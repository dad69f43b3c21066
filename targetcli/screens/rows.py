# SPDX-License-Identifier: Apache-2.0
"""A list of any length on the screen: only the rows in sight are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import urwid

from .columns import Markup, pad, width_of

Line = Callable[[int, int], Markup]
"""Returns row ``index`` for a width in columns."""


class Rows(urwid.Widget):  # type: ignore[misc, unused-ignore]
    """Rows of which one has the focus; with ``picks=False`` a text that scrolls.

    ``count`` and ``line`` are asked each time it is drawn, after ``fit`` got the width. ``moved``
    is called when the focus has moved.
    """

    _sizing = frozenset([urwid.BOX])
    _selectable = True
    no_cache = ["render"]

    def __init__(
        self,
        count: Callable[[], int],
        line: Line,
        *,
        picks: bool = True,
        moved: Callable[[], object] = lambda: None,
        fit: Callable[[int], object] = lambda _: None,
        empty: str = "",
    ) -> None:
        super().__init__()
        self.count = count
        self.line = line
        self.picks = picks
        self.moved = moved
        self.fit = fit
        self.empty = empty
        self.at = 0
        self.top = 0
        self._height = 40

    def reveal(self, more: int) -> None:
        """Scroll so that as many as possible of the rows after the focus are in sight."""
        self.top = max(self.top, min(self.at, self.at + more + 1 - self._height))
        self._invalidate()

    def seen(self) -> range:
        """Return the rows in sight when it was drawn last."""
        return self.visible(self._height)

    def visible(self, height: int) -> range:
        """Return the rows in sight, and scroll to the focus."""
        count = self.count()
        if self.picks:
            self.at = max(0, min(self.at, count - 1))
            self.top = max(min(self.top, self.at), self.at - height + 1)
        self.top = max(0, min(self.top, count - height))
        return range(self.top, min(count, self.top + height))

    def render(self, size: Any, focus: bool = False) -> urwid.Canvas:
        """Draw the rows in sight; the one with the focus has a ``>`` before it."""
        width, height = size
        self.fit(width)
        self._height = height
        seen = self.visible(height)
        drawn = [self._row(index, width, focus) for index in seen]
        if not drawn and self.empty:
            drawn = [[(None, pad(self.empty, width))]]
        return _canvas(drawn, width, height)

    def _row(self, index: int, width: int, focus: bool) -> Markup:
        if not self.picks:
            return self.line(index, width)
        here = index == self.at
        markup = [(None, ">" if here else " "), *self.line(index, width - 1)]
        if not here:
            return markup
        return [("focus" if focus else "chosen", text) for _, text in markup]

    def keypress(self, size: Any, key: str) -> str | None:
        """Move; return other keys."""
        height = size[1]
        page = max(1, height - 1)
        steps = {
            "up": -1,
            "down": 1,
            "page up": -page,
            "page down": page,
            "home": -self.count(),
            "end": self.count(),
        }
        if key not in steps:
            return key
        self.move(steps[key])
        return None

    def move(self, by: int) -> None:
        """Move the focus, or scroll the text."""
        if self.picks:
            self.at = max(0, min(self.at + by, self.count() - 1))
        else:
            self.top = max(0, self.top + by)
        self.moved()
        self._invalidate()


class Heading(urwid.Widget):  # type: ignore[misc, unused-ignore]
    """One line that depends on the width of the screen."""

    _sizing = frozenset([urwid.FLOW])
    no_cache = ["render"]

    def __init__(self, text: Callable[[int], str]) -> None:
        super().__init__()
        self.text = text

    def rows(self, size: Any, focus: bool = False) -> int:
        """Return its height."""
        return 1

    def render(self, size: Any, focus: bool = False) -> urwid.Canvas:
        """Draw the line."""
        return _canvas([[(None, pad(self.text(size[0]), size[0]))]], size[0], 1)


def _canvas(rows: list[Markup], width: int, height: int) -> urwid.Canvas:
    """Return all rows as one canvas; a widget for each would take longer than to read a counter."""
    texts: list[bytes] = []
    styles: list[list[Any]] = []
    charsets: list[list[Any]] = []
    for markup in rows:
        text, style = b"", []
        charset: list[Any] = []
        left = width
        for name, part in markup:
            if len(part) <= left and part.isascii():
                encoded = part.encode()
                charset.append((None, len(part)))
                left -= len(part)
            else:
                fitted = pad(part, left)[: len(part)]
                encoded, charsets_of_part = urwid.apply_target_encoding(fitted)
                charset += charsets_of_part
                left -= width_of(fitted)
            text += encoded
            style.append((name, len(encoded)))
        texts.append(text)
        styles.append(style)
        charsets.append(charset)
    blank = height - len(rows)
    return urwid.TextCanvas(
        [*texts, *[b""] * blank], [*styles, *[[]] * blank], [*charsets, *[[]] * blank], maxcol=width
    )
