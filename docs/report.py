#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Picture the report of an example for README.md. Needs Chromium.

PYTHONPATH=. docs/report.py
"""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from rtslib_ext.checks.rule import Finding, Needs, Rule, Severity
from rtslib_ext.graph.fold import fold
from targetcli.sizes import format_size
from targetcli.views import map as view
from targetcli.views import page, report_tables, svg
from tests import browser
from tests.graphs import pictured

DRAWN = Path(__file__).parent / "report.png"
_WIDTH, _HEIGHT = 1200, 1280
_SHARED = Rule("shared-writers", Severity.WARNING, Needs.KERNEL, lambda facts: iter(()), "", "")
_FOUND = Finding(
    "/backstores/block/db",
    "2 hosts may write to it, and no reservation is held: a file system that is not made for a "
    "cluster is destroyed",
    "if they are a cluster that shares it safely, give their ACLs one tag",
)


def example() -> page.Page:
    """Return the report of the example of README.md."""
    graph = pictured()
    folded = fold(graph)
    about = [
        ("Host", "store1"),
        ("Time", "2026-03-02 21:34:05 +0000"),
        ("Kernel", "6.12.48"),
        ("Objects", svg.summary(folded).rstrip(".")),
    ]
    return page.Page(
        "Storage targets of store1",
        about,
        tuple(svg.lines(folded, format_size, alone=False)),
        tuple(view.lines(folded, format_size)),
        (report_tables.findings([(_SHARED, _FOUND)]), *report_tables.sections(graph, format_size)),
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, browser.tab(Path(folder)) as tab:
        file = Path(folder) / "report.html"
        file.write_text("\n".join(page.lines(example(), format_size)), encoding="utf-8")
        tab.open(file, width=_WIDTH)
        clip = {"x": 0, "y": 0, "width": _WIDTH, "height": _HEIGHT, "scale": 1}
        picture = tab.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        DRAWN.write_bytes(base64.b64decode(picture))


if __name__ == "__main__":
    main()
