# SPDX-License-Identifier: Apache-2.0
"""top in a terminal, on a real kernel with I/O; and the latency that the kernel traces."""

from __future__ import annotations

import mmap
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from golden_screens import compare
from tmux import terminal

from rtslib_ext.errors import Unsupported
from rtslib_ext.statistics import latency
from rtslib_ext.statistics.latency import Latency

from .. import expected
from ..commands.harness import Shell
from .conftest import TARGET

NAA = "naa.5001405000000001"
LOOPBACK = f"loopback/{NAA}"


@pytest.fixture
def disk(user: Shell) -> Iterator[str]:
    """A disk of this host that is a LUN of the loopback fabric."""
    subprocess.run(["modprobe", "sd_mod"], check=True)
    user.ok(f"/loopback create {NAA}")
    user.ok(f"/{LOOPBACK}/luns create /backstores/ramdisk/r2")
    nexus = Path(f"/sys/kernel/config/target/loopback/{NAA}/tpgt_1/address").read_text().strip()
    for _ in range(200):
        found = list(Path(f"/sys/class/scsi_device/{nexus}:0/device/block").glob("*"))
        if found and Path("/dev", found[0].name).exists():
            break
        time.sleep(0.05)
    yield f"/dev/{found[0].name}"
    user.ok(f"/loopback delete {NAA}")


def read(disk: str, times: int) -> None:
    """Read 4 KiB so many times, each by a command of its own."""
    handle = os.open(disk, os.O_RDONLY | os.O_DIRECT)
    page = mmap.mmap(-1, 4096)
    try:
        for number in range(times):
            os.preadv(handle, [page], number % 256 * 4096)
    finally:
        os.close(handle)


@pytest.fixture
def traffic(disk: str) -> Iterator[None]:
    """Commands to the disk, some hundreds a second."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            read(disk, 50)
            time.sleep(0.1)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    ended.set()
    thread.join()


def masked(screen: str) -> str:
    """Return a screen without what depends on the moment: rates and bars."""
    rates = re.compile(r" +[0-9.]+k? +[0-9.]+M? +0  +\S+$", re.MULTILINE)
    return rates.sub("  (rates)", screen)


def test_activity_sorting_and_views(user: Shell, traffic: None) -> None:
    with terminal(user.home, "top 1s", term="xterm-256color") as screen:
        shown = screen.until(f">{LOOPBACK}/lun0", "0        0        0\n", "█")
        compare("top-80x24-kernel", masked(shown))
        screen.keys("L")
        if expected.TRACING:
            rows = screen.until("every 1s  latency", "LATENCY", "us ").splitlines()
            assert re.search(r"\d(us|ms) ", rows[2]), rows
        else:
            screen.until("this kernel has no tracing, so latency is not known")
        screen.keys("n")
        screen.until("NAMEv", ">~")
        screen.keys("/")
        screen.type("loopback")
        screen.until('1 of 3 LUNs  every 1s  filter "loopback"')
        screen.keys("Enter", "Tab")
        screen.until("2 targets", "SESSIONS", "~n.2003-01.org.example:disks")
        screen.resize(132, 40)
        screen.until(TARGET.removeprefix("/iscsi/"))
        os.kill(screen.pid(), signal.SIGTERM)
        assert screen.ended()[0] == 143
    assert leftovers() == []


def leftovers() -> list[str]:
    """Return what our tracing has left."""
    folder = Path(latency.TRACING)
    names = [path.name for path in folder.glob(f"instances/{latency.PREFIX}*")]
    events = folder / "synthetic_events"
    lines = events.read_text().splitlines() if events.exists() else []
    return names + [line for line in lines if line.startswith(latency.PREFIX)]


def test_latency_of_every_command(user: Shell, disk: str) -> None:
    tracing = Latency()
    if not expected.TRACING:
        with pytest.raises(Unsupported, match="latency is not known"):
            tracing.start()
        return
    tracing.start()
    read(disk, 500)
    found = tracing.read()
    assert sum(times.number for times in found.values()) == 500
    ((initiator, lun),) = found
    assert (initiator[:4], lun) == ("naa.", 0)
    # A process that was killed leaves its tracing, and the next start removes it.
    os.close(tracing._lock or -1)
    tracing._lock = None
    assert leftovers() == [tracing.name, *leftovers()[1:]]
    other = Latency()
    other.name = f"{latency.PREFIX}1"
    other.start()
    assert [name for name in leftovers() if tracing.name in name] == []
    other.stop()
    assert leftovers() == []
