# SPDX-License-Identifier: Apache-2.0
"""The path from initiators to disks as a graph; edges lead from the user of something to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from ..fast_dataclasses import dataclass, field

INITIATOR, SESSION, MAPPED_LUN, ALL_LUNS = "initiator", "session", "mapped LUN", "all LUNs"
LUN, STORAGE_OBJECT = "LUN", "storage object"
# From the top. Below a storage object are the kinds of host.device_stack.
KINDS = (INITIATOR, SESSION, MAPPED_LUN, ALL_LUNS, LUN, STORAGE_OBJECT)

Fact = str | int | bool | list[str]


@dataclass(frozen=True, slots=True)
class Vertex:
    """One object; ``id`` is unique in the graph.

    ``path`` is its shell path; "" outside of the shell's tree, as for an initiator or a disk.
    ``name`` is how an admin names it. ``facts`` are its properties: sizes in bytes; ``tpg`` is the
    shell path of the TPG that it is part of.
    """

    id: str
    kind: str
    name: str
    path: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def fact(self, name: str) -> str:
        """Return a fact as text; "" without it."""
        value = self.facts.get(name, "")
        return ", ".join(value) if isinstance(value, list) else str(value)


@dataclass(frozen=True, slots=True)
class Portal:
    """An address on which a TPG listens: ``path`` is its own shell path, ``tpg`` that of the TPG.

    ``address`` is without brackets.
    """

    path: str
    tpg: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Tpg:
    """A TPG by its shell ``path``: whether it is enabled, requires CHAP, and is in demo mode.

    None: its fabric does not know this.
    """

    path: str
    enabled: bool | None
    authentication: bool | None
    demo_mode: bool | None


class Graph:
    """Vertices by id, the edges between them, the TPGs and their portals."""

    def __init__(self) -> None:
        self.vertices: dict[str, Vertex] = {}
        self.tpgs: list[Tpg] = []
        self.portals: list[Portal] = []
        self._down: dict[str, dict[str, None]] = {}
        self._up: dict[str, dict[str, None]] = {}

    def add(self, vertex: Vertex) -> str:
        """Add a vertex, unless its id is known; return its id."""
        self.vertices.setdefault(vertex.id, vertex)
        return vertex.id

    def connect(self, user: str, used: str) -> None:
        """Add an edge between the ids of two vertices, from the initiator's side."""
        self._down.setdefault(user, {})[used] = None
        self._up.setdefault(used, {})[user] = None

    def below(self, vertex: str) -> list[str]:
        """Return the ids of what a vertex uses."""
        return list(self._down.get(vertex, ()))

    def above(self, vertex: str) -> list[str]:
        """Return the ids of what uses a vertex."""
        return list(self._up.get(vertex, ()))

    def edges(self) -> Iterator[tuple[str, str]]:
        """Yield (user, used) of each edge."""
        for user, used in self._down.items():
            for one in used:
                yield user, one

    def of_kind(self, *kinds: str) -> list[Vertex]:
        """Return the vertices of some kinds."""
        return [vertex for vertex in self.vertices.values() if vertex.kind in kinds]

    def reached(self, start: Iterable[str], *, up: bool) -> set[str]:
        """Return the ids of all that is above some vertices, or below them; themselves too."""
        found: set[str] = set()
        left, steps = list(start), self._up if up else self._down
        while left:
            vertex = left.pop()
            if vertex not in found:
                found.add(vertex)
                left += steps.get(vertex, ())
        return found

    def through(self, vertices: Iterable[str]) -> Graph:
        """Return the part that is above or below some vertices, these included."""
        start = list(vertices)
        return self.part(self.reached(start, up=True) | self.reached(start, up=False))

    def part(self, kept: Set[str]) -> Graph:
        """Return the vertices with some ids, and the edges and portals between and of them."""
        found = Graph()
        found.vertices = {one: item for one, item in self.vertices.items() if one in kept}
        for user, used in self.edges():
            if user in kept and used in kept:
                found.connect(user, used)
        tpgs = {vertex.fact("tpg") for vertex in found.vertices.values()}
        found.tpgs = [tpg for tpg in self.tpgs if tpg.path in tpgs]
        found.portals = [portal for portal in self.portals if portal.tpg in tpgs]
        return found
