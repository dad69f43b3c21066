# SPDX-License-Identifier: Apache-2.0
"""browse in a terminal, on a real kernel: its screens, its keys, and what it changes."""

from __future__ import annotations

from golden_screens import compare
from tmux import terminal

from targetcli.env import HISTORY

from ..commands.harness import Shell, value
from .conftest import HOST, TARGET, TPG

ATTRIBUTES = f"iscsi/{TARGET.rpartition('/')[2]}/tpgt_1/attrib"


def test_edit_undo_and_commands(user: Shell) -> None:
    with terminal(user.home, f"{TPG} browse") as screen:
        compare("browse-80x24-tree", screen.until(">      + tpg1", "authentication"))
        screen.keys("Enter", "Down", "Down", "Enter")
        screen.until("lun0")
        screen.keys("Up", "Up", "Tab", "Down", "Down", "Down")
        compare("browse-80x24-settings", screen.until(">  default_erl"))
        screen.keys("Up", "Up", "Up", "Enter")
        compare("browse-80x24-edit", screen.until("New value: 0"))
        screen.keys("BSpace", "7", "Enter")
        compare("browse-80x24-invalid", screen.until("New value: 7", "! "))
        screen.keys("Down", "Down", "Enter")
        compare("browse-80x24-plan", screen.until("Plan: set attribute"))
        assert value(f"{ATTRIBUTES}/authentication") == "0"
        screen.keys("y")
        screen.until("Parameter authentication is now '1'")
        assert value(f"{ATTRIBUTES}/authentication") == "1"
        screen.keys("u")
        compare("browse-80x24-undo", screen.until("Plan: undo"))
        screen.keys("n")
        screen.until("targetcli browse")
        assert value(f"{ATTRIBUTES}/authentication") == "1"
        screen.keys("u")
        screen.until("Plan: undo")
        screen.keys("y")
        screen.until("Done: undo")
        assert value(f"{ATTRIBUTES}/authentication") == "0"
        screen.keys("Escape")
        screen.until("targetcli browse")
        screen.keys("/")
        screen.type("demo disc")
        compare("browse-80x24-filter", screen.until("/demo disc", "demo_mode_discovery"))
        screen.keys("Enter", ":")
        screen.type("luns/ delete lun1")
        screen.keys("Enter")
        compare("browse-80x24-delete", screen.until("Plan: luns/ delete lun1"))
        assert user.ok(f"{TPG}/luns ls").count("ramdisk/") == 2
        screen.keys("y")
        screen.until("Deleted LUN 1")
        assert user.ok(f"{TPG}/luns ls").count("ramdisk/") == 1
        screen.keys(":")
        screen.type("luns/ create nonsense")
        screen.keys("Enter")
        screen.until("Refused: luns/ create nonsense")
        screen.keys("q")
        screen.until("targetcli browse")
        screen.keys("q")
        status, text = screen.ended()
        assert status == 0
        assert "Note: the changes are not saved; saveconfig saves them" in text
    user.kept = HISTORY
    said = user.ok("history")
    assert "set attribute authentication=1" in said and "undo" in said


def test_wide_search_and_resize(user: Shell) -> None:
    with terminal(user.home, "/iscsi browse", 132, 40, term="xterm-256color") as screen:
        compare("browse-132x40-tree", screen.until(">  + iscsi", "mutual_userid"))
        screen.keys("/")
        screen.type("lun1")
        compare("browse-132x40-search", screen.until("2 of "))
        screen.keys("Down", "Enter")
        compare("browse-132x40-found", screen.until("targetcli browse  /iscsi"))
        screen.resize(80, 24)
        compare("browse-80x24-found", screen.until("targetcli browse  /iscsi"))
        screen.resize(20, 5)
        screen.until("targetcli browse")
        screen.resize(132, 40)
        compare("browse-132x40-found", screen.until("targetcli browse  /iscsi"))
        screen.keys("/")
        screen.type("host1")
        screen.until("3 of 27")
        screen.keys("Enter")
        compare("browse-132x40-acl", screen.until(f"acls/{HOST}", "dataout_timeout"))
        screen.keys("Escape")
        assert screen.ended()[0] == 0
