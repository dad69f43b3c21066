# SPDX-License-Identifier: Apache-2.0
"""The sandbox with what targetcli-fb needs besides, and the count at the end."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ..oracle import devices
from .compare import COMPARED


@pytest.fixture(scope="session", autouse=True)
def _world() -> None:
    """Devices, and a system bus, without which targetcli-fb does not start."""
    devices.load()
    Path("/run/dbus").mkdir(parents=True, exist_ok=True)
    subprocess.run(["dbus-daemon", "--system", "--fork"], check=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was compared."""
    if not COMPARED:
        return
    same = sum(not (each.explained or each.unexplained) for each in COMPARED)
    left = sum(bool(each.unexplained) for each in COMPARED)
    lines = sum(each.call.lines for each in COMPARED)
    say = terminalreporter.write_line
    say(f"{len(COMPARED)} calls with {lines} lines: {same} the same in status, output and tree")
    say(f"{len(COMPARED) - same - left} differ by name, {left} otherwise")
    counts = Counter(
        (each.name, what)
        for one in COMPARED
        for each, ws in one.explained.items()
        for what in set(ws)
    )
    for (name, what), count in sorted(counts.items()):
        say(f"{count:6} {name} ({what})")
