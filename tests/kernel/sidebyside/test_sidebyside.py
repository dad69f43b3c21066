# SPDX-License-Identifier: Apache-2.0
"""Each script of ``scripts``: on targetcli-fb, then here; status, output and tree compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from . import script, tools
from .compare import COMPARED, Comparison, Pair
from .differences import DIFFERENCES

pytestmark = pytest.mark.long

LEAST = 150


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[tools.Tool, tools.Tool]]:
    """targetcli-fb, in the version to compare with, and this tool."""
    assert tools.fb_versions() == tools.FB_VERSIONS
    pair = (tools.targetcli_fb(), tools.targetcli())
    yield pair
    for tool in pair:
        tool.close()


@pytest.mark.parametrize("name", script.names())
def test_the_same_answers(name: str, both: tuple[tools.Tool, tools.Tool]) -> None:
    calls = script.load(name)
    asked = [call for call in calls if not call.host]
    pair = Pair("\n".join(call.text for call in calls))
    theirs = list(tools.run(both[0], calls))
    ours = list(tools.run(both[1], calls))
    compared = [pair.compare(*each) for each in zip(asked, theirs, ours, strict=True)]
    COMPARED.extend(compared)
    assert not any(each.unexplained for each in compared), _report(compared)


def _report(compared: list[Comparison]) -> str:
    rows = []
    for each in compared:
        if each.unexplained:
            rows += ["", each.call.text, *each.unexplained]
    return "\n".join(rows)


def test_every_difference_is_needed() -> None:
    needed = Counter(each.name for one in COMPARED for each in one.explained)
    assert [each.name for each in DIFFERENCES if not needed[each.name]] == []


def test_every_difference_is_in_the_document() -> None:
    document = (tools.PROJECT / "COMPATIBILITY.md").read_text("utf-8")
    rows = {line.split(" | ")[0].removeprefix("| ") for line in document.splitlines()}
    assert [each.name for each in DIFFERENCES if each.row not in rows] == []


def test_there_are_enough_lines() -> None:
    assert sum(call.lines for name in script.names() for call in script.load(name)) >= LEAST
