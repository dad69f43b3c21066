# SPDX-License-Identifier: Apache-2.0
"""Fold equal vertices of a graph into groups, so that 200 LUNs are read as easily as two.

Vertices are equal if they are of one kind and TPG, in the same state, and if their neighbours
above and below are equal again. TPGs are never taken for each other, nor are disks and file systems
unless there are many.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Set

from ..fast_dataclasses import dataclass, field
from . import model
from .model import Graph, Vertex

# A group of fewer members is shown member by member.
SMALLEST = 4
# Of these kinds, so many are never taken for each other: which disk it is matters.
MOST = 24
_ALONE = ("disk", "file system", "RAID", "multipath device", "ZFS pool", model.ALL_LUNS)
# Facts in which equal vertices agree.
_STATE = ("tpg", "state", "dynamic", "write_protect", "demo_mode", "exports", "plugin", "type")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Group:
    """Vertices that are shown as one; most groups have one member. ``id`` is the first one's."""

    id: str
    kind: str
    members: tuple[Vertex, ...]

    @property
    def first(self) -> Vertex:
        """Return the first member."""
        return self.members[0]

    def named(self) -> str:
        """Return the name, or the first and last of several."""
        return between([vertex.name for vertex in self.members])

    def path(self) -> str:
        """Return the shell path, or those of the first and last; "" without one."""
        found = [vertex.path for vertex in self.members if vertex.path]
        folders = {path.rpartition("/")[0] for path in found}
        if len(folders) == 1:
            return f"{folders.pop()}/{between(path.rpartition('/')[2] for path in found)}"
        return between(found) if found else ""

    def tags(self) -> str:
        """Return the tags that all members have in common."""
        found = {vertex.fact("tags") for vertex in self.members}
        return found.pop() if len(found) == 1 else ""


@dataclass(slots=True)
class Folded:
    """The groups by id, and the edges between them with their relation.

    A relation is "" for an edge between two single vertices, "all" if each is connected with each,
    "1:1" if each has one of its own, "1:n" if each of the used has one user, "n:1" if each user
    has one, else "some".
    """

    groups: dict[str, Group] = field(default_factory=dict)
    edges: dict[tuple[str, str], str] = field(default_factory=dict)
    _down: dict[str, list[Group]] = field(default_factory=dict)
    _up: dict[str, list[Group]] = field(default_factory=dict)

    def connect(self, user: str, used: str, relation: str) -> None:
        """Add an edge."""
        self.edges[user, used] = relation
        self._down.setdefault(user, []).append(self.groups[used])
        self._up.setdefault(used, []).append(self.groups[user])

    def below(self, group: str) -> list[Group]:
        """Return the groups that a group uses."""
        return self._down.get(group, [])

    def above(self, group: str) -> list[Group]:
        """Return the groups that use a group."""
        return self._up.get(group, [])


def fold(graph: Graph, smallest: int = SMALLEST) -> Folded:
    """Return a graph with equal vertices in groups of at least ``smallest`` members."""
    colors = _colors(graph, smallest)
    members: dict[Hashable, list[Vertex]] = defaultdict(list)
    for vertex in graph.vertices.values():
        members[colors[vertex.id]].append(vertex)
    found, of = Folded(), dict[str, str]()
    for same in members.values():
        for part in [same] if len(same) >= smallest else [[vertex] for vertex in same]:
            part.sort(key=lambda vertex: natural(vertex.name))
            found.groups[part[0].id] = Group(part[0].id, part[0].kind, tuple(part))
            of.update((vertex.id, part[0].id) for vertex in part)
    for (user, used), relation in _edges(graph, found.groups, of).items():
        found.connect(user, used, relation)
    return found


def _colors(graph: Graph, smallest: int) -> Mapping[str, int]:
    """Return a number for each vertex, equal for equal vertices, by colour refinement.

    This is the one-dimensional Weisfeiler-Leman algorithm.
    Members of a group that is too small get different ones, and then all that is connected with
    only one of them.
    """
    numbers = Counter(vertex.kind for vertex in graph.vertices.values())
    alone = {kind for kind in _ALONE if numbers[kind] <= MOST}
    keys = {vertex.id: _properties(vertex, alone) for vertex in graph.vertices.values()}
    while True:
        colors = _refined(graph, _numbers(keys))
        sizes = Counter(colors.values())
        small = [one for one, color in colors.items() if 1 < sizes[color] < smallest]
        if not small:
            return colors
        keys = {**colors, **{one: (colors[one], one) for one in small}}


def _refined(graph: Graph, colors: dict[str, int]) -> dict[str, int]:
    """Give vertices with different neighbours different colours, until nothing changes."""
    while True:
        finer = _numbers(
            {
                one: (
                    colors[one],
                    frozenset(colors[other] for other in graph.above(one)),
                    frozenset(colors[other] for other in graph.below(one)),
                )
                for one in graph.vertices
            }
        )
        if len(set(finer.values())) == len(set(colors.values())):
            return colors
        colors = finer


def _numbers(keys: Mapping[str, Hashable]) -> dict[str, int]:
    numbers: dict[Hashable, int] = {}
    return {one: numbers.setdefault(key, len(numbers)) for one, key in keys.items()}


def _properties(vertex: Vertex, alone: Set[str]) -> Hashable:
    facts = tuple(vertex.fact(name) for name in _STATE)
    return vertex.kind, facts, vertex.id if vertex.kind in alone else ""


def _edges(
    graph: Graph, groups: Mapping[str, Group], of: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for user, used in graph.edges():
        counts[of[user], of[used]] += 1
    return {
        edge: _relation(len(groups[edge[0]].members), len(groups[edge[1]].members), count)
        for edge, count in counts.items()
    }


def _relation(users: int, used: int, count: int) -> str:
    if users == used == 1:
        return ""
    if count == users * used:
        return "all"
    if count == users == used:
        return "1:1"
    return "1:n" if count == used else "n:1" if count == users else "some"


def natural(text: str) -> tuple[tuple[str, int], ...]:
    """Return a key that sorts numbers in a name by value: lun2 before lun10."""
    numbers = [*map(int, _NUMBER.findall(text)), 0]
    return tuple(zip(_NUMBER.split(text), numbers, strict=True))


def between(names: Iterable[str]) -> str:
    """Return a name; of several, the first, the last and their number."""
    found = list(names)
    if len(found) < 2 or found[0] == found[-1]:
        return found[0] + (f" ({len(found)})" if len(found) > 1 else "")
    return f"{found[0]} ... {found[-1]} ({len(found)})"
