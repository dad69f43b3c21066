# SPDX-License-Identifier: Apache-2.0
"""A shell whose current node is deleted: by itself, by an undo, by another process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..compatibility.test_terminal import Terminal
from .harness import ETC, TARGET, Shell

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user in a TPG."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/luns create /backstores/ramdisk/r1")
    shell.cwd = TPG
    return shell


# The line that deletes the current node, and the nearest node that is left.
DELETES = {
    f"/iscsi delete {IQN}": (TPG, "/iscsi"),
    f"/iscsi/{IQN} delete 1": (TPG, f"/iscsi/{IQN}"),
    f"{TPG}/luns delete 0": (f"{TPG}/luns/lun0", f"{TPG}/luns"),
    f"{TPG}/portals delete ::0 3260": (f"{TPG}/portals/[::0]:3260", f"{TPG}/portals"),
    "/backstores/ramdisk delete r1": ("/backstores/ramdisk/r1/alua", "/backstores/ramdisk"),
    "/ clearconfig confirm=true": (TPG, "/iscsi"),
}


@pytest.mark.parametrize("line", DELETES)
def test_the_shell_goes_up(user: Shell, line: str) -> None:
    user.cwd, left = DELETES[line]
    gone = user.cwd
    answer = user.ok(line)
    assert answer.asides[-1] == f"Note: {gone} is gone; now at {left}"
    assert user.cwd == left
    assert user.ok("pwd") == f"{left}\n"


def test_undo_may_delete_it_too(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r2 1M")
    user.cwd = "/backstores/ramdisk/r2"
    assert user.ok("/ undo").asides[-1].endswith("is gone; now at /backstores/ramdisk")
    assert user.cwd == "/backstores/ramdisk"


@pytest.mark.parametrize("line", ["cd /", "help", "exit", "pwd", "ls", "/ status", ".."])
def test_another_process_deleted_it(user: Shell, line: str) -> None:
    Shell(user.home).ok(f"/iscsi delete {IQN}")
    answer = user.ok(line)
    assert answer.asides == [f"Note: {TPG} is gone; now at /iscsi"]
    assert user.ok("pwd").asides == []


def test_a_change_that_was_typed_for_it_is_not_made_elsewhere(user: Shell) -> None:
    Shell(user.home).ok(f"/iscsi delete {IQN}")
    user.refuses("create iqn.2003-01.org.example:b", f"No such path {TPG}", "now at /iscsi")
    assert user.cwd == "/iscsi"
    user.ok("create iqn.2003-01.org.example:b")


def test_lines_on_standard_input_continue(user: Shell) -> None:
    lines = f"cd {TPG}\n/iscsi delete {IQN}\npwd\ncd /\n/backstores/ramdisk create r2 1M\nexit\n"
    done = subprocess.run(
        [sys.executable, "-m", "targetcli"],
        input=lines,
        capture_output=True,
        text=True,
        env={**os.environ, "TARGETCLI_HOME": str(user.home)},
        check=True,
    )
    gone, also = done.stderr.splitlines()
    assert gone == f"Note: {TPG} is gone; now at /iscsi"
    # What another process made, and did not save.
    assert also.startswith("Note: this also saved ") and also.endswith(": /backstores/ramdisk/r1")
    assert "/iscsi> /iscsi\n" in done.stdout
    assert list(TARGET.glob("core/rd_mcp_*/r2"))
    assert (ETC / "saveconfig.json").exists()


@pytest.fixture
def terminal(user: Shell, tmp_path: Path) -> Iterator[Terminal]:
    """A shell at a terminal, in the root."""
    found = Terminal(user.home)
    found.expect("/> ")
    yield found
    if found.pid:
        os.close(found.file)


def test_ctrl_d_ends_a_shell_whose_node_is_gone(user: Shell, terminal: Terminal) -> None:
    terminal.line(f"cd {TPG}", "tpg1> ")
    Shell(user.home).ok(f"/iscsi delete {IQN}")
    terminal.send("\x04")
    assert terminal.close() == 0
