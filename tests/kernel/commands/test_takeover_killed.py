# SPDX-License-Identifier: Apache-2.0
"""takeover and release that are killed outright: the next one ends right, with one writer."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext.owners import record
from tests.kernel.plan.test_killed import Deadly, forked, lived

from .harness import ETC, Shell, differences, tree
from .test_owners import RECORD, A, fragment, put
from .test_takeover import APTPL, POOL, alua_states, in_groups, status

TPG = Path("/sys/kernel/config/target/iscsi") / A / "tpgt_1"
LOCAL = ETC / "pr" / "aptpl_serial-p1"


@pytest.fixture
def user(shell: Shell, disks: Path) -> Iterator[Shell]:
    """A pool, and a directory with its reservations on the shared storage."""
    shell.ok("/backstores/ramdisk create mine 1M")
    put(POOL, in_groups(fragment("p1", "p2"), 1))
    (disks / "aptpl_serial-p1").write_text(APTPL)
    yield shell
    POOL.unlink(missing_ok=True)


class Mortal(Deadly):
    """Ends the process at moment ``at``: before or after a change of configfs or of a record."""

    def __init__(self, at: int) -> None:
        super().__init__(at, "")
        self.moments = at

    def _before(self, operation: str, path: str) -> None:
        self.tick()

    def _after(self) -> None:
        self.tick()

    def tick(self) -> None:
        self.moments -= 1
        if self.moments == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def patch(self) -> None:
        """Count the changes of files as well, in this process, which ends with its command."""
        for name in ("replace", "unlink", "symlink"):
            setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, change: Callable[..., object]) -> Callable[..., object]:
        def counted(*words: Any, **options: Any) -> object:
            self.tick()
            result = change(*words, **options)
            self.tick()
            return result

        return counted


def killed(user: Shell, line: str, at: int) -> bool:
    """Run a line in another process, which ends at some moment; whether that came in time."""
    real, user.fs = user.fs, Mortal(at)

    def work() -> None:
        try:
            user.fs.patch()  # type: ignore[attr-defined]
            os._exit(0 if user(line).exit == 0 else 3)
        finally:
            os._exit(4)

    status = os.waitpid(forked(work), 0)[1]
    user.fs = real
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"{line} at {at} failed"
    return os.WIFSIGNALED(status)


def serves() -> bool:
    """Whether initiators can write to a disk of the pool."""
    luns = (TPG / "lun").exists() and any((TPG / "lun").iterdir())
    return luns and (TPG / "enable").read_text() == "1\n" and "0" in alua_states()


def one_writer(user: Shell) -> None:
    """The other host takes over only if this one says that it serves nothing, and then that is so.

    Nor does a save have what moves.
    """
    assert not (status(user) == 2 and serves())


def settled(user: Shell, moves: bool) -> None:
    """Nothing is left of an interrupted change."""
    found = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    assert "unfinished" not in found
    assert ("pool" in found.get("moving", ())) is moves
    assert LOCAL.is_symlink() is moves
    assert user("recover").rows == ["No change was interrupted"]


LINES = {
    "takeover": "takeover pool --pr {disks}",
    "release": "release pool",
    "standby": "takeover pool --standby",
}


def begin(user: Shell, name: str, disks: Path) -> None:
    """The state before a command: released, or served."""
    user("recover")
    user.ok("release pool")
    if name == "release":
        user.ok(f"takeover pool --pr {disks}")


def end(
    user: Shell, finish: bool, line: str, before: dict[str, str], after: dict[str, str]
) -> None:
    """Recover in one direction or the other, then run the command again."""
    one_writer(user)
    assert user(f"recover {'finish' if finish else 'undo'}").exit == 0
    one_writer(user)
    now = tree()
    assert not different(now, before) or not different(now, after)
    user.ok(line)
    assert differences(tree(), after) == []


def different(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The differences, except for reservations.

    The kernel drops those of an initiator with its ACL, so a release that is undone lacks them;
    the file on the shared storage has them.
    """
    return [line for line in differences(one, other) if "/pr/res_" not in line]


@pytest.mark.long
@pytest.mark.parametrize("name", LINES)
def test_at_every_moment(user: Shell, disks: Path, name: str) -> None:
    line = LINES[name].format(disks=disks)
    # The first takeover loads the module of the fabric.
    user.ok("takeover pool")
    begin(user, name, disks)
    before = tree()
    user.ok(line)
    after = tree()
    if name == "standby":
        assert not serves()
    at = 0
    while True:
        at += 1
        begin(user, name, disks)
        if not killed(user, line, at):
            break
        if name == "standby":
            assert not serves(), f"moment {at}"
        try:
            end(user, bool(at % 2), line, before, after)
            if name != "standby":
                settled(user, moves=name == "takeover")
        except AssertionError as err:
            raise AssertionError(f"{line}, moment {at}: {err}") from err
    assert at > 20
    print(f"{line}: {at} moments")


@pytest.mark.long
def test_at_random_moments(user: Shell, disks: Path) -> None:
    """With signals from outside, there and back; the other host would find one writer."""
    chance = random.Random(1)
    for name in ("takeover", "release") * 15:
        line = LINES[name].format(disks=disks)
        child = forked(lambda line=line: user(line))
        time.sleep(chance.uniform(0, 0.3))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        one_writer(user)
        assert user(f"recover {chance.choice(['undo', 'finish'])}").exit == 0
        one_writer(user)
        user.ok(line)
        settled(user, moves=name == "takeover")


@pytest.mark.parametrize("begun", [1, 2])
def test_a_kill_without_a_journal(user: Shell, disks: Path, begun: int) -> None:
    """Right before the first step and after the last one, any change ends the record."""
    user.ok(f"takeover pool --pr {disks}")

    def work() -> None:
        try:
            mortal(begun)
            user("release pool")
        finally:
            os._exit(4)

    assert not lived(forked(work))
    assert "unfinished" in RECORD.read_text()
    one_writer(user)
    user.ok("/backstores/ramdisk create another 1M")
    found = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    assert "unfinished" not in found and bool(found.get("moving")) is (begun == 1)
    assert status(user) == (0 if begun == 1 else 2)
    user.ok("release pool")
    settled(user, moves=False)


def mortal(begun: int) -> None:
    """Let this process end after it has begun its record, or before it completes it."""
    write, count = record._write, 0

    def counted(path: str, value: Any) -> None:
        nonlocal count
        count += 1
        if count < 2:
            write(path, value)
        if count == begun:
            os.kill(os.getpid(), signal.SIGKILL)

    record._write = counted
