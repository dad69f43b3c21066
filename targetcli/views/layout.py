# SPDX-License-Identifier: Apache-2.0
"""Place the boxes of a folded graph in columns, from the initiators on the left to the disks.

The usual steps for drawings in layers (Sugiyama, Tagawa, Toda 1981): a column for each box, a
point in each column that an edge passes, an order with few crossings, then the heights.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.graph import model
from rtslib_ext.graph.fold import Folded, natural

_SWEEPS = 6
_BETWEEN = 14.0
_COLUMNS = {kind: number for number, kind in enumerate(model.KINDS)}
# All LUNs are in the column of mapped LUNs.
_COLUMNS |= {model.ALL_LUNS: 2, model.LUN: 3, model.STORAGE_OBJECT: 4}
_FIRST_DEVICES = 5


@dataclass(slots=True)
class Place:
    """A box, or a point that an edge passes (``group`` is ""); ``y`` is its middle."""

    key: str
    group: str
    column: int
    height: float
    y: float = 0.0
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Layout:
    """Places by key, the columns of keys from top to bottom, and the points that edges pass."""

    places: dict[str, Place]
    columns: list[list[str]]
    paths: dict[tuple[str, str], list[str]]
    height: float = 0.0


def layout(folded: Folded, heights: Mapping[str, float]) -> Layout:
    """Return where each group is to be drawn; ``heights`` of the boxes by group."""
    columns = _columns(folded)
    places = {one: Place(one, one, columns[one], heights[one]) for one in folded.groups}
    paths = {edge: _path(places, edge, columns) for edge in folded.edges}
    for path in paths.values():
        for one, other in zip(path, path[1:], strict=False):
            places[one].after.append(other)
            places[other].before.append(one)
    found = Layout(places, _ordered(places, folded), paths)
    _set_heights(found)
    return found


def _columns(folded: Folded) -> dict[str, int]:
    """Return the column of each group: that of its kind; devices are right of what uses them."""
    found: dict[str, int] = {}
    users = defaultdict(list)
    for user, used in folded.edges:
        users[used].append(user)

    def column(group: str, depth: int = 0) -> int:
        kind = folded.groups[group].kind
        if kind in _COLUMNS:
            return _COLUMNS[kind]
        if group not in found and depth < len(folded.groups):
            found[group] = _FIRST_DEVICES
            found[group] = 1 + max(
                (column(user, depth + 1) for user in users[group]), default=_COLUMNS[model.LUN]
            )
        return found.get(group, _FIRST_DEVICES)

    return {group: column(group) for group in folded.groups}


def _path(places: dict[str, Place], edge: tuple[str, str], columns: Mapping[str, int]) -> list[str]:
    """Return the keys from the user to the used, with a point in each column between them."""
    user, used = edge
    path = [user]
    for column in range(columns[user] + 1, columns[used]):
        key = f"{user}\n{used}\n{column}"
        places[key] = Place(key, "", column, 0.0)
        path.append(key)
    return [*path, used]


def _ordered(places: Mapping[str, Place], folded: Folded) -> list[list[str]]:
    """Return the keys of each column from top to bottom, with few crossings of edges."""
    columns: list[list[str]] = [[] for _ in range(1 + max(p.column for p in places.values()))]
    names = {
        one: natural(group.first.path or group.first.name) for one, group in folded.groups.items()
    }
    # Objects that belong together begin together.
    for key in sorted(places, key=lambda key: names.get(key) or names[key.split("\n")[0]]):
        columns[places[key].column].append(key)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else columns[::-1]:
            ranks = {key: number for other in columns for number, key in enumerate(other)}
            sizes = {key: max(1, len(other) - 1) for other in columns for key in other}
            centers = {}
            for key in column:
                beside = places[key].before if forward else places[key].after
                found = [ranks[other] / sizes[other] for other in beside]
                own = ranks[key] / sizes[key]
                centers[key] = sum(found) / len(found) if found else own
            column.sort(key=centers.__getitem__)
    return columns


def _set_heights(found: Layout) -> None:
    """Put each place as near to the middle of its neighbours as its order in the column allows."""
    for column in found.columns:
        y = 0.0
        for key in column:
            place = found.places[key]
            place.y = y + place.height / 2
            y += place.height + _BETWEEN
    for sweep in range(_SWEEPS):
        for column in found.columns if sweep % 2 else found.columns[::-1]:
            _settle([found.places[key] for key in column], found.places)
    top = min(place.y - place.height / 2 for place in found.places.values())
    for place in found.places.values():
        place.y -= top
    found.height = max(place.y + place.height / 2 for place in found.places.values())


def _settle(column: Sequence[Place], places: Mapping[str, Place]) -> None:
    """Move the places of a column to their neighbours' middle, then apart in their order.

    Places that push each other become a block, whose middle is the mean of their wishes (the pool
    adjacent violators algorithm).
    """
    blocks: list[tuple[float, list[Place]]] = []
    offset = 0.0
    for place in column:
        offset += place.height / 2
        wanted = _middle(places[key].y for key in (*place.before, *place.after))
        start = (place.y if wanted is None else wanted) - offset
        offset += place.height / 2 + _BETWEEN
        blocks.append((start, [place]))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, some), (other, more) = blocks[-2:]
            both = some + more
            blocks[-2:] = [((one * len(some) + other * len(more)) / len(both), both)]
    offset = 0.0
    for start, block in blocks:
        for place in block:
            place.y = start + offset + place.height / 2
            offset += place.height + _BETWEEN


def _middle(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None
