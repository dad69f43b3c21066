# SPDX-License-Identifier: Apache-2.0
"""Many processes at once: each change is made, or refused with the reason; nobody is held up."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtslib_ext import System
from rtslib_ext.config.model import Config
from rtslib_ext.kernel import blocked
from rtslib_ext.transaction.lock import holder
from targetcli.changes.locked import locked
from targetcli.tree import walk

from .harness import Answer, Shell

PROGRAM = [sys.executable, "-m", "targetcli"]
IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
MANY = 50


def in_process(work: Callable[[], object]) -> int:
    """Work in a child of this process; return its process number."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def at_once(shell: Shell, lines: list[str], folder: Path) -> list[Answer]:
    """Run each line in a process of its own, all at the same moment."""
    ready, go = os.pipe()

    def run(number: int, line: str) -> None:
        os.close(go)
        os.read(ready, 1)
        answer = shell(line)
        text = json.dumps([answer, answer.stderr, answer.exit])
        (folder / f"{number}").write_text(text)

    numbered = list(enumerate(lines))
    children = [in_process(lambda one=one: run(*one)) for one in numbered]  # type: ignore[misc]
    os.close(go)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(lines)
    found = []
    for number, _ in numbered:
        text, error, status = json.loads((folder / f"{number}").read_text())
        answer = Answer(text)
        answer.stderr, answer.exit = error, status
        found.append(answer)
    return found


@pytest.mark.long
def test_fifty_create_at_once(shell: Shell, disks: Path, tmp_path: Path) -> None:
    """40 different objects, and one that ten processes want: one of them gets it."""
    names = [f"d{min(number, 40)}" for number in range(MANY)]
    lines = [f"/backstores/fileio create {name} {disks}/{name}.img 1M" for name in names]
    answers = at_once(shell, lines, tmp_path)
    done = [name for name, answer in zip(names, answers, strict=True) if answer.exit == 0]
    assert sorted(done) == sorted(set(names))
    for name, answer in zip(names, answers, strict=True):
        errors = [row for row in answer.asides if not row.startswith("waiting for ")]
        if answer.exit == 0:
            assert (answer, errors) == (f"Created fileio {name} with size 1048576\n", [])
        else:
            assert (answer, name, len(errors)) == ("", "d40", 1)
            assert errors[0].startswith("/backstores/fileio: Storage object fileio/d40 exists (")
    assert {key[1] for key in System().read().storage_objects} == set(names)


@pytest.mark.long
def test_fifty_map_and_save_at_once(shell: Shell, tmp_path: Path) -> None:
    """Changes of one TPG that depend on each other: no number is given twice, no save is older."""
    shell.ok("/backstores/ramdisk create 'r[1-20]' 4K")
    shell.ok(f"/iscsi create {IQN}")
    initiators = [f"iqn.2003-01.org.example:i{number}" for number in range(10)]
    disks = [f"r{number}" for number in range(1, 21)]
    options = "add_mapped_luns=false"
    lines = [f"{TPG}/luns create /backstores/ramdisk/{name} {options}" for name in disks]
    lines += [f"{TPG}/acls create {name} {options}" for name in initiators]
    lines += ["saveconfig"] * 20
    answers = at_once(shell, lines, tmp_path)
    failed = [answer.stderr for answer in answers if answer.exit]
    assert failed == []
    tpg = System().read().targets[("iscsi", IQN)].tpgs[1]
    assert sorted(tpg.luns) == list(range(20)) and sorted(tpg.acls) == initiators
    # Whatever was saved last is whole.
    saved = json.loads(Path(shell.save_file).read_text())
    assert sorted(item["name"] for item in saved["storage_objects"]) == sorted(disks)


@pytest.mark.long
def test_fifty_programs_create_at_once(
    shell: Shell, disks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGETCLI_HOME", str(shell.home))
    running = [
        subprocess.Popen(
            [*PROGRAM, "/backstores/fileio", "create", f"d{number}", f"{disks}/d{number}", "1M"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(MANY)
    ]
    for number, process in enumerate(running):
        out, err = process.communicate()
        assert (out, process.returncode) == (f"Created fileio d{number} with size 1048576\n", 0), (
            err
        )
    assert len(System().read().storage_objects) == MANY


# -- readers --------------------------------------------------------------------------------


def come_and_go(shell: Shell) -> None:
    """Create and delete what readers look at, until killed."""
    while True:
        for line in (
            "/backstores/ramdisk create r2 1M",
            f"{TPG}/luns create /backstores/ramdisk/r2 7",
            f"{TPG}/acls create iqn.2003-01.org.example:i2",
            f"{TPG}/acls delete iqn.2003-01.org.example:i2",
            "/backstores/ramdisk delete r2",
            "/iscsi create iqn.2003-01.org.example:b",
            "/iscsi delete iqn.2003-01.org.example:b",
        ):
            shell.ok(line)


@pytest.fixture
def busy(shell: Shell) -> Iterator[Shell]:
    """A user, while another process creates and deletes objects."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/luns create /backstores/ramdisk/r1")
    shell.ok("saveconfig")
    child = in_process(lambda: come_and_go(shell))
    yield shell
    running = os.waitpid(child, os.WNOHANG) == (0, 0)
    os.kill(child, signal.SIGKILL)
    assert running, "a change failed while others read"
    os.waitpid(child, 0)


READ = ("ls", f"{TPG} ls", "/backstores ls", f"{TPG} info", "sessions", "/iscsi status", "diff")


def test_readers_while_objects_come_and_go(busy: Shell) -> None:
    seen = set()
    end = time.monotonic() + 1.5
    for turn in range(10**6):
        line = READ[turn % len(READ)]
        answer = busy(line)
        differs = line == "diff" and answer.exit == 1
        assert (answer.exit, answer.stderr) == (int(differs), ""), line
        config = System().read()
        check_whole(config)
        seen.add((len(config.storage_objects), len(config.targets)))
        if time.monotonic() > end and turn >= len(READ):
            break
    assert len(seen) > 1, "nothing came or went"


def check_whole(config: Config) -> None:
    """Check that each object has all that belongs to it."""
    assert {key[1] for key in config.storage_objects} - {"r2"} == {"r1"}
    for disk in config.storage_objects.values():
        assert (disk.backing.size, disk.wwn is not None) == (1 << 20, True), disk
        assert disk.attributes, disk
    for target in config.targets.values():
        assert list(target.tpgs) == [1]
        for lun in target.tpgs[1].luns.values():
            assert lun.storage_object[1] in ("r1", "r2"), lun
            assert lun.alua_group or is_leaving(target.key, lun.index), lun


def is_leaving(target: tuple[str, str], index: int) -> bool:
    """Return True if a LUN is gone soon: the kernel takes it from its group before its link."""
    for _ in range(10):
        found = System().read().targets.get(target)
        lun = found.tpgs[1].luns.get(index) if found and found.tpgs else None
        if lun is None or lun.alua_group:
            return True
        time.sleep(0.02)
    return False


# -- who holds others up --------------------------------------------------------------------


class Terminal:
    """The program at a terminal of its own."""

    def __init__(self, *words: str) -> None:
        self.process, self.file = pty.fork()
        if not self.process:
            os.environ.update(TERM="xterm", PAGER="less", LESS="", LC_ALL="C.UTF-8")
            os.execv(sys.executable, [*PROGRAM, *words])
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.shown = ""

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + 20
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            if select.select([self.file], [], [], 0.05)[0]:
                self.shown += os.read(self.file, 65536).decode(errors="replace")
        self.shown = self.shown.partition(text)[2]

    def type(self, text: str) -> None:
        os.write(self.file, text.encode())

    def end(self) -> None:
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.file)


def test_shell_that_does_nothing_holds_nobody_up(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle after a change, in the pager, and stopped: others change at once."""
    monkeypatch.setenv("TARGETCLI_HOME", str(shell.home))
    user = Terminal()
    try:
        user.wait_for("/> ")
        user.type("/backstores/ramdisk create mine 1M\n")
        user.wait_for("Created ramdisk mine")
        user.wait_for("/> ")
        shell.ok("/backstores/ramdisk create r1 1M", wait=0)
        user.type("help\n")
        user.wait_for("\x1b[?1049h")
        shell.ok("/backstores/ramdisk create r2 1M", wait=0)
        os.kill(user.process, signal.SIGSTOP)
        os.waitpid(user.process, os.WUNTRACED)
        shell.ok("/backstores/ramdisk create r3 1M", wait=0)
    finally:
        user.end()


def test_ctrl_z_stops_a_change_when_it_is_done(shell: Shell) -> None:
    ready, go = os.pipe()

    def change() -> None:
        os.setpgid(0, 0)
        env = shell.env()
        # Each line is watched, by a thread that must not take the signal.
        with blocked.watch(print), locked(env, walk.root(env), "test"):
            os.write(go, b"x")
            time.sleep(0.3)
        os._exit(7)

    child = in_process(change)
    assert os.read(ready, 1) == b"x"
    os.kill(child, signal.SIGTSTP)
    assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
    assert holder() is None
    shell.ok("/backstores/ramdisk create r1 1M", wait=0)
    os.kill(child, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
