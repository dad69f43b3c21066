# SPDX-License-Identifier: Apache-2.0
"""The table of what tests expect of each kernel, and that no test asks the release itself."""

from __future__ import annotations

import errno
import re
from itertools import groupby
from pathlib import Path

import pytest

from tests.kernel import expected

ROOT = Path(__file__).parents[2]
PGR = "pgr_support=0 of block is refused with"
# These name the kernel or the host.
ASK = {"tests/kernel/expected.py", "tests/kernel/fabrics/table.py", "tests/kernel/test_sandbox.py"}


def test_the_row_that_began_last_holds() -> None:
    assert expected.value(PGR, "6.1.0-44-amd64") == errno.ENOSYS
    assert expected.value(PGR, "6.4.16") == errno.ENOSYS
    assert expected.value(PGR, "6.5.0") is None
    assert expected.value(PGR, "7.2.7") is None
    with pytest.raises(LookupError):
        expected.value("nothing", "7.2.7")


def test_each_expectation_begins_with_the_oldest_kernel_and_ends_with_a_source() -> None:
    groups = {name: list(rows) for name, rows in groupby(expected.TABLE, lambda row: row.name)}
    assert sum(map(len, groups.values())) == len(expected.TABLE), "rows of a name are together"
    for name, rows in groups.items():
        releases = [tuple(map(int, row.since.split("."))) if row.since else () for row in rows]
        assert releases[0] == () and releases == sorted(set(releases)), name
        assert all(row.source for row in rows[1:]), name


def test_no_other_test_asks_the_release() -> None:
    asking = re.compile(r"\buname\(|osrelease|in_kernel\(os|platform\.release")
    found = {
        str(path.relative_to(ROOT))
        for room in ("tests/kernel", "tests/clients")
        for path in (ROOT / room).rglob("*.py")
        if asking.search(path.read_text())
    }
    assert found == ASK
