# SPDX-License-Identifier: Apache-2.0
"""The benchmark's table: figures from values, and what was not measured is said to be so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.values import Values


@pytest.fixture
def values() -> Values:
    """Ten and a hundred LUNs, measured in part."""
    found = Values()
    for seconds in (3.0, 1.0, 2.0):
        found.put("ls", "ours", 10, seconds)
        found.put("read", "raw", 10, seconds * 4)
    found.put("ls", "ours", 100, 40.0)
    found.put("ls", "ours", 100, 79.0, "MiB")
    for size, counts, time in ((1, (7, 9), 0.5), (100, (7, 12), 0.6)):
        for count in counts:
            found.put("get: calls", "ours", size, count, "calls")
        found.put("get", "ours", size, time, "starts")
    for who, start, create in (("ours", 1.0, 2.0), ("targetcli-fb", 3.0, 14.0)):
        found.put("version", who, 5, start)
        found.put("create", who, 5, create)
    return found


def row(values: Values, what: str) -> table.Row:
    (found,) = (item for item in table.rows(values, 10, 100, 5) if item.what == what)
    return found


@pytest.mark.parametrize(
    ("what", "found", "verdict"),
    [
        ("ls, 10 LUNs, of the bare calls", "0.25 (1–3 s of 4–12 s)", "reached"),
        ("ls, time for each LUN, 100 of 10 LUNs", "2 (2 s, 40 s)", "not reached"),
        ("ls, memory at 100 LUNs, MiB", "79", "reached"),
        ("diff, memory at 100 LUNs, MiB", "no value for diff (ours) at 100", "not measured"),
        ("get, system calls at 100 LUNs over those at 1", "3 (7: 7, 9: 12)", "not reached"),
        ("get, time over --version, 100 LUNs of 1", "1.2 (0.50 of a start at 1)", "not reached"),
        ("create over version, 5 LUNs, targetcli-fb of this", "11", "reached"),
    ],
)
def test_a_figure(values: Values, what: str, found: str, verdict: str) -> None:
    assert (row(values, what).found, row(values, what).verdict) == (found, verdict)


def test_counts_that_do_not_pair(values: Values) -> None:
    values.put("get: calls", "ours", 100, 1, "calls")
    assert row(values, "get, system calls at 100 LUNs over those at 1").verdict == "not measured"


def test_what_a_guest_tells_is_taken(values: Values) -> None:
    values.add(json.dumps(["diff", "ours", 100, 80.5, "MiB"]))
    assert row(values, "diff, memory at 100 LUNs, MiB").found == "80.5"


def test_it_is_written_between_its_marks(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text(f"a\n{table.FIGURES}\nold\n{table.END}\nb\n{table.PLACES}\n{table.END}\n")
    table.write(report, table.FIGURES, ["new"])
    assert report.read_text() == (
        f"a\n{table.FIGURES}\nnew\n{table.END}\nb\n{table.PLACES}\n{table.END}\n"
    )
