# SPDX-License-Identifier: Apache-2.0
"""The change lock between real processes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext.errors import InUse, LioError, PermissionDenied
from rtslib_ext.host import system
from rtslib_ext.transaction import lock
from rtslib_ext.transaction.lock import Holder, LastChange, Locked, acquire, change_lock, holder

HOLD = """
import sys, time
from rtslib_ext.transaction.lock import change_lock
with change_lock("/iscsi create x", path=sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""
# What targetcli-fb does.
HOLD_AS_FB = """
import fcntl, sys
file = open(sys.argv[1], "w+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rtslib_ext.transaction.lock"


class Other:
    """Another process, which holds the lock until it is let go."""

    def __init__(self, program: str, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SUDO_USER": "ada"},
        )
        assert self.process.stdout and self.process.stdout.readline() == b"held\n"

    def end(self) -> None:
        self.process.communicate()


@pytest.fixture
def other(path: Path) -> Iterator[Other]:
    process = Other(HOLD, path)
    yield process
    process.end()


def test_held_for_the_block_and_said_by_whom(path: Path) -> None:
    assert holder(path) is None
    with change_lock("/iscsi create x", path=path):
        mine = holder(path)
        assert mine is not None
        assert (mine.pid, mine.command) == (os.getpid(), "/iscsi create x")
        assert abs(mine.since - time.time()) < 10
        assert path.stat().st_mode & 0o777 == 0o600
    assert holder(path) is None
    assert path.read_bytes() == b""
    with change_lock("again", path=path):
        pass


def test_a_failure_inside_lets_it_go(path: Path) -> None:
    with pytest.raises(KeyError), change_lock("x", path=path):
        raise KeyError
    assert path.read_bytes() == b""
    with change_lock("again", path=path, wait=0):
        pass


def test_refused_with_the_holder_in_the_message(path: Path, other: Other) -> None:
    with pytest.raises(Locked) as refused, change_lock("x", path=path, wait=0):
        raise AssertionError("got it")
    assert isinstance(refused.value, InUse)
    assert refused.value.holder == holder(path)
    assert f"pid {other.process.pid}, user ada as " in refused.value.message
    assert refused.value.message.endswith(": /iscsi create x)")
    assert "--wait" in refused.value.hint


def test_waits_and_tells_once_who_is_waited_for(path: Path, other: Other) -> None:
    told: list[str] = []

    def waiting(text: str) -> None:
        told.append(text)
        other.end()

    with change_lock("x", path=path, waiting=waiting, notice=0.2):
        assert holder(path) == lock._written(os.open(path, os.O_RDONLY))
    assert len(told) == 1
    assert f"pid {other.process.pid}" in told[0] and "/iscsi create x" in told[0]


def test_no_notice_before_its_time(path: Path, other: Other) -> None:
    told: list[str] = []
    started = time.monotonic()
    with pytest.raises(Locked), change_lock("x", path=path, wait=0.3, waiting=told.append):
        pass
    assert 0.3 <= time.monotonic() - started < 5
    assert told == []
    with pytest.raises(Locked):
        with change_lock("x", path=path, wait=0.6, notice=0.1, waiting=told.append):
            pass
    assert len(told) == 1


def test_a_killed_holder_blocks_nobody(path: Path, other: Other) -> None:
    other.process.send_signal(signal.SIGKILL)
    other.process.wait()
    assert json.loads(path.read_text())["pid"] == other.process.pid
    assert holder(path) is None
    with change_lock("x", path=path, wait=0):
        assert getattr(holder(path), "command", "") == "x"


def test_targetcli_fb_is_seen_and_named(path: Path) -> None:
    other = Other(HOLD_AS_FB, path)
    with pytest.raises(Locked, match=f"pid {other.process.pid}: python"):
        with change_lock("x", path=path, wait=0):
            pass
    other.end()


def test_targetcli_fb_waits_for_us_and_empties_the_file(path: Path) -> None:
    with change_lock("x", path=path):
        with open(path, "w+") as theirs:
            assert not acquire(theirs.fileno(), 0)
        found = holder(path)
        assert found and found.pid == os.getpid() and found.command
    with open(path, "w+") as theirs:
        assert acquire(theirs.fileno(), 0)


def test_no_other_user_can_lock_the_file_of_targetcli_fb(path: Path) -> None:
    path.touch()
    path.chmod(0o644)
    with change_lock("x", path=path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"\xff\x00",
        b"[]",
        b"{}",
        b'{"pid": "x", "user": "", "command": "", "since": 0}',
        b'{"pid": 1, "user": "u", "command": "c", "since": 1}',
        b'{"pid": 99999999999999999999, "user": "u", "command": "c", "since": 1}',
        b'{"pid": 1, "user": "u", "command": "c", "since": 1e999}',
        b"[" * 50000,
    ],
)
def test_stale_content_is_not_believed(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert holder(path) is None
    with open(path, "r+b") as somebody:
        fcntl.flock(somebody, fcntl.LOCK_EX)
        found = holder(path)
        assert found and found.pid == os.getpid() and found.user == ""
        with pytest.raises(Locked), change_lock("x", path=path, wait=0):
            pass
    with change_lock("y", path=path, wait=0):
        assert getattr(holder(path), "command", "") == "y"


def test_without_a_list_of_locks_a_dead_holder_is_not_believed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_holding", lambda lock: [])
    with change_lock("x", path=path), pytest.raises(Locked, match="x"):
        with change_lock("y", path=path, wait=0):
            pass
    dead = subprocess.Popen(["true"])
    dead.wait()
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps({"pid": dead.pid, "user": "", "command": "dead", "since": 1}))
        file.flush()
        with pytest.raises(Locked, match=rf" \(pid {os.getpid()}: [^ ]+\)$"):
            with change_lock("y", path=path, wait=0):
                pass


def test_a_file_removed_meanwhile_is_not_the_lock(path: Path, other: Other) -> None:
    def waiting(text: str) -> None:
        path.unlink()
        other.end()

    with change_lock("x", path=path, waiting=waiting, notice=0.05):
        assert getattr(holder(path), "command", "") == "x"


def test_only_one_at_a_time(path: Path, tmp_path: Path) -> None:
    """Many processes add one to a number, which loses none."""
    number = tmp_path / "number"
    number.write_text("0")
    program = """
import sys, time
from rtslib_ext.transaction.lock import change_lock
for _ in range(15):
    with change_lock("x", path=sys.argv[1]):
        with open(sys.argv[2]) as file:
            now = int(file.read())
        time.sleep(0.001)
        with open(sys.argv[2], "w") as file:
            file.write(str(now + 1))
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    args = [sys.executable, "-c", program, path, number]
    processes = [subprocess.Popen(args, env=environ) for _ in range(6)]
    assert [process.wait() for process in processes] == [0] * 6
    assert number.read_text() == "90"


@pytest.mark.parametrize(
    ("number", "user", "hint"),
    [
        ("EACCES", 1000, "sudo"),
        ("EPERM", 1000, "sudo"),
        ("EACCES", 0, "SELinux"),
        ("EROFS", 0, "remount,rw"),
        ("EROFS", 1000, "remount,rw"),
    ],
)
def test_the_real_reason(
    path: Path, number: str, user: int, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def refuse(*args: object) -> int:
        raise OSError(getattr(errno, number), "no")

    monkeypatch.setattr(lock.os, "open", refuse)
    monkeypatch.setattr(lock.os, "geteuid", lambda: user)
    with pytest.raises(LioError) as refused, change_lock("x", path=path):
        pass
    assert hint in refused.value.hint
    assert isinstance(refused.value, PermissionDenied) == (hint == "sudo")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(LioError, match="cannot open the lock file .*No such file") as refused:
        with change_lock("x", path=tmp_path / "no" / "lock"):
            pass
    assert str(tmp_path / "no") in refused.value.hint


def test_a_full_disk_keeps_nobody_from_working(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lock.os, "pwrite", full)
    with change_lock("x", path=path):
        pass


def test_how_a_holder_is_told() -> None:
    assert str(Holder(7)) == "pid 7"
    text = str(Holder(7, "root", "/iscsi create", 1700000000.0))
    assert text.startswith("pid 7, user root, since 2023-11-1")
    assert text.endswith(": /iscsi create")


def test_a_holder_in_an_uninterruptible_call_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_state", lambda pid: "D")
    assert str(Holder(7)) == "pid 7, waiting in the kernel, not to be interrupted"


def test_a_stopped_holder_is_told(path: Path) -> None:
    """What SIGSTOP stops keeps the lock, so the message has the cure."""
    child = os.fork()
    if not child:
        with change_lock("/ saveconfig", path=path):
            os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    try:
        os.waitpid(child, os.WUNTRACED)
        with pytest.raises(Locked) as caught, change_lock("x", path=path, wait=0):
            pass
        assert f"(pid {child}, user " in caught.value.message
        assert f", stopped, kill -CONT {child} continues it: / saveconfig)" in caught.value.message
    finally:
        os.kill(child, signal.SIGCONT)
        assert os.waitpid(child, 0)[1] == 0
    with change_lock("x", path=path, wait=0):
        pass


def test_interrupted_while_waiting(path: Path, other: Other) -> None:
    def waiting(text: str) -> None:
        raise KeyboardInterrupt

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(KeyboardInterrupt):
        with change_lock("x", path=path, waiting=waiting, notice=0.01):
            pass
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_word_is_left_for_the_next_holder_only(path: Path) -> None:
    with change_lock("/ clearconfig", path=path) as held:
        assert held.left == ""
        held.leaves = "clearconfig"
    assert holder(path) is None
    with change_lock("/ saveconfig", path=path) as held:
        assert held.left == "clearconfig"
    with change_lock("/ saveconfig", path=path) as held:
        assert held.left == ""


@pytest.mark.parametrize("text", ["", "[]", "{", '{"left": null}', '{"left": {}}', "7"])
def test_what_others_leave_is_no_word_of_ours(path: Path, text: str) -> None:
    path.write_text(text)
    with change_lock("/ saveconfig", path=path) as held:
        assert held.left != "clearconfig"


def test_a_program_that_changes_something_keeps_the_lock_of_a_killed_process(
    tmp_path: Path,
) -> None:
    """As nft while it loads rules: the next change must not be overtaken by it."""
    path, begun = tmp_path / "lock", tmp_path / "begun"
    child = os.fork()
    if child == 0:
        with change_lock("/ x", path=path):
            # In one process: one that starts another is uninterruptible for a moment (vfork).
            words = ("sh", "-c", f": >{begun}; exec sleep 1")
            system.run(*words, keeps_locks=True)
        os._exit(1)
    while not begun.exists():
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    named = r"\(pid [0-9]+: (sh|sleep)\)"
    with pytest.raises(Locked, match=named), change_lock("/ y", path=path, wait=0):
        pass
    with change_lock("/ y", path=path, wait=10):
        pass


def test_a_process_that_was_forked_keeps_no_lock(path: Path) -> None:
    """As in a program that uses the library and starts workers in a block of changing()."""
    with change_lock("/ x", path=path):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
    with change_lock("/ y", path=path, wait=0):
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_process_that_was_forked_releases_no_lock(path: Path) -> None:
    child = 0
    try:
        with change_lock("/ x", path=path):
            child = os.fork()
            if child == 0:
                raise SystemExit
            os.waitpid(child, 0)
            found = holder(path)
            assert found and found.pid == os.getpid()
    finally:
        if child == 0:
            os._exit(0)


def test_that_a_change_may_wait_survives_a_kill_and_a_failure(path: Path) -> None:
    """Without the note, nobody would roll back a change whose own process was killed."""
    with change_lock("/ x", path=path) as held:
        held.leaves = LastChange.UNCONFIRMED
    with pytest.raises(ValueError), change_lock("/ y", path=path):
        raise ValueError
    child = os.fork()
    if child == 0:
        with change_lock("/ z", path=path):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    with change_lock("/ y", path=path) as held:
        assert held.left is LastChange.UNCONFIRMED
