# SPDX-License-Identifier: Apache-2.0
"""A plugin of pytest: which test touches which line, as a last line of the output."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import coverage
import pytest

# Before the line of data, which is base64.
MARK = "touched by tests: "
_COVERAGE = coverage.Coverage(data_file=None, source_pkgs=["rtslib_ext", "targetcli"])
_COVERAGE.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Note the lines from here on for this test."""
    _COVERAGE.switch_context(item.nodeid)
    return (yield)


def pytest_unconfigure() -> None:
    """Print the data."""
    _COVERAGE.stop()
    print("\n" + MARK + base64.b64encode(_COVERAGE.get_data().dumps()).decode())
