# SPDX-License-Identifier: Apache-2.0
"""Two lists on the screen: side by side if it is wide, else one above the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import urwid

from .columns import pad

_WIDE = 110
# With fewer lines only the list with the focus is shown.
_LOWEST = 5


class Split(urwid.Widget):  # type: ignore[misc, unused-ignore]
    """Two boxes and a heading for the second; one of them has the focus."""

    _sizing = frozenset([urwid.BOX])
    _selectable = True
    no_cache = ["render"]

    def __init__(
        self,
        first: urwid.Widget,
        second: urwid.Widget,
        turned: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__()
        self.turned = turned
        self.boxes = first, second
        self.focused = 0
        self.heading = ""

    def _sizes(self, size: Any) -> tuple[tuple[int, int], tuple[int, int]]:
        width, height = size
        if width >= _WIDE:
            left = width * 2 // 5
            return (left, height), (width - left - 1, height - 1)
        upper = (height - 1) // 2
        return (width, upper), (width, height - 1 - upper)

    def render(self, size: Any, focus: bool = False) -> urwid.Canvas:
        """Draw both."""
        width, height = size
        if height < _LOWEST:
            return self.boxes[self.focused].render(size, focus)
        sizes = self._sizes(size)
        first, second = (
            box.render(sizes[at], focus and at == self.focused) for at, box in enumerate(self.boxes)
        )
        name = urwid.Text(("head", pad(self.heading, sizes[1][0])), wrap="clip")
        lower = urwid.CanvasCombine(
            [(name.render((sizes[1][0],)), None, False), (second, None, False)]
        )
        if width >= _WIDE:
            line = urwid.SolidCanvas("|", 1, height)
            return cast(
                urwid.Canvas,
                urwid.CanvasJoin(
                    [
                        (first, None, False, sizes[0][0]),
                        (line, None, False, 1),
                        (lower, None, False, sizes[1][0]),
                    ]
                ),
            )
        return cast(urwid.Canvas, urwid.CanvasCombine([(first, None, False), (lower, None, False)]))

    def keypress(self, size: Any, key: str) -> str | None:
        """Pass a key to the one that has the focus; Tab changes it."""
        if key in ("tab", "shift tab"):
            self.turn()
            return None
        box = cast(Any, self.boxes[self.focused])
        inner = size if size[1] < _LOWEST else self._sizes(size)[self.focused]
        return cast("str | None", box.keypress(inner, key))

    def turn(self) -> None:
        """Give the focus to the other one."""
        self.focused = 1 - self.focused
        self.turned()
        self._invalidate()
