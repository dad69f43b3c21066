# SPDX-License-Identifier: Apache-2.0
"""The tree that ls shows: branches as lines of text, produced one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rtslib_ext.config.printable import printable
from rtslib_ext.fast_dataclasses import dataclass

from . import MAX_WIDTH, RESET, paint

_NUMBER = r"\d+\Z"
_HEALTH = {True: "OK", False: "ERROR", None: "..."}
_LEVELS = (None, "blue", "magenta")  # the colours alternate from level to level


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the tree; ``children`` is iterated once, and only if it is shown."""

    name: str
    text: str = ""
    healthy: bool | None = None
    children: Iterable[Branch] = ()


@dataclass(frozen=True, slots=True)
class _Look:
    width: int
    colors: bool
    default: str | None
    node: str
    status: bool

    def paint(self, text: str, color: str | None = None, *styles: str) -> str:
        return paint(text, color, styles, colors=self.colors, default=self.default)


def render(
    branch: Branch,
    *,
    width: int = MAX_WIDTH,
    colors: bool = False,
    color_default: str | None = None,
    round_nodes: bool = True,
    status: bool = True,
    show_root: bool = True,
    depth: int | None = None,
    level: int = 0,
) -> Iterator[str]:
    """Yield the tree in lines, byte for byte as configshell does.

    ``depth`` limits the levels below the first (None: all); ``level`` is the depth of the branch
    in the whole tree (the root is 0), which determines the colours.
    """
    look = _Look(width, colors, color_default, "o- " if round_nodes else "+- ", status)
    lines = _lines(branch, look, show_root, depth, level)
    if not colors:
        yield from lines
        return
    # configshell paints the finished text once more: a colour before it, a reset after it.
    held = paint("", colors=True, default=color_default).removesuffix(RESET) + next(lines, "")
    for line in lines:
        yield held
        held = line
    yield held + RESET


def sorting_key(name: str) -> tuple[str, int]:
    """Return a key that sorts a number at the end of a name by value: lun2 before lun10."""
    found = re.search(_NUMBER, name)
    return (name[: found.start()], int(found[0])) if found else (name, 0)


def _lines(
    top: Branch, look: _Look, show_root: bool, depth: int | None, level: int
) -> Iterator[str]:
    below = "  " if show_root else ""
    if show_root:
        yield _line(top, "", level, look, top=True)
    elif depth is not None:
        depth = max(depth, 0) + 1  # a hidden root takes no level
    # One iterator per open level, with the margin of its lines; no recursion, no full list.
    open_levels = [(_sorted(top), below)] if depth is None or depth > 0 else []
    while open_levels:
        siblings, margin = open_levels[-1]
        found = next(siblings, None)
        if found is None:
            open_levels.pop()
            continue
        child, is_last = found
        here = len(open_levels)
        yield _line(child, margin, level + here, look)
        if depth is None or here < depth:
            pipe = "  " if is_last or (here == 1 and not show_root) else "| "
            open_levels.append((_sorted(child), margin + pipe))


def _sorted(branch: Branch) -> Iterator[tuple[Branch, bool]]:
    """Yield the children in order, with a flag for the last one."""
    children = sorted(branch.children, key=lambda child: sorting_key(child.name))
    return ((child, number == len(children)) for number, child in enumerate(children, 1))


def _line(branch: Branch, margin: str, level: int, look: _Look, *, top: bool = False) -> str:
    color = _LEVELS[level % 3]
    start, label = margin + look.node, printable(branch.name)
    name = look.paint(label, color, "bold", *(("underline",) if top else ()))
    if not look.status:
        return start + name
    text = printable(branch.text) or _HEALTH[branch.healthy]
    dots = "." * (look.width - 1 - len(text) - 3 - len(start) - len(label))
    if branch.healthy is True:
        shown = look.paint(text, "green")
    elif branch.healthy is False:
        shown = look.paint(text, "red", "bold")
    else:
        shown = text
    opening, closing = look.paint(" [", None, "bold"), look.paint("]", None, "bold")
    return f"{start}{name} {look.paint(dots, color)}{opening}{shown}{closing}"
