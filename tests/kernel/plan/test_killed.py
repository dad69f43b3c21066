# SPDX-License-Identifier: Apache-2.0
"""An apply that is killed outright, at any moment: recover ends in the old state or the new one."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rtslib_ext.errors import KernelRefused
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.steps import Context
from rtslib_ext.transaction import apply, clear, journal, recovery
from rtslib_ext.transaction.apply import Change
from rtslib_ext.transaction.journal import Journal
from tests.kernel.commands.test_faults import Broken

from . import edits
from .test_faults import start, state
from .test_pairs import reach

NAMES = [name for name in edits.EDITS if name != "nothing"]
MOMENTS = 10


class Deadly(Broken):
    """A tree in which the process ends right before or after change number ``at``."""

    def _before(self, operation: str, path: str) -> None:
        super()._before(operation, path)
        self._die("before")

    def _after(self) -> None:
        self._die("after")

    def _die(self, now: str) -> None:
        if self.left == 0 and self.how == now:
            os.kill(os.getpid(), signal.SIGKILL)


def in_a_process(fs: ConfigFS, change: Change, path: str) -> int:
    """Apply in a child of this process; its process number."""
    about = {"command": "apply"}
    return forked(lambda: apply.perform(fs, change, journal=Journal(path, about)))


def forked(work: Callable[[], object]) -> int:
    """Work in a child of this process; its process number."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


def lived(child: int) -> bool:
    """Whether a child ended by itself."""
    return os.WIFEXITED(os.waitpid(child, 0)[1])


def recover(path: str, *, finish: bool, fs: ConfigFS | None = None) -> None:
    """What the command does; nothing where the change was over."""
    found = journal.find(path)
    if found is None:
        return
    context = Context(fs or ConfigFS())
    if finish:
        recovery.finish(context, found)
    else:
        assert recovery.undo(context, found) == []
    assert journal.find(path) is None


def states(name: str) -> tuple[str, str]:
    """The old state, which runs then, and the new one."""
    old = start()
    first = apply.prepare(ConfigFS(), edits.base()).have
    reach(ConfigFS(), edits.edited(name))
    new = state()
    clear.everything(ConfigFS())
    reach(ConfigFS(), first)
    return old, new


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_ten_random_moments(configfs: object, tmp_path: Path, name: str) -> None:
    old, new = states(name)
    path = str(tmp_path / "journal")
    change = apply.prepare(ConfigFS(), edits.edited(name))
    begun = time.monotonic()
    os.waitpid(in_a_process(ConfigFS(), change, path), 0)
    whole = time.monotonic() - begun
    assert state() == new
    chance = random.Random(name)
    for moment in range(MOMENTS):
        clear.everything(ConfigFS())
        reach(ConfigFS(), change.have)
        child = in_a_process(ConfigFS(), change, path)
        time.sleep(chance.uniform(0, whole))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        finish = bool(moment % 2)
        recover(path, finish=finish)
        assert state() in (old, new), f"moment {moment}"


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("name", ["another-size", "groups", "hosts", "nexus"])
def test_at_every_call(configfs: object, tmp_path: Path, name: str, how: str) -> None:
    old, new = states(name)
    path = str(tmp_path / "journal")
    change = apply.prepare(ConfigFS(), edits.edited(name))
    at = 1
    while True:
        if lived(in_a_process(Deadly(at, how), change, path)):
            break
        recover(path, finish=bool(at % 2))
        assert state() == (new if at % 2 else old), f"call {at}"
        clear.everything(ConfigFS())
        reach(ConfigFS(), change.have)
        at += 1
    assert at > 5


@pytest.mark.parametrize("first", ["undo", "finish"])
@pytest.mark.parametrize(("name", "cut"), [("groups", 4), ("hosts", 5), ("another-size", 5)])
def test_recovery_is_killed_too(
    configfs: object, tmp_path: Path, name: str, cut: int, first: str
) -> None:
    """Before each call of it; then it ends in the old state or the new one all the same."""
    old, new = states(name)
    path = str(tmp_path / "journal")
    change = apply.prepare(ConfigFS(), edits.edited(name))
    at = 1
    while True:
        assert not lived(in_a_process(Deadly(cut, "after"), change, path))
        deadly = Deadly(at, "before")
        if lived(forked(partial(recover, path, finish=first == "finish", fs=deadly))):
            break
        finish = first == "finish" and bool(at % 2)
        recover(path, finish=finish)
        assert state() == (new if finish else old), f"call {at}"
        clear.everything(ConfigFS())
        reach(ConfigFS(), change.have)
        at += 1
    assert at > 3


def test_what_cannot_be_finished_is_taken_back(configfs: object, tmp_path: Path) -> None:
    old, _ = states("groups")
    path = str(tmp_path / "journal")
    change = apply.prepare(ConfigFS(), edits.edited("groups"))
    assert not lived(in_a_process(Deadly(4, "after"), change, path))
    with pytest.raises(KernelRefused):
        recover(path, finish=True, fs=Broken(3, "refused"))
    assert state() == old and journal.find(path) is None
