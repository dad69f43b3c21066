# SPDX-License-Identifier: Apache-2.0
"""Adapters made of software, a user at the shell, the table at the end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..commands.harness import Shell
from . import table

ADDRESS = "192.0.2.1"


@pytest.fixture(scope="session")
def adapters() -> None:
    """An InfiniBand port and an FCoE port on Ethernet, where the kernel has their drivers."""
    if not (table.has_module("rdma_rxe") and table.has_module("fcoe")):
        return
    for line in (
        "modprobe -a rdma_rxe fcoe veth",
        "ip link add eth0 type veth peer name eth1",
        f"ip address add {ADDRESS}/24 dev eth0",
        "ip link set eth0 up",
        "ip link set eth1 up",
        "rdma link add rxe0 type rxe netdev eth0",
    ):
        subprocess.run(line.split(), check=True)
    Path("/sys/bus/fcoe/ctlr_create").write_text("eth0")
    wait_for("/sys/class/infiniband/*/ports/*/gids/0", "/sys/class/fc_host/host*/port_name")


def wait_for(*patterns: str) -> None:
    """Wait until files are there."""
    for _ in range(100):
        if all(list(Path("/").glob(pattern[1:])) for pattern in patterns):
            return
        time.sleep(0.1)
    raise TimeoutError(f"none of {', '.join(patterns)} came up")


@pytest.fixture
def shell(adapters: None, configfs: object, tmp_path: Path) -> Iterator[Shell]:
    """A user at the shell of an empty target; what is left at the end is taken away."""
    user = Shell(tmp_path / "home")
    yield user
    user("clearconfig confirm=true")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was measured, whatever the tests made of it."""
    terminalreporter.section(f"fabrics on {table.kernel()}")
    if table.MEASURED:
        terminalreporter.write_line(table.show(table.MEASURED.values()))
