# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a user at the shell, and files and devices."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Shell

Loop = Callable[..., str]


@pytest.fixture
def shell(configfs: object, tmp_path: Path) -> Shell:
    """Return a user at the shell of an empty target."""
    return Shell(tmp_path / "home")


@pytest.fixture
def demo(shell: Shell) -> Shell:
    """Create the target NAME:t in demo mode, with three LUNs that anyone may write to."""
    iqn = "iqn.2003-01.org.example:t"
    shell.ok(f"/iscsi create {iqn}")
    for number in range(3):
        shell.ok(f"/backstores/ramdisk create r{number} 1M")
        shell.ok(f"/iscsi/{iqn}/tpg1/luns create /backstores/ramdisk/r{number}")
    demo_mode = "generate_node_acls=1 authentication=0 demo_mode_write_protect=0"
    shell.ok(f"/iscsi/{iqn}/tpg1 set attribute {demo_mode}")
    return shell


@pytest.fixture
def disks() -> Iterator[Path]:
    """Yield an empty directory for backing files; not in /tmp, which is in memory."""
    with tempfile.TemporaryDirectory(prefix="disks-", dir="/var/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def ram() -> list[str]:
    """Return block devices of 16 MiB in memory."""
    subprocess.run(["modprobe", "brd", "rd_nr=4", "rd_size=16384"], check=True)
    return [f"/dev/ram{number}" for number in range(4)]


@pytest.fixture
def loop(configfs: object, disks: Path) -> Iterator[Loop]:
    """Yield a function that creates loop devices of 1 MiB."""
    subprocess.run(["modprobe", "loop"], check=True)
    made: list[str] = []

    def make(*, read_only: bool = False) -> str:
        file = disks / f"loop{len(made)}.img"
        file.write_bytes(bytes(1 << 20))
        options = ["--read-only"] if read_only else []
        words = ["losetup", "--find", "--show", *options, str(file)]
        made.append(subprocess.check_output(words, text=True).strip())
        return made[-1]

    yield make
    for device in made:
        subprocess.run(["losetup", "--detach", device], check=True)


@pytest.fixture(scope="session")
def scsi_disk() -> tuple[str, str]:
    """Return the device and the H:C:T:L of a SCSI disk."""
    subprocess.run(["modprobe", "-a", "sd_mod", "sg"], check=True)
    subprocess.run(["modprobe", "scsi_debug", "dev_size_mb=8"], check=True)
    for _ in range(100):
        for device in Path("/sys/class/scsi_device").glob("*/device"):
            found = list(device.glob("block/*"))
            if found and (device / "model").read_text().strip() == "scsi_debug":
                if Path("/dev", found[0].name).exists():
                    return f"/dev/{found[0].name}", device.parent.name
        time.sleep(0.05)
    raise TimeoutError("no disk of scsi_debug came up")
