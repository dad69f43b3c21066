# SPDX-License-Identifier: Apache-2.0
"""Settings, options and fixtures of all tests."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests import thinning

# A system call that takes 1 us on the host takes 10 in the sandbox: time says nothing.
settings.register_profile("targetcli", deadline=None)
settings.load_profile("targetcli")


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """Return a directory with the mode of /tmp: everyone may create files, and delete own ones."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of tests for newer kernels."""
    parser.addoption(
        "--thin",
        metavar="SUITE",
        choices=thinning.SUITES,
        help="run the tests that tests/thinning.py chooses for the kernel of this suite",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that do not run on this kernel."""
    suite = config.getoption("--thin")
    if not suite:
        return
    kept, left_out = [], []
    for item in items:
        marked = item.get_closest_marker(thinning.MARK) is not None
        (kept if thinning.runs(item.nodeid, suite, marked) else left_out).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)
