# SPDX-License-Identifier: Apache-2.0
"""Real initiators on the same kernel: open-iscsi, and libiscsi's tools."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.transaction import clear

INITIATOR = "iqn.2003-01.org.example:host1"
TARGET = "iqn.2003-01.org.example:store"
PORTAL = "127.0.0.1:3260"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


ALSO_SAVED = "Note: this also saved what others changed, in the kernel or in the file: "


def pytest_configure() -> None:
    """These tests log in for real: without the kernel they fail, they are never skipped."""
    if "TARGETCLI_IN_SANDBOX" not in os.environ:
        raise pytest.UsageError("tests/clients run in the sandbox: make test-kernel")


@pytest.fixture
def target() -> Iterator[Callable[..., str]]:
    """Runs lines through targetcli's standard input, on a kernel where nothing is configured."""
    subprocess.run(["modprobe", "-a", "target_core_mod", "iscsi_target_mod"], check=True)
    clear.everything(ConfigFS())

    def run(lines: str, *options: str, note: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "targetcli", *options],
            input=lines,
            capture_output=True,
            text=True,
            check=True,
        )
        # The file still has what the fixture deleted.
        said = [line for line in done.stderr.splitlines() if not line.startswith(ALSO_SAVED)]
        assert note in done.stderr and len(said) == bool(note), done.stderr
        return done.stdout

    yield run
    clear.everything(ConfigFS())


@pytest.fixture(scope="session")
def iscsid() -> None:
    """The initiator's daemon."""
    subprocess.run(["modprobe", "-a", "iscsi_tcp", "sd_mod", "sg"], check=True)
    Path("/run/lock/iscsi").mkdir(parents=True, exist_ok=True)
    Path("/etc/iscsi/initiatorname.iscsi").write_text(f"InitiatorName={INITIATOR}\n")
    subprocess.run(["iscsid"], check=True)


@pytest.fixture
def iscsiadm(iscsid: None) -> Iterator[Run]:
    """Runs iscsiadm; what is logged in afterwards is logged out."""

    def run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["iscsiadm", *words], capture_output=True, text=True, check=check, timeout=60
        )

    yield run
    run("-m", "node", "-u", check=False)
    run("-m", "node", "-o", "delete", check=False)


@pytest.fixture
def log_in(iscsiadm: Run) -> Callable[..., str]:
    """Discovers, sets a secret, logs in; gives the path of the disk."""

    def run(user: str, password: str, **more: str) -> str:
        iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", PORTAL)
        node = ("-m", "node", "-T", TARGET, "-p", PORTAL)
        settings = {"authmethod": "CHAP", "username": user, "password": password, **more}
        for name, value in settings.items():
            iscsiadm(*node, "-o", "update", "-n", f"node.session.auth.{name}", "-v", value)
        iscsiadm(*node, "--login")
        return wait_for_disk()

    return run


def wait_for_disk() -> str:
    """The path of the disk that a login brings."""
    for _ in range(100):
        found = list(Path("/sys/class/iscsi_session").glob("session*/device/target*/*/block/*"))
        if found and _opens(disk := f"/dev/{found[0].name}"):
            return disk
        time.sleep(0.1)
    raise AssertionError("the login brought no disk")


def _opens(disk: str) -> bool:
    """A disk is listed a moment before it can be opened (drivers/scsi/sd.c, sd_probe)."""
    try:
        os.close(os.open(disk, os.O_RDONLY))
    except OSError:
        return False
    return True
