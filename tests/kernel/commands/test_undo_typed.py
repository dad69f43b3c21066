# SPDX-License-Identifier: Apache-2.0
"""Taking changes back at a terminal, as a person does: undo, history, revert, Ctrl-C."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext import savefile
from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import Config, StorageObject
from tests.kernel.compatibility.test_terminal import Terminal

from .harness import ETC, TARGET, Shell, tree

HISTORY = Path("/var/lib/targetcli/history")
IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"


@pytest.fixture
def terminal(shell: Shell) -> Iterator[Terminal]:
    """A person at the shell, with a target, and no changes in the history."""
    shell.ok("set global color_mode=false auto_save_on_exit=false")
    shell.ok(f"/iscsi create {IQN}")
    shutil.rmtree(HISTORY, ignore_errors=True)
    opened = Terminal(shell.home)
    opened.expect("/> ")
    yield opened
    if opened.pid:
        os.kill(opened.pid, signal.SIGKILL)
        opened.close()


def test_undo_to_the_beginning_of_the_session(terminal: Terminal) -> None:
    before = tree()
    terminal.line("/backstores/ramdisk create r1 1M", "/> ")
    one = tree()
    terminal.line(f"{TPG}/luns create /backstores/ramdisk/r1", "/> ")
    two = tree()
    terminal.line(f"{TPG} set attribute login_timeout=20", "/> ")
    for wanted in (two, one, before):
        terminal.line("undo", "/> ")
        assert tree() == wanted
    assert "no change to undo" in terminal.line("undo", "/> ")
    assert tree() == before


def test_history_and_revert(terminal: Terminal) -> None:
    terminal.line("/backstores/ramdisk create r1 1M", "/> ")
    terminal.line(f"{TPG} set attribute login_timeout=20", "/> ")
    terminal.line("/backstores/ramdisk create r2 1M", "/> ")
    said = terminal.line("history", "/> ")
    numbers = re.findall(r"^ *(\d+) .*root.*$", said.replace("\r", ""), re.MULTILINE)
    assert numbers == ["1", "2", "3"]
    assert "login_timeout=20" in said
    terminal.line("revert 2", "/> ")
    assert "login_timeout  15 " in terminal.line(f"{TPG} get attribute login_timeout", "/> ")
    left = terminal.line("ls /backstores/ramdisk", "/> ")
    assert "r1" in left and "r2" in left
    assert "revert" in terminal.line("history", "/> ")


def test_ctrl_c_in_the_middle_of_an_apply(terminal: Terminal) -> None:
    """The old state is back, the shell goes on."""
    before = tree()
    objects = [StorageObject(f"d{number}", RamDisk(4096)) for number in range(600)]
    (ETC / "many.json").write_text(savefile.dumps(Config({so.key: so for so in objects})))
    terminal.send(f"apply {ETC}/many.json --merge\r")
    deadline = time.monotonic() + 60
    while len(os.listdir(TARGET / "core")) < 60:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    terminal.send("\x03")
    assert "/: interrupted, nothing was changed" in terminal.expect("/> $")
    assert tree() == before
    assert "r9" in terminal.line("/backstores/ramdisk create r9 1M", "/> ")
    (ETC / "many.json").unlink()
