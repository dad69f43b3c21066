# SPDX-License-Identifier: Apache-2.0
"""report: the whole target on one page, for colleagues without a shell here."""

from __future__ import annotations

import os
import time

from rtslib_ext.checks import rules
from rtslib_ext.graph import read
from rtslib_ext.graph.fold import fold

from .. import __version__
from ..env import Env
from ..result import Result, show
from ..sizes import format_size
from ..tree import Node, walk
from ..views import map as view
from ..views import page, report_tables, svg
from ..views.page import Page, Section
from . import map as maps
from . import situation


def report(env: Env, node: Node, file: str | None) -> Result:
    """Write the page to a file, or print it."""
    walk.require_readable(env)
    found = _page(env, node)
    if file is None:
        return show(page.lines(found, format_size), lambda: page.facts(found))
    path = os.path.abspath(os.path.expanduser(file))
    return maps.write(env, path, lambda: page.lines(found, format_size))


def _page(env: Env, node: Node) -> Page:
    findings = _findings(env, node)
    graph = read.graph(node.reader)
    folded = fold(graph)
    host = os.uname()
    about = [
        ("Host", host.nodename),
        ("Time", time.strftime("%Y-%m-%d %H:%M:%S %z")),
        ("Kernel", host.release),
        ("targetcli", __version__),
        ("Objects", svg.summary(folded).rstrip(".")),
    ]
    drawing = tuple(svg.lines(folded, format_size, alone=False))
    text = tuple(view.lines(folded, format_size))
    sections = (findings, *report_tables.sections(graph, format_size))
    return Page(f"Storage targets of {host.nodename}", about, drawing, text, sections)


def _findings(env: Env, node: Node) -> Section:
    """Return the findings of check; it reads files that only root may read."""
    if not env.is_root:
        return report_tables.findings(None)
    facts = situation.of_running(env, node)
    return report_tables.findings(rules.findings(facts, rules.selected(facts)))
