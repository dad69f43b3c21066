# SPDX-License-Identifier: Apache-2.0
"""Several processes at once: changes wait for each other, readers and preferences do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtslib_ext.transaction.lock import change_lock

from .harness import Shell

PROGRAM = [sys.executable, "-m", "targetcli"]


@pytest.fixture
def home(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the preferences of all processes."""
    monkeypatch.setenv("TARGETCLI_HOME", str(shell.home))
    return shell.home


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_ten_create_at_once(shell: Shell, home: Path, disks: Path) -> None:
    running = [
        start("/backstores/fileio", "create", f"d{number}", f"{disks}/d{number}.img", "1M")
        for number in range(10)
    ]
    for number, process in enumerate(running):
        out, err = process.communicate()
        assert out == f"Created fileio d{number} with size 1048576\n", err
        assert process.returncode == 0
    assert len(list(disks.iterdir())) == 10
    assert shell.ok("/backstores/fileio status").endswith(": Storage Objects: 10\n")


def test_the_same_twice_at_once(shell: Shell, home: Path, disks: Path) -> None:
    running = [
        start("/backstores/fileio", "create", "d1", f"{disks}/d1.img", "1M") for _ in range(2)
    ]
    answers = sorted((*process.communicate(), process.returncode) for process in running)
    assert answers == [
        ("", "/backstores/fileio: Storage object fileio/d1 exists\n", 1),
        ("Created fileio d1 with size 1048576\n", "", 0),
    ]


def test_preferences_of_two(shell: Shell, home: Path) -> None:
    running = [
        start("set", "global", f"{name}=7") for name in ("max_backup_files", "prompt_length")
    ]
    for process in running:
        out, err = process.communicate()
        assert (process.returncode, err) == (0, "") and out.endswith(" is now '7'.\n")
    stored = json.loads((home / "prefs.json").read_text())
    assert (stored["max_backup_files"], stored["prompt_length"]) == ("7", 7)


def test_who_holds_the_lock_is_told(shell: Shell, home: Path) -> None:
    holder = f"(pid {os.getpid()}, user root"
    with change_lock("/backstores restore everything"):
        process = start("/backstores/ramdisk", "create", "r1", "1M")
        assert process.stderr is not None
        told = process.stderr.readline()
        assert told.startswith("waiting for another process to finish its changes " + holder)
        assert told.endswith(": /backstores restore everything)\n")
        assert process.poll() is None
        assert shell.ok("/backstores/ramdisk status").endswith(": Storage Objects: 0\n")
    out, err = process.communicate()
    assert (out, err, process.returncode) == ("Created ramdisk r1 with size 1M.\n", "", 0)


def test_waiting_has_an_end(shell: Shell) -> None:
    with change_lock("saveconfig"):
        begun = time.monotonic()
        answer = shell("/backstores/ramdisk create r1 1M", wait=1.0)
        waited = time.monotonic() - begun
    assert (answer, answer.exit) == ("", 1)
    assert 1 <= waited < 5
    last = answer.stderr.splitlines()[-1]
    assert f"another process is changing the configuration (pid {os.getpid()}, user root" in last
    assert last.endswith("(wait for it to end, or wait longer with --wait)")
    assert shell.ok("/backstores/ramdisk status").endswith(": Storage Objects: 0\n")


def test_option_wait(shell: Shell, home: Path) -> None:
    with change_lock("saveconfig"):
        process = start("--wait", "0.2", "/backstores/ramdisk", "create", "r1", "1M")
        out, err = process.communicate()
    assert (out, process.returncode) == ("", 1)
    assert "another process is changing the configuration" in err
