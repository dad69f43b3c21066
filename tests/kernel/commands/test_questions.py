# SPDX-License-Identifier: Apache-2.0
"""Questions at a terminal before something in use is taken away; none anywhere else."""

from __future__ import annotations

import io
import mmap
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rtslib_ext.transaction import lock
from rtslib_ext.usage.traffic import commands
from targetcli import session
from targetcli.env import Env
from targetcli.language import grammar

from .harness import ETC, TARGET, Shell, tree
from .initiator import logged_in

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
HOST, OTHER = "iqn.1994-05.com.example:h", "iqn.1994-05.com.example:o"
ASKED = "Proceed? [y/N] "
NOT_DONE = "nothing was changed (--yes proceeds without asking)\n"
LOOPBACK_LUN = "loopback/naa.5001405000000001/tpgt_1/lun/lun_0"
LOSES_LUN = f"{HOST} (session N from 127.0.0.1) would lose LUN 0 of {TPG}\n"
LOGGED_OUT = f"{HOST} (session N from 127.0.0.1) would be logged out of {TPG}\n"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Interrupting(Terminal):
    """A terminal at which Ctrl-C is typed."""

    def readline(self, *_: object) -> str:
        raise KeyboardInterrupt


@dataclass
class Answered:
    """What a command said to who answered its question."""

    exit: int
    stdout: str
    stderr: str


def at_terminal(user: Shell, line: str, keys: Terminal, *, yes: bool = False) -> Answered:
    env: Env = user.env(yes=yes)
    env.stdin, env.stdout = keys, Terminal()
    done = session.run_line(env, lambda: grammar.parse(line))
    assert isinstance(env.stderr, io.StringIO)
    said = re.sub(r"\bsession \d+", "session N", env.stderr.getvalue())
    return Answered(0 if done else 1, env.stdout.getvalue(), said)


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user whose disk is exported in two TPGs, and mapped to two initiators in one."""
    shell.ok("/backstores/ramdisk create disk 1M")
    shell.ok("/backstores/ramdisk create spare 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok("/loopback create naa.5001405000000001")
    shell.ok(f"{TPG}/luns create /backstores/ramdisk/disk")
    shell.ok(f"{TPG}/acls create {HOST}")
    shell.ok(f"{TPG}/acls create {OTHER}")
    shell.ok("/loopback/naa.5001405000000001/luns create /backstores/ramdisk/disk")
    _let_udev_read(shell)
    return shell


def _let_udev_read(shell: Shell) -> None:
    """Wait until udev, where it runs, has read what it wants of a new disk: that is I/O too."""
    # udev(7): its programs talk to it there.
    if not Path("/run/udev/control").exists():
        return
    before = None
    while before != (now := commands(shell.fs, LOOPBACK_LUN)):
        before = now
        time.sleep(2)


EXPORTED = (
    f"This deletes LUN 0 of {TPG}, mapped LUNs: 2\n"
    "This deletes LUN 0 of /loopback/naa.5001405000000001, mapped LUNs: 0\n"
)


@pytest.mark.parametrize("keys", [Terminal(answer) for answer in ("n\n", "\n", "", "no", "x\n")])
def test_anything_but_yes_is_no(user: Shell, keys: Terminal) -> None:
    before = tree()
    answer = at_terminal(user, "/backstores/ramdisk delete disk", keys)
    assert answer.exit == 1 and answer.stdout == ""
    assert answer.stderr.replace(f"{ASKED}\n", ASKED) == (
        f"{EXPORTED}{ASKED}/backstores/ramdisk: {NOT_DONE}"
    )
    assert tree() == before


def test_an_interrupt_is_no(user: Shell) -> None:
    before = tree()
    answer = at_terminal(user, "/backstores/ramdisk delete disk", Interrupting())
    assert answer.exit == 1 and answer.stderr.endswith(f"{ASKED}\n/backstores/ramdisk: {NOT_DONE}")
    assert tree() == before


SAID = "Deleted storage object disk.\n"
BESIDE = """\
Deleted LUN 0 of /iscsi/iqn.2003-01.org.example:a/tpg1, mapped LUNs: 2
Deleted LUN 0 of /loopback/naa.5001405000000001, mapped LUNs: 0
"""


@pytest.mark.parametrize("keys", ["y\n", "YES\n", " y \n", "y"])
def test_yes_goes_on(user: Shell, keys: str) -> None:
    answer = at_terminal(user, "/backstores/ramdisk delete disk", Terminal(keys))
    assert (answer.exit, answer.stdout) == (0, SAID)
    assert answer.stderr == EXPORTED + ASKED + ("" if keys.endswith("\n") else "\n") + BESIDE


def quiet(lun: str) -> None:
    """Wait until this host has looked at its new disk, where it has a driver for disks."""
    counter = TARGET / lun / "statistics/scsi_tgt_port/in_cmds"
    before = None
    while before != (before := counter.read_text()):
        time.sleep(1)


def test_nobody_is_asked_who_said_yes_or_is_not_there(user: Shell) -> None:
    quiet("loopback/naa.5001405000000001/tpgt_1/lun/lun_0")
    answer = at_terminal(user, "/loopback delete naa.5001405000000001", Terminal())
    assert (answer.exit, answer.stderr) == (0, "")
    assert at_terminal(user, "/backstores/ramdisk delete spare", Terminal()).exit == 0
    answer = at_terminal(user, "/backstores/ramdisk delete disk", Terminal(), yes=True)
    assert (answer.exit, answer.stderr) == (0, BESIDE.splitlines(keepends=True)[0])
    assert answer.stdout == SAID


def test_a_script_is_told_and_not_asked(user: Shell) -> None:
    with logged_in(HOST, IQN):
        answer = user.ok("/backstores/ramdisk delete disk")
        assert (answer, answer.stderr) == (SAID, BESIDE)
        assert user.ok(f"{TPG}/acls delete {HOST}") == f"Deleted Node ACL {HOST}.\n"
        assert user.ok(f"/iscsi delete {IQN}") == f"Deleted Target {IQN}.\n"


@pytest.mark.parametrize(
    ("line", "in_use"),
    [
        (f"/iscsi delete {IQN}", LOGGED_OUT),
        (f"/iscsi/{IQN} delete 1", LOGGED_OUT),
        (f"{TPG}/acls delete {HOST}", LOGGED_OUT),
        (f"{TPG}/luns delete 0", LOSES_LUN),
    ],
)
def test_sessions_are_asked_about(user: Shell, line: str, in_use: str) -> None:
    with logged_in(HOST, IQN):
        before = tree()
        answer = at_terminal(user, line, Terminal("n\n"))
        path = line.partition(" ")[0]
        assert (answer.exit, answer.stdout) == (1, "")
        assert answer.stderr == f"{in_use}{ASKED}{path}: {NOT_DONE}"
        assert tree() == before
        answer = at_terminal(user, line, Terminal("y\n"))
        assert (answer.exit, answer.stderr) == (0, f"{in_use}{ASKED}")
        assert "Deleted" in answer.stdout


def test_who_has_the_disk_in_use_is_named(user: Shell) -> None:
    with logged_in(HOST, IQN):
        answer = at_terminal(user, "/backstores/ramdisk delete disk", Terminal("n\n"))
        assert answer.stderr.startswith(f"{EXPORTED}{LOSES_LUN}{ASKED}")


def test_others_are_not_asked_about(user: Shell) -> None:
    user.ok(f"{TPG}/luns create /backstores/ramdisk/spare add_mapped_luns=false")
    with logged_in(HOST, IQN):
        for line in (f"{TPG}/acls delete {OTHER}", f"{TPG}/luns delete 1"):
            answer = at_terminal(user, line, Terminal())
            assert (answer.exit, answer.stderr) == (0, "")
    for _ in range(200):
        if "no open sessions" in user.ok("/ sessions"):
            break
        time.sleep(0.05)
    for line in (f"{TPG}/luns delete 0", f"{TPG}/acls delete {HOST}", f"/iscsi delete {IQN}"):
        assert at_terminal(user, line, Terminal()).exit == 0


def test_initiators_without_an_acl(user: Shell) -> None:
    user.ok(f"{TPG} set attribute generate_node_acls=1")
    name = "iqn.1994-05.com.example:guest"
    with logged_in(name, IQN):
        answer = at_terminal(user, f"{TPG}/luns delete 0", Terminal("n\n"))
        lost = f"{name} (without an ACL) would lose LUN 0 of {TPG}\n"
        assert answer.stderr.startswith(f"{lost}{ASKED}")


def test_a_question_holds_nobody_up(user: Shell) -> None:
    """While somebody thinks, another changes something; what is agreed to is looked at again."""
    asked, changed = threading.Event(), threading.Event()

    class Slow(Terminal):
        def readline(self, *_: object) -> str:
            asked.set()
            assert changed.wait(20)
            return super().readline()

    def change() -> None:
        assert asked.wait(20)
        with lock.change_lock("test", path=user.env().lock_file, wait=0):
            changed.set()

    other = threading.Thread(target=change)
    other.start()
    answer = at_terminal(user, "/backstores/ramdisk delete disk", Slow("y\n"))
    other.join()
    assert answer.exit == 0


def test_what_changed_meanwhile_is_asked_about_again(user: Shell) -> None:
    class Meddling(Terminal):
        asked = 0

        def readline(self, *_: object) -> str:
            self.asked += 1
            if self.asked == 1:
                user.ok(f"{TPG}/acls delete {OTHER}")
            return super().readline()

    keys = Meddling("y\ny\n")
    answer = at_terminal(user, "/backstores/ramdisk delete disk", keys)
    assert answer.exit == 0 and keys.asked == 2
    assert "mapped LUNs: 2\n" in answer.stderr and "mapped LUNs: 1\n" in answer.stderr
    assert not list(TARGET.glob("core/rd_mcp_*/disk"))


def test_io_of_a_fabric_that_tells_no_sessions(user: Shell) -> None:
    """A disk of this host over loopback: what reads it is seen, and its end too."""
    disk = loopback_disk()
    with reading(disk):
        answer = at_terminal(user, "/loopback delete naa.5001405000000001", Terminal("n\n"))
        assert (answer.exit, answer.stdout) == (1, "")
        in_use = "/loopback/naa.5001405000000001/luns/lun0 has active I/O\n"
        assert answer.stderr.startswith(f"{in_use}{ASKED}")
    assert at_terminal(user, "/loopback delete naa.5001405000000001", Terminal()).exit == 0


def loopback_disk() -> str:
    """The disk that this host sees over loopback."""
    subprocess.run(["modprobe", "sd_mod"], check=True)
    for _ in range(100):
        for model in Path("/sys/class/scsi_disk").glob("*/device/vendor"):
            block = list((model.parent / "block").glob("*"))
            if model.read_text().strip() == "LIO-ORG" and block:
                return f"/dev/{block[0].name}"
        time.sleep(0.1)
    raise AssertionError("loopback brought no disk")


@contextmanager
def reading(disk: str) -> Iterator[None]:
    """Somebody who reads a disk past every cache, as long as the block lasts."""
    done = threading.Event()

    def read() -> None:
        handle = os.open(disk, os.O_RDONLY | os.O_DIRECT)
        page = mmap.mmap(-1, 4096)
        while not done.is_set():
            os.preadv(handle, [page], 0)
            time.sleep(0.01)
        os.close(handle)

    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(0.2)
    try:
        yield
    finally:
        done.set()
        reader.join()


UNREACHABLE = LOSES_LUN.replace("lose LUN 0 of", "be unable to log in to").replace(
    "tpg1\n", "tpg1 again: its last portal is deleted\n"
)
UNUSABLE = LOSES_LUN.replace("lose", "be unable to use").replace("tpg1\n", "tpg1 on this path\n")


@pytest.mark.parametrize(
    ("line", "in_use"),
    [
        (f"{TPG} disable", LOGGED_OUT),
        (f"{TPG}/acls/{HOST} delete 0", LOSES_LUN),
        (f"{TPG}/portals delete ::0 3260", UNREACHABLE),
        (f"{TPG}/luns/lun0 set alua alua_tg_pt_offline=1", UNUSABLE),
        ("/ clearconfig confirm=true", LOGGED_OUT),
        (f"/ restoreconfig {ETC}/other.json clear_existing=true", LOGGED_OUT),
    ],
)
def test_the_effect_is_asked_about_not_the_command(user: Shell, line: str, in_use: str) -> None:
    """Whatever ends a session or hides a LUN asks, by whichever command."""
    user.ok(f"saveconfig {ETC}/other.json")
    with logged_in(HOST, IQN):
        before = tree()
        answer = at_terminal(user, line, Terminal("n\n"))
        assert (answer.exit, answer.stdout) == (1, ""), answer
        assert in_use in answer.stderr and ASKED in answer.stderr
        assert answer.stderr.endswith(NOT_DONE)
        assert tree() == before
        answer = at_terminal(user, line, Terminal("y\n"))
        assert answer.exit == 0 and answer.stderr.count(ASKED) == 1


def test_a_change_without_an_effect_on_a_session_is_not_asked_about(user: Shell) -> None:
    user.ok(f"{TPG}/portals create 127.0.0.1 3261")
    with logged_in(HOST, IQN):
        for line in (
            f"{TPG}/portals delete 127.0.0.1 3261",
            f"{TPG}/acls/{OTHER} delete 0",
            f"{TPG} set attribute demo_mode_write_protect=0",
        ):
            answer = at_terminal(user, line, Terminal())
            assert answer.exit == 0 and ASKED not in answer.stderr, answer
