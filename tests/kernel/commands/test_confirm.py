# SPDX-License-Identifier: Apache-2.0
"""apply --confirm-within: what is not confirmed in time goes back by itself."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext import savefile
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from targetcli.audit import history
from targetcli.env import Env
from targetcli.prefs import Preferences
from tests.kernel.plan.test_killed import Deadly, forked, lived

from .harness import ETC, TARGET, Shell, tree

WAITING = Path("/run/targetcli/waiting")
JOURNAL = Path("/run/targetcli/journal")
WANTED = ETC / "wanted.json"
IQN = "iqn.2003-01.org.example:a"
HOST = "iqn.2003-01.org.example:host"
SECRET = "n0t-for-everybody"


@pytest.fixture
def user(shell: Shell) -> Iterator[Shell]:
    """A user with a file that says something else than what runs."""
    shell.ok("/backstores/ramdisk create old 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"/iscsi/{IQN}/tpg1/luns create /backstores/ramdisk/old")
    shell.ok(f"/iscsi/{IQN}/tpg1 set auth userid=u password={SECRET}")
    shell.ok(f"saveconfig {WANTED}")
    wanted = json.loads(WANTED.read_text())
    wanted["storage_objects"] = [{"name": "new", "plugin": "ramdisk", "size": 1048576, "wwn": "s1"}]
    wanted["targets"][0]["tpgs"][0]["luns"] = []
    wanted["targets"][0]["tpgs"][0]["chap_password"] = f"{SECRET}-2"
    WANTED.write_text(json.dumps(wanted))
    WAITING.unlink(missing_ok=True)
    yield shell
    WAITING.unlink(missing_ok=True)
    WANTED.unlink()


def targetcli(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "targetcli", *words]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def becomes(ask: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ask():
            return True
        time.sleep(0.1)
    return False


def waits() -> bool:
    return bool(json.loads(WAITING.read_text())["back"])


@contextmanager
def system_log() -> Iterator[socket.socket]:
    """The socket of the system's log."""
    path = Path("/dev/log")
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(path))
        log.settimeout(20)
        yield log
    path.unlink()


def test_it_goes_back_when_the_terminal_is_gone(user: Shell) -> None:
    before = tree()
    script = f"{sys.executable} -m targetcli apply {WANTED} --confirm-within 3s; sleep 1000"
    with system_log() as log:
        child, terminal = pty.fork()
        if not child:
            os.execv("/bin/sh", ["sh", "-c", script])
        said = b""
        while b"targetcli confirm" not in said:
            said += os.read(terminal, 4096)
        assert tree() != before and waits()
        assert stat.S_IMODE(WAITING.stat().st_mode) == 0o600
        # The connection is cut: everything of the session ends.
        os.close(terminal)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert b"Applied. It is rolled back automatically at " in said
        assert becomes(lambda: not waits())
        assert tree() == before
        logged = log.recv(4096).decode()
    assert re.search(r"targetcli\[\d+\]: apply on /, not confirmed within 3 s: rolled back", logged)
    assert SECRET not in WAITING.read_text() + logged
    answer = user("confirm")
    assert answer.exit == 1
    assert "no change is waiting for confirmation (apply on /: rolled back at 2" in answer.stderr


def test_confirmed_in_time_it_stays(user: Shell) -> None:
    start = time.monotonic()
    assert targetcli("confirm").returncode == 1
    # Time for the processes below, on a machine of any speed.
    within = 10 + 10 * int(time.monotonic() - start)
    assert targetcli("apply", str(WANTED), "--confirm-within", f"{within}s").returncode == 0
    told = checked(targetcli("--json", "confirm", "status").stdout)["data"]
    assert told["state"] == "waits" and told["until"] > time.time()
    said = targetcli("confirm")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("Confirmed: apply on /")
    assert not WAITING.exists()
    after = tree()
    time.sleep(max(0, told["until"] + 3 - time.time()))
    assert tree() == after
    assert not WAITING.exists()


def test_the_next_command_tells_and_another_apply_is_refused(user: Shell) -> None:
    assert targetcli("apply", str(WANTED), "--confirm-within", "10m").returncode == 0
    said = targetcli("/backstores/ramdisk", "create", "spare", "1M")
    assert said.returncode == 0
    note = "Note: apply on / is rolled back automatically at "
    assert said.stderr.startswith(note)
    said = targetcli("apply", str(WANTED))
    assert said.returncode == 1 and "apply on / is waiting for confirmation" in said.stderr
    assert "confirm keeps it" in said.stderr
    # A command that fails leaves the word for the next one.
    assert targetcli("/backstores/ramdisk", "delete", "spare").stderr.startswith(note)
    assert "rolled back" in targetcli("confirm", "back").stdout
    assert targetcli("/backstores/ramdisk", "create", "spare", "1M").stderr == ""


def test_a_shell_that_ends_does_not_save_it(user: Shell) -> None:
    saved = ETC / "saveconfig.json"
    user.ok("saveconfig")
    before = saved.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "targetcli"],
        input=f"apply {WANTED} confirm_within=1h\nexit\n",
        capture_output=True,
        text=True,
    )
    assert "not saved: a change is waiting for confirmation" in done.stderr
    assert saved.read_bytes() == before
    user.ok("confirm back")


def test_what_stands_in_its_way_is_told(user: Shell) -> None:
    assert targetcli("apply", str(WANTED), "--confirm-within", "1h").returncode == 0
    user(f"/iscsi/{IQN}/tpg1/luns create /backstores/ramdisk/new")
    before = tree()
    answer = user("confirm back")
    assert answer.exit == 1
    assert "could not be rolled back at " in answer.stderr
    assert f"/iscsi/{IQN}/tpg1/luns/lun0: it already exists" in answer.stderr
    assert tree() == before


def test_what_others_changed_since_is_left_alone(user: Shell) -> None:
    """A LUN of it is mapped by now: the kernel would cut the mapped LUN off."""
    user.ok(f"/iscsi/{IQN}/tpg1/acls create {HOST}")
    wanted = json.loads(WANTED.read_text())
    del wanted["targets"]
    wanted["targets"] = json.loads(savefile.dumps(Reader(ConfigFS()).config()))["targets"]
    lun = {"index": 7, "storage_object": "/backstores/ramdisk/old"}
    wanted["targets"][0]["tpgs"][0]["luns"].append(lun)
    WANTED.write_text(json.dumps(wanted))
    assert targetcli("apply", str(WANTED), "merge=true", "confirm_within=1h").returncode == 0
    user.ok(f"/iscsi/{IQN}/tpg1/acls/{HOST} create 7 7")
    before = tree()
    answer = user("confirm back")
    assert answer.exit == 1 and f"it was mapped to {HOST} later" in answer.stderr
    assert tree() == before


def test_one_that_was_reverted_by_hand_stays_so(user: Shell) -> None:
    # A password is not kept, so its change could not be reverted.
    WANTED.write_text(WANTED.read_text().replace(f"{SECRET}-2", SECRET))
    before = tree()
    assert targetcli("apply", str(WANTED), "confirm_within=1h").returncode == 0
    number = history.read(Env(Preferences.load(user.home)).history)[-1].number
    assert targetcli("revert", str(number)).returncode == 0
    assert tree() == before
    assert ": nothing was undone" in user("confirm back").stderr
    assert tree() == before


def test_in_a_dry_run_nothing_waits(user: Shell) -> None:
    before = tree()
    said = targetcli("--dry-run", "apply", str(WANTED), "confirm_within=60s")
    assert said.returncode == 0 and "/backstores/ramdisk/new" in said.stdout
    assert tree() == before and not WAITING.exists()


def test_it_is_no_part_of_a_batch(user: Shell, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text(f"apply {WANTED} confirm_within=60s\n")
    before = tree()
    said = targetcli("--batch", str(lines))
    assert said.returncode == 1 and "cannot be part of a transaction" in said.stderr
    assert tree() == before and not WAITING.exists()


def test_it_waits_for_another_change_to_be_ended(user: Shell) -> None:
    before = tree()
    assert targetcli("apply", str(WANTED), "confirm_within=3s").returncode == 0
    user.fs = Deadly(2, "after")
    assert not lived(forked(lambda: user("/backstores/ramdisk create half 1M")))
    user.fs = ConfigFS()
    assert JOURNAL.exists()
    time.sleep(6)
    assert waits() and JOURNAL.exists()
    user.ok("recover")
    assert becomes(lambda: not waits())
    assert tree() == before


def test_recover_ends_the_waiting(user: Shell) -> None:
    before = tree()
    user.fs = Deadly(3, "after")
    assert not lived(forked(lambda: user(f"apply {WANTED} confirm_within=1h")))
    user.fs = ConfigFS()
    assert JOURNAL.exists() and waits()
    user.ok("recover")
    assert tree() == before and not waits()
    assert "undone by recover" in user.ok("confirm status")
    user.refuses("confirm", "no change is waiting for confirmation")


def test_a_plan_that_fails_leaves_nothing_waiting(user: Shell) -> None:
    wanted = json.loads(WANTED.read_text())
    wanted["storage_objects"].append(
        {"name": "f", "plugin": "fileio", "size": 1048576, "dev": "/nowhere/f", "wwn": "s2"}
    )
    WANTED.write_text(json.dumps(wanted))
    before = tree()
    said = targetcli("apply", str(WANTED), "--confirm-within", "60s")
    assert said.returncode == 1
    assert tree() == before and not WAITING.exists()


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.03])
def test_a_plan_that_is_killed_half_way_goes_back_too(user: Shell, moment: float) -> None:
    """Whoever makes the change may die at any moment of it."""
    before = tree()
    words = ["apply", str(WANTED), "--confirm-within", "4s"]
    process = subprocess.Popen(
        [sys.executable, "-m", "targetcli", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not JOURNAL.exists() and process.poll() is None:
        pass
    time.sleep(moment)
    process.kill()
    process.wait()
    assert becomes(lambda: not waits())
    assert not JOURNAL.exists()
    assert tree() == before


@pytest.mark.parametrize("text", ["0s", "soon", "1d", "-5s", "1.5m"])
def test_a_wrong_duration(user: Shell, text: str) -> None:
    user.refuses(f"apply {WANTED} confirm_within={text}", f"{text} is not a duration")


class Typed:
    """A session that is open while time passes."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "targetcli"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def end(self) -> str:
        return self.process.communicate()[0]


def rolled_back() -> bool:
    return WAITING.exists() and "rolled back at" in WAITING.read_text()


@pytest.mark.parametrize("by", ["time", "confirm back"])
def test_its_rollback_leaves_a_trace_and_does_not_block_undo(user: Shell, by: str) -> None:
    kept = Env(Preferences.load(user.home)).history
    typed = Typed()
    typed.type("/backstores/ramdisk create early 1M")
    assert becomes(lambda: (TARGET / "core").exists() and "early" in " ".join(tree("core")))
    before = tree()
    typed.type(f"apply {WANTED} merge=true confirm_within={'2s' if by == 'time' else '1h'} ")
    assert becomes(lambda: WAITING.exists())
    assert becomes(lambda: history.read(kept)[-1].command.startswith("/ apply"))
    number = history.read(kept)[-1].number
    if by != "time":
        assert targetcli("confirm", "back").returncode == 0
    assert becomes(rolled_back)
    assert tree() == before
    last = history.read(kept)[-1]
    assert (last.command, last.undoes) == ("/ auto-revert: apply", number)
    assert last.changes and not last.irreversible
    # The session says so at its next line, and undo reaches what was done before.
    typed.type("pwd")
    typed.type("undo")
    typed.type("pwd")
    said = typed.end()
    assert said.count("Note: apply on /: rolled back at ") == 1, said
    assert "Undone: /backstores/ramdisk create early 1M" in said
    assert f"was undone already, by change {last.number}" in said
    assert not any("/early" in name for name in tree("core"))


def test_undo_is_not_stuck_behind_what_another_process_reverted(user: Shell) -> None:
    kept = Shell(user.home.parent / "other", kept=user.history)
    user.ok("/backstores/ramdisk create early 1M")
    before = tree()
    user.ok("/backstores/ramdisk create late 1M")
    number = history.read(user.history)[-1].number
    kept.ok(f"revert {number}")
    assert tree() == before
    answer = user.ok("undo")
    assert "Undone: /backstores/ramdisk create early 1M" in answer
    assert f"by change {number + 1}" in answer.stderr


def watcher() -> int:
    """The process that is to roll back; those of earlier tests may not have ended yet."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and b"auto_revert\0" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return max(found)


def test_the_next_change_rolls_back_if_that_process_was_killed(user: Shell) -> None:
    before = tree()
    assert targetcli("apply", str(WANTED), "--confirm-within", "2s").returncode == 0
    os.kill(watcher(), signal.SIGKILL)
    time.sleep(2.5)
    assert tree() != before
    assert "apply on / is rolled back by the next change" in targetcli("status").stdout
    said = targetcli("confirm")
    assert said.returncode == 1
    assert "Note: apply on / was not confirmed in time: rolled back at 2" in said.stderr
    assert "no change is waiting for confirmation" in said.stderr
    assert tree() == before and not waits()


def test_that_process_is_started_anew(user: Shell) -> None:
    before = tree()
    assert targetcli("apply", str(WANTED), "--confirm-within", "6s").returncode == 0
    os.kill(watcher(), signal.SIGKILL)
    assert "is waiting for confirmation" in targetcli("confirm", "watch").stdout
    assert watcher() and tree() != before
    assert becomes(lambda: not waits())
    assert tree() == before
    assert targetcli("confirm", "watch").stdout == "No change is waiting for confirmation\n"
