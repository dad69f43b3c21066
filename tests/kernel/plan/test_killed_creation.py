# SPDX-License-Identifier: Apache-2.0
"""A restore, and an apply to an empty kernel, killed at any call: what the next command makes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtslib_ext import savefile
from rtslib_ext.transaction import journal
from targetcli.env import JOURNAL
from tests.kernel.commands.harness import Shell
from tests.kernel.conftest import clear_all

from . import edits
from .test_faults import state
from .test_killed import Deadly, forked, lived

# In make test, each so-many-th call.
STEP = 25
FILE = "/etc/target/whole.json"
RESTORE = f"restoreconfig {FILE}"
APPLY = f"apply {FILE}"


@pytest.fixture
def whole(configfs: object, tmp_path: Path) -> str:
    """The state that the file describes, every value of it; nothing runs."""
    edits.make_files()
    Path(FILE).write_text(savefile.dumps(edits.base()))
    shell = Shell(tmp_path / "home")
    shell.ok(RESTORE)
    shell.ok(f"saveconfig {FILE}")
    found = state()
    shell.ok("clearconfig confirm=true")
    return found


def killed(tmp_path: Path, line: str, at: int, how: str) -> bool:
    """Run a command that is killed at a changing call; False if it has fewer."""
    shell = Shell(tmp_path / "home", fs=Deadly(at, how), several=False)
    return not lived(forked(lambda: shell(line)))


def empty() -> None:
    """Nothing runs; the file stays."""
    text = Path(FILE).read_bytes()
    clear_all()
    Path(FILE).write_bytes(text)


def moments(tmp_path: Path, line: str, step: int, first: int = 1) -> Iterator[int]:
    """Kill a command at a call, and at a later one, until it ends by itself."""
    for at in itertools.count(first, step):
        if not killed(tmp_path, line, at, "before" if at % 2 else "after"):
            assert at > 10
            return
        yield at
        empty()


def again(tmp_path: Path, line: str) -> None:
    shell = Shell(tmp_path / "home", several=False)
    shell.ok(line)


SECOND = {
    "plain": lambda path: again(path, RESTORE),
    "reload": lambda path: again(path, f"{RESTORE} keep_existing=true"),
    "boot": lambda path: again(path, f"restore_pending {FILE}"),
    "clear": lambda path: again(path, f"{RESTORE} clear_existing=true"),
    "finish": lambda path: again(path, "recover finish"),
}


@pytest.mark.parametrize("second", SECOND)
def test_a_second_restore_is_whole(whole: str, tmp_path: Path, second: str) -> None:
    check_second(whole, tmp_path, SECOND[second], STEP, 1 + list(SECOND).index(second))


@pytest.mark.long
@pytest.mark.parametrize("second", SECOND)
def test_a_second_restore_is_whole_at_every_call(whole: str, tmp_path: Path, second: str) -> None:
    check_second(whole, tmp_path, SECOND[second], 1, 1)


def check_second(
    whole: str, tmp_path: Path, second: Callable[[Path], None], step: int, first: int
) -> None:
    for at in moments(tmp_path, RESTORE, step, first):
        second(tmp_path)
        assert state() == whole, f"call {at}"
        assert journal.find(JOURNAL) is None
        assert not os.path.exists("/run/targetcli/unrestored.json"), f"call {at}"


@pytest.mark.parametrize("line", [RESTORE, APPLY])
def test_recover_deletes_what_was_created(whole: str, tmp_path: Path, line: str) -> None:
    check_undone(tmp_path, line, STEP)


@pytest.mark.long
@pytest.mark.parametrize("line", [RESTORE, APPLY])
def test_recover_deletes_it_at_every_call(whole: str, tmp_path: Path, line: str) -> None:
    check_undone(tmp_path, line, 1)


def check_undone(tmp_path: Path, line: str, step: int) -> None:
    nothing = without_fabrics()
    for at in moments(tmp_path, line, step, 3):
        again(tmp_path, "recover")
        assert without_fabrics() == nothing, f"call {at}"
        assert journal.find(JOURNAL) is None


def without_fabrics() -> str:
    """The state without the folders of fabrics, which stay like their modules."""
    return "\n".join(
        line
        for line in state().splitlines()
        if "target/iscsi" not in line and "target/loopback" not in line
    )


@pytest.mark.parametrize("step", [STEP, pytest.param(1, marks=pytest.mark.long)])
def test_an_apply_is_finished(whole: str, tmp_path: Path, step: int) -> None:
    for at in moments(tmp_path, APPLY, step, 2):
        again(tmp_path, "recover finish")
        assert state() == whole, f"call {at}"
        assert journal.find(JOURNAL) is None


# -- the stop of the service, which a start follows --------------------------------------------

CLEAR = f"clearconfig confirm=true savefile={FILE}"
AFTER_CLEAR = {
    "boot": (f"restore_pending {FILE}", True),
    "plain": (RESTORE, True),
    "finish": ("recover finish", True),
    "undo": ("recover", False),
    "again": (CLEAR, False),
}


@pytest.mark.parametrize(
    ("second", "step"),
    [
        *((second, STEP) for second in ("boot", "finish", "undo")),
        *(pytest.param(second, 1, marks=pytest.mark.long) for second in AFTER_CLEAR),
    ],
)
def test_a_stop_is_completed(whole: str, tmp_path: Path, second: str, step: int) -> None:
    """By the next start, which takes no object that it left half-deleted for whole."""
    line, restores = AFTER_CLEAR[second]
    nothing = without_fabrics()
    again(tmp_path, RESTORE)
    first = 1 + list(AFTER_CLEAR).index(second)
    for at in itertools.count(first, step):
        if not killed(tmp_path, CLEAR, at, "before" if at % 2 else "after"):
            break
        again(tmp_path, line)
        if restores:
            assert state() == whole, f"call {at}"
        else:
            assert without_fabrics() == nothing, f"call {at}"
            again(tmp_path, RESTORE)
        assert journal.find(JOURNAL) is None
    assert at > 10 and without_fabrics() == nothing


def test_another_change_is_refused_after_a_stop_that_was_killed(whole: str, tmp_path: Path) -> None:
    again(tmp_path, RESTORE)
    assert killed(tmp_path, CLEAR, 10, "before")
    Shell(tmp_path / "home").refuses(
        "/backstores/ramdisk create r 1M",
        "an earlier change was interrupted: clearconfig on /",
        "while it deleted objects (recover deletes the rest, recover finish restores it)",
    )


def test_a_stop_needs_no_save_file(whole: str, tmp_path: Path) -> None:
    nothing = without_fabrics()
    again(tmp_path, RESTORE)
    again(tmp_path, "clearconfig confirm=true savefile=/etc/target/nosuch.json")
    assert without_fabrics() == nothing
