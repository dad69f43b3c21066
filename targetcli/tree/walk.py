# SPDX-License-Identifier: Apache-2.0
"""Shell path -> node."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from operator import methodcaller
from typing import TYPE_CHECKING

from rtslib_ext.errors import NotFound

from ..env import Env
from ..views.tree import Branch
from . import Node, Root, Tree

if TYPE_CHECKING:
    from ..settings import Group

_WILD = re.compile(r"[*?]")


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


def find(start: Node, path: str) -> Node | None:
    """The node at a path, if there is one."""
    try:
        return resolve(start, path)
    except NotFound:
        return None


def is_pattern(start: Node, path: str) -> bool:
    """Tell a path that may stand for several nodes: for every child, or for those that match."""
    names = _names(path)
    return "*" in names or (any(map(_WILD.search, names)) and find(start, path) is None)


def expand(start: Node, path: str) -> list[Node]:
    """The nodes at a path in which ``*`` and ``?`` stand for characters of a name.

    Raises NotFound, also where nothing matches but for an element that is ``*`` alone: that is
    every child, be there none.
    """
    found = list(_walk(_origin(start, path), _names(path), in_order))
    if not found and any(_WILD.search(name) for name in _names(path) if name != "*"):
        raise NotFound(f"nothing matches {path}")
    return found


def first(start: Node, path: str) -> Node:
    """One of those; raises NotFound."""
    for node in _walk(_origin(start, path), _names(path), methodcaller("children")):
        return node
    raise NotFound(f"nothing matches {path}")


def _origin(start: Node, path: str) -> Node:
    return resolve(start, "/") if path.startswith("/") else start


def _walk(
    node: Node, names: Sequence[str], children: Callable[[Node], Iterable[Node]]
) -> Iterator[Node]:
    if not names:
        yield node
        return
    name, rest = names[0], names[1:]
    if name == "*" or (_WILD.search(name) and find(node, name) is None):
        # A bracket is one: [::0]:3260.
        pattern = name.replace("[", "[[]")
        for child in children(node):
            if fnmatchcase(child.name, pattern):
                yield from _walk(child, rest, children)
    else:
        yield from _walk(resolve(node, name), rest, children)


def in_order(node: Node) -> list[Node]:
    """The children as they are listed: by name, numbers by value."""
    from ..views.tree import sorting_key

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


def groups_of(node: Node) -> dict[str, Group]:
    """Return the groups of settings of a node by name, ``global`` first."""
    # Imported here: commands that only look need no settings.
    from ..settings import Preferences

    groups = (Preferences(node.tree.env, node.path), *node.groups())
    return {group.name: group for group in groups}


def _names(path: str) -> list[str]:
    # An IPv6 portal has no slash in it, so neither has any name.
    return [name for name in re.split("/+", path) if name]


def _bookmark(start: Node, path: str) -> str:
    name, slash, rest = path[1:].partition("/")
    marks = start.tree.env.prefs.bookmarks
    if name.strip() not in marks:
        raise NotFound(f"No such bookmark {name}")
    return marks[name.strip()] + slash + rest
