# SPDX-License-Identifier: Apache-2.0
"""The tree of the shell as a list of rows: nodes are made when the one above them is opened."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import LioError

from ..env import Env
from ..tree import Node, Summary, walk


class TreeRow:
    """One node in the list; its summary is read when it is shown."""

    __slots__ = ("_summary", "depth", "is_open", "node")

    def __init__(self, node: Node, depth: int) -> None:
        self.node = node
        self.depth = depth
        self.is_open = False
        self._summary: Summary | None = None

    @property
    def is_leaf(self) -> bool:
        """Return True if this kind of node has no children."""
        return type(self.node).children is Node.children

    @property
    def mark(self) -> str:
        """Return ``-`` for an open node, ``+`` for a closed one, a blank for a leaf."""
        return " " if self.is_leaf else "-" if self.is_open else "+"

    @property
    def summary(self) -> Summary:
        """Return the summary that ``ls`` shows."""
        if self._summary is None:
            try:
                self._summary = self.node.summary()
            except LioError as err:
                self._summary = Summary(str(err), False)
        return self._summary

    @property
    def is_read(self) -> bool:
        """Return True if the summary was read."""
        return self._summary is not None

    def text(self, *, summarized: bool = True) -> str:
        """Return the row: a ``!`` marks a node that needs attention."""
        name = printable(self.node.name)
        summary = self.summary if summarized else Summary("")
        dots = f"  {printable(summary.text)}" if summary.text else ""
        bad = "! " if summary.healthy is False else ""
        return f"{'  ' * self.depth}{self.mark} {bad}{name}{dots}"


class TreeList:
    """The rows of all open nodes."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.rows: list[TreeRow] = []
        self.reload()

    def reload(self) -> None:
        """Read the tree again; nodes that were open stay open, as far as they exist."""
        is_open = {row.node.path for row in self.rows if row.is_open}
        self.rows = [TreeRow(walk.root(self.env), 0)]
        if not is_open:
            self.open(0)
        at = 0
        while at < len(self.rows):
            if self.rows[at].node.path in is_open:
                self.open(at)
            at += 1

    def open(self, at: int) -> int:
        """Show the children of a row; return their number."""
        row = self.rows[at]
        if row.is_open or row.is_leaf:
            return 0
        row.is_open = True
        found = [TreeRow(child, row.depth + 1) for child in walk.in_order(row.node)]
        self.rows[at + 1 : at + 1] = found
        return len(found)

    def close(self, at: int) -> None:
        """Hide everything below a row."""
        row = self.rows[at]
        end = at + 1
        while end < len(self.rows) and self.rows[end].depth > row.depth:
            end += 1
        del self.rows[at + 1 : end]
        row.is_open = False

    def above(self, at: int) -> int:
        """Return the row of the node above one; the root's own."""
        depth = self.rows[at].depth
        while at and self.rows[at].depth >= depth:
            at -= 1
        return at

    def reveal(self, path: str) -> int:
        """Open all nodes above a path, and return its row: the nearest one that exists."""
        node = walk.nearest(self.rows[0].node, path)
        found = 0
        for name in [name for name in node.path.split("/") if name]:
            self.open(found)
            wanted = f"{self.rows[found].node.path.rstrip('/')}/{name}"
            depth, at = self.rows[found].depth + 1, found + 1
            while at < len(self.rows) and self.rows[at].depth >= depth:
                if self.rows[at].depth == depth and self.rows[at].node.path == wanted:
                    break
                at += 1
            else:
                return found
            found = at
        return found

    def every_path(self) -> Iterator[str]:
        """Yield the path of every node, from the top; for a search."""
        yield from _paths(walk.root(self.env))


def _paths(node: Node) -> Iterator[str]:
    yield node.path
    # In any order: to sort the children, all would have to be read first.
    for child in node.children():
        yield from _paths(child)
