# SPDX-License-Identifier: Apache-2.0
"""The report: one page of HTML that loads nothing and that a screen reader can read."""

from __future__ import annotations

import json
import re
from configparser import ConfigParser
from html.parser import HTMLParser
from pathlib import Path

import pytest
from graphs import TPG, example

from rtslib_ext.checks import rules
from rtslib_ext.checks.rule import Finding, Severity
from rtslib_ext.graph import model
from rtslib_ext.graph.fold import fold
from rtslib_ext.graph.model import Tpg, Vertex
from targetcli.sizes import format_size
from targetcli.views import map as view
from targetcli.views import page, report_tables, svg
from targetcli.views.page import Column, Page, Section

ROOT = Path(__file__).parents[2]
EVIL = "<script>alert(1)</script>\x1b[2J\"'&"
# Elements without an end.
VOID = frozenset(("meta", "rect", "path"))


def whole(luns: int = 2, hosts: int = 2) -> Page:
    """The report of an example."""
    graph = example(luns, hosts)
    graph.tpgs.append(Tpg(TPG, True, False, True))
    graph.add(Vertex("i", model.INITIATOR, EVIL))
    facts: dict[str, model.Fact] = {"type": "ext4", "size": 1 << 40, "available": 1 << 30}
    graph.add(Vertex("f", "file system", "/srv", "", facts))
    folded = fold(graph)
    return Page(
        f"Storage targets of {EVIL}",
        [("Host", EVIL)],
        tuple(svg.lines(folded, format_size, alone=False)),
        tuple(view.lines(folded, format_size)),
        (
            *report_tables.sections(graph, format_size),
            Section("none", "None", "", (Column("A"),), (), empty="There are none."),
            Section("bad", "Bad", "Findings", (Column("A"),), [("x",)], levels=["error"]),
        ),
    )


class Outline(HTMLParser):
    """Elements in order, and errors of nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def text() -> str:
    return "\n".join(page.lines(whole(), format_size))


@pytest.fixture(scope="module")
def outline(text: str) -> Outline:
    return Outline(text)


def test_every_element_is_closed(outline: Outline) -> None:
    assert outline.open == []


def test_nothing_is_loaded(text: str, outline: Outline) -> None:
    assert not {name for name, _ in outline.found} & {"script", "link", "img", "iframe", "object"}
    for _, attributes in outline.found:
        assert not attributes.keys() & {"src", "style", "onclick", "onload", "srcset"}
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in text and "@import" not in text
    (policy,) = (one["content"] for one in outline.all("meta") if "http-equiv" in one)
    assert policy is not None and policy.startswith("default-src 'none'")


def test_foreign_text_does_nothing(text: str, outline: Outline) -> None:
    assert "\x1b" not in text and "<script" not in text
    shown = "<script>alert(1)</script>\\x1b[2J\"'&"
    assert outline.texts["h1"] == [f"Storage targets of {shown}"]
    assert shown in outline.texts["th"]


def test_structure_for_a_screen_reader(outline: Outline) -> None:
    assert outline.all("html") == [{"lang": "en"}]
    assert len(outline.all("h1")) == len(outline.all("main")) == len(outline.all("nav")) == 1
    ids = [attributes["id"] for _, attributes in outline.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes in outline.all("a")]
    assert links[0] == "#main"
    assert {str(link).removeprefix("#") for link in links} <= set(ids)
    for attributes in (*outline.all("section"), *outline.all("div")):
        assert attributes["aria-labelledby"] in ids
    # What scrolls can be reached by the keyboard.
    assert all(one["tabindex"] == "0" for one in outline.all("div") if one["class"] == "scroll")
    assert len(outline.all("caption")) == len(outline.all("table"))
    assert {one.get("scope") for one in outline.all("th")} == {"col", "row"}
    (drawing,) = outline.all("svg")
    assert drawing["role"] == "img" and set(str(drawing["aria-labelledby"]).split()) <= set(ids)


def test_headings_go_down_by_one_level(outline: Outline) -> None:
    levels = [int(name[1]) for name, _ in outline.found if re.fullmatch(r"h\d", name)]
    assert levels[0] == 1 and set(levels[1:]) == {2}


def test_style_is_for_light_dark_and_paper(text: str) -> None:
    for part in ("prefers-color-scheme: dark", "@media print", "color-scheme: light dark"):
        assert part in text
    names = set(re.findall(r"var\((--[\w-]+)\)", text))
    assert names and all(f"{name}:" in text for name in names)


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    values = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palettes(file: str) -> list[dict[str, str]]:
    text = (ROOT / "targetcli/views" / file).read_text()
    blocks = re.findall(r"\{([^{}]*--[^{}]*)\}", text)
    found = (dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in blocks)
    return [colors for colors in found if colors]


@pytest.mark.parametrize("colors", palettes("page.css"))
def test_text_of_the_page_has_contrast(colors: dict[str, str]) -> None:
    for name in ("ink", "soft", "link", "error", "warning"):
        assert contrast(colors[name], colors["paper"]) >= 4.5, name
    assert contrast(colors["ink"], colors["head"]) >= 4.5


@pytest.mark.parametrize("colors", palettes("map.css"))
def test_text_of_the_drawing_has_contrast(colors: dict[str, str]) -> None:
    for paper in ("paper", "box", "above", "below", "bad"):
        for ink in ("ink", "soft"):
            assert contrast(colors[f"map-{ink}"], colors[f"map-{paper}"]) >= 4.5, (ink, paper)
    assert contrast(colors["map-line"], colors["map-paper"]) >= 3


@pytest.mark.parametrize("file", ["page.css", "map.css"])
def test_both_ways_to_dark_are_the_same(file: str) -> None:
    light, *dark = palettes(file)
    assert len(dark) == 2 and dark[0] == dark[1] and dark[0].keys() == light.keys()


def test_rows_of_the_tables() -> None:
    sections = {one.id: one for one in whole().sections}
    assert sections["targets"].rows == [
        (TPG, "enabled", "192.0.2.100:3260", "any initiator, without CHAP", 2, 2)
    ]
    assert sections["luns"].rows[0][1:4] == (
        "/backstores/block/d0",
        1 << 30,
        "360014051234567890123456789000000",
    )
    assert [row[2] for row in sections["initiators"].rows] == [
        "none: 0 of 0",
        *["full: 1 of 1"] * 2,
    ]
    assert len(sections["sessions"].rows) == 2
    assert sections["storage"].rows[0][3] == "/dev/sda"
    disk = next(row for row in sections["capacity"].rows if row[0] == "/dev/sda")
    assert disk == ("/dev/sda", "disk", 1 << 40, None, 2 << 30, 2, 2)
    assert ("/srv", "file system (ext4)", 1 << 40, 1 << 30, 0, 0, 0) in sections["capacity"].rows


def test_findings() -> None:
    empty = report_tables.findings([]), report_tables.findings(None)
    assert [one.empty for one in empty] == ["Nothing found.", "Not checked: that needs root."]
    rule = next(rule for rule in rules.RULES if rule.severity is Severity.ERROR)
    finding = Finding(TPG, "it is open", "think", ((TPG, "set", "x=1"), ("chmod", "600", "/a b")))
    section = report_tables.findings([(rule, finding)])
    cure = f"targetcli {TPG} set x=1; chmod 600 '/a b'; think"
    assert section.rows == [("error", TPG, "it is open", cure)]
    assert section.levels == ["error"] and section.text == "Together 1 error."


# -- Cockpit ------------------------------------------------------------------------------------


def test_page_of_cockpit_is_installed_whole() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    installed = setup["options.data_files"]["share/cockpit/targetcli"].split()
    names = {Path(file).name for file in installed}
    assert all((ROOT / file).is_file() for file in installed)
    used = re.findall(r'(?:href|src)="([^#"]+)"', (ROOT / "cockpit/index.html").read_text())
    assert names - {"manifest.json", "index.html"} == set(used) - {"../base1/cockpit.js"}
    assert {path.name for path in (ROOT / "cockpit").iterdir()} <= names


def test_manifest_of_cockpit() -> None:
    manifest = json.loads((ROOT / "cockpit/manifest.json").read_text())
    assert manifest["menu"]["index"]["label"] == "Storage targets"
    # Its policy allows no script or style in the page (Cockpit Guide, Content-Security-Policy).
    html = (ROOT / "cockpit/index.html").read_text()
    assert "content-security-policy" not in manifest
    assert "<style" not in html and not re.search(r"<script(?! src=)", html)
    assert "style=" not in html and not re.search(r"\son\w+=", html)
    script = (ROOT / "cockpit/targets.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)
    assert "style=" not in "\n".join(svg.lines(fold(example(2, 2)), format_size, alone=False))


def test_no_line_has_a_line_end() -> None:
    """What is printed would show it as an escape, unlike the file."""
    assert not [line for line in page.lines(whole(8), format_size) if not line.isprintable()]
