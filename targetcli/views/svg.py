# SPDX-License-Identifier: Apache-2.0
"""The graph from initiators to disks as a drawing: SVG, with its own colours for light and dark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rtslib_ext.config.printable import printable
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.graph import model
from rtslib_ext.graph.fold import Folded, Group

from .dot import is_idle, subtitle, title
from .layout import Layout, layout
from .map import Size

_LINE, _PAD, _GAP, _MARGIN, _HEAD = 15, 7, 44, 12, 24
# The scale of a drawing on a page, whose text is larger.
_ON_PAGE = 0.8
# The width of a character of 12 px in most sans-serif fonts, on average.
_CHAR = 7.2
_LONGEST = 40
STYLE = Path(__file__).with_name("map.css")
_HEADINGS = ("initiators", "sessions", "mapped LUNs", "LUNs", "storage objects")


@dataclass(frozen=True, slots=True)
class _Box:
    name: str
    about: str
    width: float
    height: float


def lines(folded: Folded, size: Size, *, alone: bool = True) -> Iterator[str]:
    """Yield a drawing; with ``alone`` it brings its own style, else the page around it has one."""
    boxes = {one: _box(group, size) for one, group in folded.groups.items()}
    found = layout(folded, {one: box.height for one, box in boxes.items()}) if boxes else None
    left = _lefts(found, boxes) if found else [0.0]
    width = left[-1] - _GAP + 2 * _MARGIN if found else 200.0
    height = (found.height if found else 0) + _HEAD + 2 * _MARGIN
    scale = 1 if alone else _ON_PAGE
    yield (
        '<svg xmlns="http://www.w3.org/2000/svg" class="map" role="img" '
        'aria-labelledby="map-title" aria-describedby="map-about" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width * scale:.0f}" height="{height * scale:.0f}">'
    )
    yield '<title id="map-title">The paths from initiators to disks</title>'
    yield f'<desc id="map-about">{escaped(summary(folded))}</desc>'
    if alone:
        yield "<style>"
        yield from STYLE.read_text(encoding="utf-8").rstrip().split("\n")
        yield "</style>"
        yield '<rect class="paper" width="100%" height="100%"/>'
    if found:
        yield from _headings(found, left)
        yield from _edges(folded, found, boxes, left)
        yield from _boxes(folded, found, boxes, left)
    yield "</svg>"


def summary(folded: Folded) -> str:
    """Return the drawing in a sentence: the number of each kind of object."""
    counts: Counter[str] = Counter()
    for group in folded.groups.values():
        counts[group.kind] += len(group.members)
    order = [*model.KINDS, *sorted(set(counts) - set(model.KINDS))]
    named = [f"{counts[kind]} {_plural(kind, counts[kind])}" for kind in order if counts[kind]]
    return f"{', '.join(named)}." if named else "Nothing is configured."


def _plural(kind: str, number: int) -> str:
    names = {model.ALL_LUNS: "way in without an ACL", "missing": "missing device"}
    if kind == model.ALL_LUNS and number > 1:
        return "ways in without an ACL"
    return f"{names.get(kind, kind)}{'' if number == 1 or kind == 'memory' else 's'}"


def _box(group: Group, size: Size) -> _Box:
    name, text = _cut(printable(title(group))), _cut(printable(subtitle(group, size)))
    width = max(len(name), len(text) * 11 / 12) * _CHAR + 2 * _PAD
    return _Box(name, text, width, _LINE * (1 + bool(text)) + 2 * _PAD - 2)


def _cut(text: str) -> str:
    """Return a text of at most the width of a box; the middle is left out of a longer one."""
    if len(text) <= _LONGEST:
        return text
    start = _LONGEST // 3
    return f"{text[:start]}…{text[start + 1 - _LONGEST :]}"


def _lefts(found: Layout, boxes: dict[str, _Box]) -> list[float]:
    """Return the left edge of each column, and that of one more."""
    left = [float(_MARGIN)]
    for column in found.columns:
        widths = [boxes[key].width for key in column if key in boxes]
        left.append(left[-1] + (max(widths) + _GAP if widths else 0))
    return left


def _headings(found: Layout, left: list[float]) -> Iterator[str]:
    for number, column in enumerate(found.columns):
        if any(found.places[key].group for key in column):
            text = _HEADINGS[number] if number < len(_HEADINGS) else "stored on"
            if number > len(_HEADINGS):
                continue
            yield f'<text class="head" x="{left[number]:.0f}" y="{_MARGIN + 10}">{text}</text>'


def _edges(
    folded: Folded, found: Layout, boxes: dict[str, _Box], left: list[float]
) -> Iterator[str]:
    for edge, keys in found.paths.items():
        relation = folded.edges[edge]
        points = []
        for key in keys:
            place = found.places[key]
            x, y = left[place.column], place.y + _HEAD + _MARGIN
            # A point is as wide as its column, so that the line does not touch a box.
            right = boxes[key].width if key in boxes else left[place.column + 1] - x - _GAP
            points.append((x, x + max(right, 0), y))
        kinds = ["idle"] * is_idle(folded, *edge) + ["all"] * (relation == "all")
        name = f' class="{" ".join(kinds)}"' if kinds else ""
        yield f'<path{name} d="{_curve(points)}"/>'
        if relation:
            (_, right, y), (x, _, other) = points[0], points[1]
            where = f'x="{(right + x) / 2 - 8:.0f}" y="{(y + other) / 2 - 3:.0f}"'
            yield f'<text class="relation" {where}>{relation}</text>'


def _curve(points: list[tuple[float, float, float]]) -> str:
    words = [f"M{points[0][1]:.1f} {points[0][2]:.1f}"]
    x, y = points[0][1:]
    for start, end, height in points[1:]:
        middle = (x + start) / 2
        words.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {height:.1f} {start:.1f} {height:.1f}")
        if end > start and (start, end, height) != points[-1]:
            words.append(f"H{end:.1f}")
        x, y = end, height
    return "".join(words)


def _boxes(
    folded: Folded, found: Layout, boxes: dict[str, _Box], left: list[float]
) -> Iterator[str]:
    for column in found.columns:
        for key in column:
            place = found.places[key]
            if place.group:
                top = place.y - place.height / 2 + _HEAD + _MARGIN
                yield from _drawn(folded.groups[key], boxes[key], left[place.column], top)


def _drawn(group: Group, box: _Box, x: float, y: float) -> Iterator[str]:
    names = (printable(vertex.path or vertex.name) for vertex in group.members[:20])
    title = "\n".join((f"{printable(group.kind)}: {next(names)}", *names))
    size = f'width="{box.width:.0f}" height="{box.height:.0f}"'
    yield f'<g class="{_class(group)}">'
    yield from f"<title>{escaped(title)}</title>".split("\n")
    if len(group.members) > 1:
        yield f'<rect class="box" x="{x + 3:.0f}" y="{y + 3:.0f}" rx="4" {size}/>'
    yield f'<rect class="box" x="{x:.0f}" y="{y:.0f}" rx="4" {size}/>'
    yield f'<text x="{x + _PAD:.0f}" y="{y + _LINE + 2:.0f}">{escaped(box.name)}</text>'
    if box.about:
        place = f'x="{x + _PAD:.0f}" y="{y + 2 * _LINE + 1:.0f}"'
        yield f'<text class="about" {place}>{escaped(box.about)}</text>'
    yield "</g>"


def _class(group: Group) -> str:
    if group.kind == "missing" or group.first.facts.get("exports") is False:
        return "bad"
    if group.kind in (model.INITIATOR, model.SESSION):
        return "above"
    return "middle" if group.kind in model.KINDS else "below"


def escaped(text: str) -> str:
    """Return a text with the escapes of XML and HTML, for attributes too."""
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
