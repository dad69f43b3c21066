# SPDX-License-Identifier: Apache-2.0
"""A command on several nodes, and lines that go on after one that failed."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from targetcli import session

from .harness import ETC, TARGET, Shell

A, B = (f"iqn.2003-01.org.example:{name}" for name in "ab")


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with two targets."""
    for name in (A, B):
        shell.ok(f"/iscsi create {name}")
    return shell


def test_star_stands_for_every_child(user: Shell) -> None:
    assert user.ok("/iscsi/* status").rows == [
        f"[/iscsi/{A}]",
        f"Status for /iscsi/{A}: TPGs: 1",
        f"[/iscsi/{B}]",
        f"Status for /iscsi/{B}: TPGs: 1",
    ]
    assert len(user.ok("/backstores/* status").rows) == 8


def test_star_changes_every_child(user: Shell) -> None:
    user.ok("/iscsi/*/tpg1 set attribute authentication=1")
    for name in (A, B):
        text = (TARGET / f"iscsi/{name}/tpgt_1/attrib/authentication").read_text()
        assert text == "1\n"


def test_one_that_fails_leaves_the_others(user: Shell) -> None:
    user.ok(f"/iscsi/{A}/tpg1/portals delete ::0 3260")
    answer = user("/iscsi/*/tpg1/portals delete ::0 3260")
    assert answer.exit == 1
    assert f"/iscsi/{A}/tpg1/portals: No such NetworkPortal in configfs" in answer.stderr
    assert "Deleted network portal ::0:3260" in answer.rows
    assert list((TARGET / f"iscsi/{B}/tpgt_1/np").iterdir()) == []


def test_star_that_stands_for_nothing(user: Shell) -> None:
    assert user.ok(f"/iscsi/{A}/tpg1/acls/* status") == ""
    user.refuses("/nosuch/* status", "No such path /nosuch")


def test_lines_go_on_after_one_that_failed(user: Shell) -> None:
    env = user.env()
    lines = [
        "# a comment",
        "",
        "nosuch",
        "/backstores/ramdisk create r1 1M",
        "pwd x",
        "exit",
        "pwd",
    ]
    env.stdin = io.StringIO("\n".join(lines))
    assert session.run_script(env) == 0
    out, err = env.stdout.getvalue(), env.stderr.getvalue()  # type: ignore[attr-defined]
    assert "Created ramdisk r1 with size 1M.\n" in out
    assert out.endswith(f"Configuration saved to {ETC}/saveconfig.json\n")
    assert err.splitlines()[0].startswith("/: Command not found nosuch")
    assert err.splitlines()[-1] == "2 of the commands failed"


def test_script_of_a_process(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGETCLI_HOME", str(user.home))
    user.ok("set global auto_save_on_exit=false")
    done = subprocess.run(
        [sys.executable, "-m", "targetcli"],
        input="cd /backstores/ramdisk\ncreate r1 1M\ncreate r1 1M\n",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "/backstores/ramdisk> Created ramdisk r1 with size 1M.\n" in done.stdout
    assert done.stderr.splitlines() == [
        "/backstores/ramdisk: Storage object ramdisk/r1 exists "
        "(an object with this name already exists: choose another name)",
        "1 of the commands failed",
    ]
    assert not (ETC / "saveconfig.json").exists()


@pytest.mark.parametrize("text", ["/backstores/ramdisk/m*", "'/backstores/ramdisk/m*'"])
def test_ls_of_a_pattern(shell: Shell, text: str) -> None:
    for name in ("m1", "m2", "other"):
        shell.ok(f"/backstores/ramdisk create {name} 1M")
    wanted = shell.ok(f"{text} ls")
    assert "[/backstores/ramdisk/m2]" in wanted.rows
    assert shell.ok(f"ls {text}") == shell.ok(f"/ ls path={text}") == wanted
    assert shell.ok("/backstores/ramdisk ls m*") == wanted
    assert shell.ok(f"ls {text} 1") == shell.ok(f"{text} ls depth=1")
    shell.refuses("ls /backstores/ramdisk/z*", "nothing matches /backstores/ramdisk/z*")
