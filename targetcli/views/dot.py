# SPDX-License-Identifier: Apache-2.0
"""The graph from initiators to disks in the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext.config.printable import printable
from rtslib_ext.graph import model
from rtslib_ext.graph.fold import Folded, Group

from .map import Size, about

_SHAPES = {
    model.INITIATOR: "box3d",
    model.SESSION: "cds",
    model.LUN: "component",
    model.STORAGE_OBJECT: "folder",
    "disk": "cylinder",
    "file": "note",
    "missing": "octagon",
}


def lines(folded: Folded, size: Size) -> Iterator[str]:
    """Yield a directed graph, drawn from left to right."""
    yield "digraph target {"
    yield "  rankdir=LR;"
    yield '  node [shape=box, fontname="sans-serif", fontsize=10];'
    yield '  edge [fontname="sans-serif", fontsize=9];'
    numbers = {group: f"n{number}" for number, group in enumerate(folded.groups)}
    for group in folded.groups.values():
        label = "\n".join(filter(None, (title(group), subtitle(group, size))))
        shape = _SHAPES.get(group.kind, "box")
        double = ", peripheries=2" if len(group.members) > 1 else ""
        yield f"  {numbers[group.id]} [label={_quoted(label)}, shape={shape}{double}];"
    for (user, used), relation in folded.edges.items():
        words = [f"label={_quoted(relation)}"] if relation else []
        words += ["style=dashed"] if is_idle(folded, user, used) else []
        more = f" [{', '.join(words)}]" if words else ""
        yield f"  {numbers[user]} -> {numbers[used]}{more};"
    yield "}"


def title(group: Group) -> str:
    """Return the first line of a box: the name, with the target of a LUN."""
    if group.kind == model.INITIATOR:
        return group.named() + (f" ({group.tags()})" if group.tags() else "")
    if group.kind == model.SESSION:
        return "session" if len(group.members) == 1 else f"{len(group.members)} sessions"
    return group.named()


def subtitle(group: Group, size: Size) -> str:
    """Return the second line of a box: what it is, or the target of a LUN."""
    if group.kind in (model.LUN, model.ALL_LUNS):
        return group.first.fact("tpg").partition("/")[2].partition("/")[2]
    if group.kind == model.STORAGE_OBJECT:
        # The WWID is too long for a box.
        return about(group, size).partition(", ")[0]
    return about(group, size)


def is_idle(folded: Folded, user: str, used: str) -> bool:
    """Return True for the edge of an initiator that is not logged in."""
    kinds = (folded.groups[user].kind, folded.groups[used].kind)
    return kinds == (model.INITIATOR, model.MAPPED_LUN)


def _quoted(text: str) -> str:
    parts = (printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + "\\n".join(parts) + '"'
