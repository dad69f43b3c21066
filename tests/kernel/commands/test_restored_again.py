# SPDX-License-Identifier: Apache-2.0
"""restoreconfig where something runs: what exists is not taken for whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rtslib_ext import savefile
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.transaction import journal
from targetcli.env import JOURNAL
from tests.kernel.plan import edits
from tests.kernel.plan.test_faults import state

from .harness import TARGET, Shell
from .test_faults import Broken

FILE = "/etc/target/whole.json"
RESTORE = f"restoreconfig {FILE}"
KEEP = f"{RESTORE} keep_existing=true"
TPG = f"/iscsi/{edits.STORE}/tpg1"


@pytest.fixture
def whole(shell: Shell) -> str:
    """A file is restored; its state."""
    edits.make_files()
    Path(FILE).write_text(savefile.dumps(edits.base()))
    shell.ok(RESTORE)
    shell.ok(f"saveconfig {FILE}")
    return state()


def test_an_object_that_differs_is_named(whole: str, shell: Shell) -> None:
    shell.ok(KEEP)
    shell.ok(f"{TPG} disable")
    shell.ok("/backstores/ramdisk/r1 set attribute emulate_3pc=0")
    shell.ok(f"{TPG}/luns delete 1")
    changed = shell(KEEP)
    assert changed.exit == 1
    left = "it exists and was left unchanged, but it differs:"
    assert f"{TPG}: {left} enable (apply changes it), skipped" in changed.stderr
    assert f"/backstores/ramdisk/r1: {left} set emulate_3pc=1 (apply" in changed.stderr
    assert "2 recoverable errors" in changed.stderr
    assert shell.ok(f"{TPG}/luns ls").count("lun1") == 1
    shell.ok(f"apply {FILE}", yes=True)
    shell.ok(KEEP)
    assert state() == whole


def test_an_object_that_was_never_enabled_is_named(configfs: Path, shell: Shell) -> None:
    Path(FILE).write_text(savefile.dumps(edits.base()))
    edits.make_files()
    (TARGET / "core/rd_mcp_3/r0").mkdir(parents=True)
    answer = shell(KEEP)
    assert answer.exit == 1
    assert "/backstores/ramdisk/r0: it exists and was left unchanged, but it was never enabled" in (
        answer.stderr
    )


@pytest.mark.parametrize("at", [5, 30, 45])
def test_after_an_interrupt_it_is_completed(whole: str, shell: Shell, at: int) -> None:
    shell.ok("clearconfig confirm=true")
    shell.fs = Broken(at, "interrupted")
    assert "interrupted" in shell(RESTORE).stderr
    assert journal.find(JOURNAL) is None
    shell.fs = ConfigFS()
    shell.ok(KEEP)
    assert state() == whole


@pytest.mark.parametrize("line", [RESTORE, KEEP])
def test_two_at_once(whole: str, shell: Shell, line: str) -> None:
    shell.ok("clearconfig confirm=true")
    command = [sys.executable, "-m", "targetcli", *line.split()]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [one.communicate()[1] for one in both]
    failed = [text for one, text in zip(both, told, strict=True) if one.returncode]
    assert state() == whole
    if line == KEEP:
        assert failed == []
    else:
        (text,) = failed
        assert "exist" in text and "apply changes only the differences" in text


def test_dashes_in_the_name_of_a_command(whole: str, shell: Shell) -> None:
    shell.cwd = TPG
    for line in ("/ restore-pending", "../../../ restore-pending partial=false"):
        assert json.loads(shell(line, json=True))["command"] == "restore_pending"
    shell.refuses("restore-pending", "Command not found restore")
