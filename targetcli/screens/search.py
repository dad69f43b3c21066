# SPDX-License-Identifier: Apache-2.0
"""The page that searches the nodes of the tree while words are typed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, cast

import urwid

from rtslib_ext.errors import LioError

from ..views.tree import sorting_key
from .columns import Markup, cut_left, pad
from .frame import Frame, Page
from .rows import Rows

# Seconds of reading before the next key is answered, and the most nodes that are listed.
_SLICE = 0.015
_MOST_FOUND = 1000


class SearchPage(Page):
    """The nodes with all words in their path, while they are typed and while the tree is read."""

    title = "Search the tree"
    keys = "type words of the path  up,down choose  enter go there  esc back"

    def __init__(
        self, frame: Frame, every_path: Iterator[str], chosen: Callable[[str], object]
    ) -> None:
        self.frame = frame
        self._chosen = chosen
        self._left: Iterator[str] | None = every_path
        self._paths: list[str] = []
        self._found: list[str] = []
        self._count = urwid.Text("", wrap="clip")
        self._edit = urwid.Edit("Search: ")
        self._rows = Rows(lambda: len(self._found), self._line, empty=" no node has these words")
        urwid.connect_signal(self._edit, "postchange", lambda *_: self._filter())
        super().__init__(_Typing(self._edit, self._rows, self._count))
        self._later()

    def _line(self, index: int, width: int) -> Markup:
        return [(None, pad(cut_left(self._found[index], width), width))]

    def _read(self) -> None:
        """Read the next part of the tree, so that keys are answered in between."""
        if self._left is None:
            return
        deadline = time.monotonic() + _SLICE
        try:
            while time.monotonic() < deadline:
                self._paths.append(next(self._left))
        except (StopIteration, LioError):
            self._left = None
        self._filter()
        self._later()

    def _later(self) -> None:
        """Continue when keys were answered."""
        if self._left is not None:
            self.frame.soon(self._read)

    def _filter(self) -> None:
        wanted = self._edit.edit_text.lower().split()
        found = (path for path in self._paths if all(word in path.lower() for word in wanted))
        self._found = sorted(islice(found, _MOST_FOUND), key=sorting_key)
        more = " so far" if self._left is not None else ""
        self._count.set_text(f" {len(self._found)} of {len(self._paths)} nodes{more}")
        self._rows._invalidate()

    def key(self, key: str) -> bool:
        """Go to the chosen node with Enter."""
        if key != "enter":
            # Letters are typed, esc closes.
            return key != "esc"
        if self._found:
            path = self._found[self._rows.at]
            self.frame.close()
            self._chosen(path)
        return True

    def closed(self) -> None:
        """Stop reading."""
        self._left = None


class _Typing(urwid.Frame):  # type: ignore[misc, unused-ignore]
    """A line to type in above a list; keys that move go to the list."""

    def __init__(self, edit: urwid.Edit, rows: Rows, count: urwid.Text) -> None:
        super().__init__(rows, header=urwid.Pile([edit, count]), focus_part="header")

    def keypress(self, size: Any, key: str) -> str | None:
        """Move in the list, or type."""
        if key in ("up", "down", "page up", "page down"):
            width, height = size
            return cast("str | None", cast(Any, self.body).keypress((width, height - 2), key))
        return super().keypress(size, key)
