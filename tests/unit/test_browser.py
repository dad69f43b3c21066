# SPDX-License-Identifier: Apache-2.0
"""The report and the page of Cockpit in a browser: light, dark, narrow, on paper, by keyboard."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Tab, tab
from test_report import whole

from targetcli.sizes import format_size
from targetcli.views import page

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
TAB_KEY, ENTER_KEY = ("Tab", 9), ("Enter", 13)
WIDER = """[...document.querySelectorAll("body *")].filter(one =>
    !one.closest(".scroll, pre, .skip") && one.getBoundingClientRect().right > innerWidth + 1
).map(one => one.outerHTML.slice(0, 200))"""
# Answers as cockpit.spawn does: a promise whose failure has two arguments.
STAND_IN = """
const calls = [];
function answer() {
    const chosen = { ok: OK, output: OUTPUT, message: "targetcli: not found" };
    return {
        then(done) { if (chosen.ok) done(chosen.output); return this; },
        catch(failed) {
            if (!chosen.ok) failed({ message: chosen.message }, chosen.output);
            return this;
        },
    };
}
const cockpit = { spawn(words, options) { calls.push([words, options]); return answer(); } };
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A browser, started once."""
    with tab(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of an example."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text("\n".join(page.lines(whole(), format_size)))
    return path


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1400, 400])
def test_report_at_two_widths(chromium: Tab, report: Path, width: int, dark: bool) -> None:
    chromium.open(report, width=width, dark=dark)
    assert chromium.complaints == [] and chromium.loaded == [report.as_uri()]
    assert chromium.evaluate(WIDER) == []
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    background = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(22, 24, 26)" if dark else "rgb(255, 255, 255)")
    box = 'getComputedStyle(document.querySelector(".map rect.box")).fill'
    assert chromium.evaluate(box) == ("rgb(29, 48, 72)" if dark else "rgb(228, 238, 251)")
    png = chromium.screenshot()
    assert struct.unpack(">I", png[16:20])[0] == width


def test_report_by_keyboard(chromium: Tab, report: Path) -> None:
    chromium.open(report)
    focused = "document.activeElement.textContent.trim().split('\\n')[0]"
    chromium.press(*TAB_KEY)
    assert chromium.evaluate(focused) == "Skip to the content"
    assert chromium.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    reached = []
    for _ in range(40):
        chromium.press(*TAB_KEY)
        reached.append(
            chromium.evaluate("document.activeElement.className || document.activeElement.tagName")
        )
        if reached[-1] == "BODY":
            break
    tables = chromium.evaluate("document.querySelectorAll('.scroll').length")
    assert reached.count("scroll") == tables and "SUMMARY" in reached


def test_report_for_a_screen_reader(chromium: Tab, report: Path) -> None:
    chromium.open(report)
    spoken = chromium.spoken()
    names = {(role, name) for role, name in spoken}
    assert {("link", "Skip to the content"), ("navigation", "Contents")} <= names
    assert ("heading", "Map") in names and ("table", "Target portal groups") in names
    assert any(
        role == "image" and name == "The paths from initiators to disks" for role, name in spoken
    )
    assert any(role == "rowheader" and name.startswith("/iscsi/") for role, name in spoken)
    assert ("columnheader", "WWID") in names


def test_report_on_paper(chromium: Tab, report: Path) -> None:
    chromium.open(report)
    assert chromium.pdf().startswith(b"%PDF")
    chromium.call("Emulation.setEmulatedMedia", media="print")
    hidden = (
        "['nav', 'details'].map(name => getComputedStyle(document.querySelector(name)).display)"
    )
    assert chromium.evaluate(hidden) == ["none", "none"]


def cockpit(folder: Path, *, output: str, ok: bool = True) -> Path:
    """The page of Cockpit beside a stand-in for Cockpit's own script."""
    (folder / "base1").mkdir()
    answer = STAND_IN.replace("OUTPUT", json.dumps(output)).replace("OK", json.dumps(ok))
    (folder / "base1/cockpit.js").write_text(answer)
    shutil.copytree(ROOT / "cockpit", folder / "targetcli")
    for name in ("page.css", "map.css"):
        shutil.copy(ROOT / "targetcli/views" / name, folder / "targetcli")
    return folder / "targetcli/index.html"


def test_page_of_cockpit_shows_the_report(chromium: Tab, report: Path, tmp_path: Path) -> None:
    shown = whole()
    html = cockpit(tmp_path, output=json.dumps({"ok": True, "data": page.facts(shown)}))
    cells = """[...document.querySelectorAll("h1, h2, th, td, dd, pre")].map(
        one => [one.tagName, one.className, one.innerHTML].join(" "))"""
    boxes = "document.querySelectorAll('svg.map g').length"
    chromium.open(report)
    wanted = chromium.evaluate(cells), chromium.evaluate(boxes)
    for width in (1400, 400):
        chromium.open(html, width=width)
        assert chromium.complaints == []
        assert chromium.evaluate(WIDER) == []
    found = chromium.evaluate(cells)
    assert chromium.evaluate(boxes) == wanted[1]
    assert chromium.evaluate("calls") == [
        [["targetcli", "--json", "report"], {"superuser": "try", "err": "message"}]
    ]
    # The report escapes what a terminal would obey; a browser shows it as a box.
    assert [text.replace("\x1b", "\\x1b") for text in found] == wanted[0]
    assert any("&lt;script&gt;alert(1)" in text for text in found)
    assert not chromium.evaluate("document.querySelector('main script')")
    chromium.evaluate("document.getElementById('again').click()")
    assert chromium.evaluate("calls.length") == 2


def test_theme_of_cockpit(chromium: Tab, tmp_path: Path) -> None:
    html = cockpit(tmp_path, output=json.dumps({"data": page.facts(whole())}))
    chromium.open(html)
    color = "getComputedStyle(document.body).backgroundColor"
    chromium.evaluate(
        "localStorage.setItem('shell:style', 'dark'); dispatchEvent(new Event('cockpit-style'))"
    )
    assert chromium.evaluate(color) == "rgb(22, 24, 26)"
    chromium.evaluate(
        "localStorage.removeItem('shell:style'); dispatchEvent(new Event('cockpit-style'))"
    )
    assert chromium.evaluate(color) == "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("", "Not read: targetcli: not found"),
        (
            json.dumps({"ok": False, "errors": [{"message": "no LIO", "hint": "load it"}]}),
            "Not read: no LIO (load it)",
        ),
    ],
)
def test_failures_in_cockpit(chromium: Tab, tmp_path: Path, output: str, text: str) -> None:
    chromium.open(cockpit(tmp_path, output=output, ok=False))
    assert chromium.evaluate("document.getElementById('state').textContent") == text
    assert chromium.complaints == []
