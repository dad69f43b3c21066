# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page that needs nothing else: no network, no script.

It can be read with a keyboard and a screen reader, in light and dark, and on paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rtslib_ext.config.printable import printable
from rtslib_ext.fast_dataclasses import dataclass, field

from .map import Size
from .svg import escaped

TEXT, PROSE, NUMBER, BYTES = "text", "prose", "number", "bytes"
Cell = str | int | None
"""A text, or a number; None if it is not known."""
_HERE = Path(__file__).parent
# Nothing may be loaded, and only the style in the page is used.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
# A name that a browser would break at its hyphens, such as iqn.2003-01.org.
_NAME = re.compile(r"[^\s/,]+-[^\s/,]+")


@dataclass(frozen=True, slots=True)
class Column:
    """A column; by ``kind`` its cells are names, sentences, numbers, or numbers of bytes."""

    heading: str
    kind: str = TEXT

    @property
    def mark(self) -> str:
        """Return the attribute of its cells: numbers are aligned to the right."""
        return ' class="number"' if self.kind in (NUMBER, BYTES) else ""


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a heading; ``id`` is its name in links, ``text`` stands above it.

    ``rows`` have a cell for each column; the first names the row. ``empty`` is the text in place of
    a table without rows. ``levels`` are "error", "warning" or "" for each row, if given.
    """

    id: str
    heading: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    text: str = ""
    empty: str = "None."
    levels: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The report: pairs of a name and a value about it, the drawing, its text, and the tables."""

    title: str
    about: Sequence[tuple[str, str]]
    drawing: Sequence[str] = ()
    text: Sequence[str] = ()
    sections: Sequence[Section] = field(default_factory=tuple)


def lines(page: Page, size: Size) -> Iterator[str]:
    """Yield the page as HTML; ``size`` formats bytes."""
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield from _head(page)
    yield "<body>"
    yield '<a class="skip" href="#main">Skip to the content</a>'
    yield f"<header><h1>{_text(page.title)}</h1>"
    yield from _contents(page)
    yield "</header>"
    yield '<main id="main">'
    yield from _about(page)
    yield from _drawing(page)
    for section in page.sections:
        yield from _section(section, size)
    yield "</main>"
    yield "<footer>Written by targetcli. It contains no passwords.</footer>"
    yield "</body>"
    yield "</html>"


def _head(page: Page) -> Iterator[str]:
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(page.title)}</title>"
    yield "<style>"
    yield from style("page.css", "map.css")
    yield "</style>"
    yield "</head>"


def style(*files: str) -> Iterator[str]:
    """Yield the lines of style sheets of this package."""
    for file in files:
        yield from (_HERE / file).read_text(encoding="utf-8").rstrip().split("\n")


def _contents(page: Page) -> Iterator[str]:
    links = [("overview", "Overview"), ("map", "Map")]
    links += [(section.id, section.heading) for section in page.sections]
    yield '<nav aria-label="Contents"><ul>'
    for name, heading in links:
        yield f'<li><a href="#{name}">{_text(heading)}</a></li>'
    yield "</ul></nav>"


def _about(page: Page) -> Iterator[str]:
    yield '<section aria-labelledby="overview"><h2 id="overview">Overview</h2>'
    yield "<dl>"
    for name, value in page.about:
        yield f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>"
    yield "</dl></section>"


def _drawing(page: Page) -> Iterator[str]:
    yield '<section aria-labelledby="map"><h2 id="map">Map</h2>'
    yield "<p>The paths from initiators, on the left, to disks. Equal objects are drawn as one.</p>"
    yield '<div class="scroll" role="group" aria-labelledby="map" tabindex="0">'
    yield from page.drawing
    yield "</div>"
    yield "<details><summary>The same as text</summary>"
    # Line by line, as all that is printed: the first stands behind the tag, without a line end.
    yield from ('<pre tabindex="0">' + "\n".join(map(_text, page.text)) + "</pre>").split("\n")
    yield "</details></section>"


def _section(section: Section, size: Size) -> Iterator[str]:
    name = section.id
    yield f'<section aria-labelledby="{name}"><h2 id="{name}">{_text(section.heading)}</h2>'
    if section.text:
        yield f"<p>{_text(section.text)}</p>"
    if section.rows:
        yield f'<div class="scroll" role="group" aria-labelledby="{name}" tabindex="0">'
        yield from _table(section, size)
        yield "</div>"
    else:
        yield f"<p>{_text(section.empty)}</p>"
    yield "</section>"


def _table(section: Section, size: Size) -> Iterator[str]:
    yield f"<table><caption>{_text(section.caption)}</caption>"
    heads = (
        f'<th scope="col"{column.mark}>{_text(column.heading)}</th>' for column in section.columns
    )
    yield f"<thead><tr>{''.join(heads)}</tr></thead>"
    yield "<tbody>"
    levels = section.levels or [""] * len(section.rows)
    for row, level in zip(section.rows, levels, strict=True):
        yield f"<tr>{''.join(_cells(section.columns, row, level, size))}</tr>"
    yield "</tbody></table>"


def _cells(columns: Sequence[Column], row: Iterable[Cell], level: str, size: Size) -> Iterator[str]:
    for number, (column, cell) in enumerate(zip(columns, row, strict=True)):
        text = _text(shown(column, cell, size))
        # Paths have no other place where browsers break them.
        if column.kind == TEXT and "/" not in text:
            text = _NAME.sub(r'<span class="name">\g<0></span>', text)
        if number == 0:
            mark = f' class="{level}"' if level else column.mark
            yield f'<th scope="row"{mark}>{text}</th>'
        else:
            yield f"<td{column.mark}>{text}</td>"


def shown(column: Column, cell: Cell, size: Size) -> str:
    """Return a cell as text."""
    if cell is None:
        return ""
    return size(cell) if column.kind == BYTES and isinstance(cell, int) else str(cell)


def _text(text: str) -> str:
    return escaped(printable(text))


def facts(page: Page) -> dict[str, object]:
    """Return the page as plain values: $defs/report of docs/json.schema.json."""
    return {
        "title": page.title,
        "about": [{"name": name, "value": value} for name, value in page.about],
        "drawing": "\n".join(page.drawing),
        "text": list(page.text),
        "sections": [
            {
                "id": one.id,
                "heading": one.heading,
                "caption": one.caption,
                "text": one.text,
                "empty": one.empty,
                "columns": [
                    {"heading": column.heading, "kind": column.kind} for column in one.columns
                ],
                "rows": [list(row) for row in one.rows],
                "levels": list(one.levels or [""] * len(one.rows)),
            }
            for one in page.sections
        ],
    }
