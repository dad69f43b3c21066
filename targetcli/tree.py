# SPDX-License-Identifier: Apache-2.0
"""Shell path -> node."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rtslib_ext.errors import NotFound

from .env import Env
from .nodes import Node, Root, Tree
from .views.tree import Branch


def root(env: Env) -> Root:
    """The tree as it is now; one command reads nothing twice."""
    return Root(Tree(env), "/")


def resolve(start: Node, path: str) -> Node:
    """The node at a path that is absolute, relative to ``start``, or a bookmark.

    Raises NotFound.
    """
    if path.startswith("@"):
        path = _bookmark(start, path)
    if path.startswith("/"):
        while start.parent is not None:
            start = start.parent
    node = start
    for name in _names(path):
        if name == "..":
            node = node.parent or node
        elif name != ".":
            node = node.child(name)
    return node


def expand(start: Node, path: str) -> list[Node]:
    """The nodes at a path in which ``*`` stands for every child."""
    nodes = [start]
    if path.startswith("/"):
        nodes = [resolve(start, "/")]
    for name in _names(path):
        if name == "*":
            nodes = [child for node in nodes for child in in_order(node)]
        else:
            nodes = [resolve(node, name) for node in nodes]
    return nodes


def in_order(node: Node) -> list[Node]:
    """The children as they are listed: by name, numbers by value."""
    from .views.tree import sorting_key

    return sorted(node.children(), key=lambda child: sorting_key(child.name))


def size(node: Node, depth: int | None = None) -> int:
    """How many nodes there are from one on, with so many levels below it (None: all)."""
    below = None if depth is None else depth - 1
    return 1 + (0 if depth == 0 else sum(size(child, below) for child in node.children()))


def branch(node: Node, tell: Callable[[], object]) -> Branch:
    """A node as ``ls`` shows it; its children are made when they are walked, and told of."""
    tell()
    summary = node.summary()
    return Branch(node.name, summary.text, summary.healthy, _Children(node, tell))


def values(
    node: Node, depth: int | None = None, tell: Callable[[], object] = lambda: None
) -> dict[str, object]:
    """A node as plain values, with so many levels below it (None: all), each of them told of.

    ``children`` is None where they were not looked at.
    """
    tell()
    summary = node.summary()
    below = None if depth is None else depth - 1
    return {
        "name": node.name,
        "path": node.path,
        "kind": node.kind,
        "summary": summary.text,
        "healthy": summary.healthy,
        "children": None
        if depth == 0
        else [values(child, below, tell) for child in in_order(node)],
    }


class _Children:
    """The children of a node as branches, made anew each time they are asked for."""

    def __init__(self, node: Node, tell: Callable[[], object]) -> None:
        self.node = node
        self.tell = tell

    def __iter__(self) -> Iterator[Branch]:
        return (branch(child, self.tell) for child in self.node.children())


def _names(path: str) -> list[str]:
    # An IPv6 portal has no slash in it, so neither has any name.
    return [name for name in re.split("/+", path) if name]


def _bookmark(start: Node, path: str) -> str:
    name, slash, rest = path[1:].partition("/")
    marks = start.tree.env.prefs.bookmarks
    if name.strip() not in marks:
        raise NotFound(f"No such bookmark {name}")
    return marks[name.strip()] + slash + rest
