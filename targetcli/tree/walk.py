# SPDX-License-Identifier: Apache-2.0
"""Resolve shell paths to nodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from operator import methodcaller
from typing import TYPE_CHECKING

from rtslib_ext.errors import NotFound
from rtslib_ext.kernel.configfs import ConfigfsPath

from ..env import Env
from ..views.tree import Branch
from . import Node, Root, Tree

if TYPE_CHECKING:
    from ..settings import Group

BOOKMARKS_HINT = "bookmarks show lists them"
_WILD = re.compile(r"[*?]")


def root(env: Env) -> Root:
    """Return the root of a new tree, which reads nothing twice."""
    return Root(Tree(env), "/")


def require_readable(env: Env) -> None:
    """Raise LioError if this host has no configuration that could be read."""
    if not env.fs.is_dir(ConfigfsPath("")):
        # Imported here: a host that has one does not need it.
        from rtslib_ext.kernel import setup

        setup.require_readable(env.fs)


def resolve(start: Node, path: str) -> Node:
    """Return the node at a path: absolute, relative to ``start``, or a bookmark (``@NAME``).

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


def nearest(start: Node, path: str) -> Node:
    """Return the node at a path, or the closest node above it that exists."""
    node = resolve(start, "/") if path.startswith("/") else start
    for name in _names(path):
        child = node.find(name)
        if child is None:
            break
        node = child
    return node


def find(start: Node, path: str) -> Node | None:
    """Return the node at a path, or None."""
    try:
        return resolve(start, path)
    except NotFound:
        return None


def is_pattern(start: Node, path: str) -> bool:
    """Return True if a path has wildcards, and may match several nodes."""
    names = _names(path)
    return "*" in names or (any(map(_WILD.search, names)) and find(start, path) is None)


def expand(start: Node, path: str) -> list[Node]:
    """Return the nodes that match a path with the wildcards ``*`` and ``?``.

    Raises NotFound if nothing matches, unless every pattern is ``*`` alone, which matches all
    children of a node without any.
    """
    found = list(_walk(_origin(start, path), _names(path), in_order))
    if not found and any(_WILD.search(name) for name in _names(path) if name != "*"):
        raise NotFound(f"nothing matches {path}")
    return found


def first(start: Node, path: str) -> Node:
    """Return the first node that matches a path; raises NotFound."""
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
        # A bracket is literal, as in [::0]:3260.
        pattern = name.replace("[", "[[]")
        for child in children(node):
            if fnmatchcase(child.name, pattern):
                yield from _walk(child, rest, children)
    else:
        yield from _walk(resolve(node, name), rest, children)


def in_order(node: Node) -> list[Node]:
    """Return the children in display order: by name, numbers by value."""
    from ..views.tree import sorting_key

    return sorted(node.children(), key=lambda child: sorting_key(child.name))


def size(node: Node, depth: int | None = None) -> int:
    """Count a node and its descendants, down to ``depth`` levels (None: all)."""
    below = None if depth is None else depth - 1
    return 1 + (0 if depth == 0 else sum(size(child, below) for child in node.children()))


def branch(node: Node, count: Callable[[], object]) -> Branch:
    """Return a node for ``ls``; its children are created lazily, and counted."""
    count()
    summary = node.summary()
    return Branch(node.name, summary.text, summary.healthy, _Children(node, count))


def values(
    node: Node, depth: int | None = None, count: Callable[[], object] = lambda: None
) -> dict[str, object]:
    """Return a node as plain values, down to ``depth`` levels (None: all), each counted.

    ``children`` is None below the last level.
    """
    count()
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
        else [values(child, below, count) for child in in_order(node)],
    }


class _Children:
    """The children of a node as branches, created again for each iteration."""

    def __init__(self, node: Node, count: Callable[[], object]) -> None:
        self.node = node
        self.count = count

    def __iter__(self) -> Iterator[Branch]:
        return (branch(child, self.count) for child in self.node.children())


def groups_of(node: Node) -> dict[str, Group]:
    """Return the groups of settings of a node by name, ``global`` first."""
    # Imported here: most commands need no settings.
    from ..settings import Preferences

    groups = (Preferences(node.tree.env, node.path), *node.groups())
    return {group.name: group for group in groups}


def _names(path: str) -> list[str]:
    # No name contains a slash, not even that of an IPv6 portal.
    return [name for name in re.split("/+", path) if name]


def _bookmark(start: Node, path: str) -> str:
    name, slash, rest = path[1:].partition("/")
    marks = start.tree.env.prefs.bookmarks
    if name.strip() not in marks:
        raise NotFound(f"No such bookmark {name}", hint=BOOKMARKS_HINT)
    return marks[name.strip()] + slash + rest
