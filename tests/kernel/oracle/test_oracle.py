# SPDX-License-Identifier: Apache-2.0
"""rtslib-fb is the oracle: the same file must give the same kernel, file by file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import beyond, devices, generate, losses, tree
from .losses import Loss
from .tree import Tree

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
GENERATED = {"many": generate.many}
CASES = sorted([*(path.stem for path in (HERE / "configs").glob("*.json")), *GENERATED])

needed: set[Loss] = set()


class Oracle:
    """rtslib-fb, imported once; it forks for each restore."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "fb_restore.py"), "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def restore(self, file: Path) -> list[str]:
        """The errors that it has for the file."""
        assert self.process.stdin and self.process.stdout
        print(file, file=self.process.stdin, flush=True)
        errors: list[str] = json.loads(self.process.stdout.readline())
        return errors

    def close(self) -> None:
        """End it."""
        self.process.communicate()


Result = subprocess.CompletedProcess[str]


def targetcli(*words: str, script: tuple[str, ...] = ()) -> Result:
    """One command of this project, or a script of some, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "targetcli", *words],
        cwd=PROJECT,
        env={**os.environ, "TARGETCLI_HOME": str(devices.FOLDER / "home")},
        input="".join(f"{line}\n" for line in script),
        capture_output=True,
        text=True,
        check=False,
    )


def save_and_clear(file: Path) -> Result:
    """Save the running configuration, then take it away."""
    file.unlink(missing_ok=True)
    return targetcli(script=(f"saveconfig {file}", "clearconfig confirm=true"))


def restore_and_save(source: Path, file: Path) -> Result:
    """Restore a file, then save what came of it."""
    file.unlink(missing_ok=True)
    return targetcli(script=(f"restoreconfig {source} clear_existing=true", f"saveconfig {file}"))


@dataclass(frozen=True)
class Run:
    """All that one configuration went through."""

    case: str
    config: dict[str, Any]
    fb_errors: list[str]
    fb_tree: Tree
    restored: Result
    own_tree: Tree
    cleared: Result
    cleared_tree: Tree
    saved: str
    restored_again: Result
    own_tree_again: Tree
    saved_again: str
    back_errors: list[str]
    back_tree: Tree


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    """The devices, and rtslib-fb ready to restore."""
    devices.load()
    # What a script changed would be saved at its end once more.
    check_success(targetcli("set", "global", "auto_save_on_exit=false"))
    fb = Oracle()
    yield fb
    fb.close()
    tree.clear()


@pytest.fixture(scope="module", params=CASES)
def run(request: pytest.FixtureRequest, oracle: Oracle) -> Run:
    """One configuration, restored by either; each clears what the other left."""
    case = request.param
    source = GENERATED[case]() if case in GENERATED else HERE / "configs" / f"{case}.json"
    file = devices.FOLDER / f"{case}.json"
    saved, saved_again = (devices.FOLDER / f"{case}.saved{n}.json" for n in (1, 2))
    tree.clear()
    config = devices.prepare(source, file)
    fb_errors = oracle.restore(file)
    fb_tree = tree.read()
    devices.prepare(source, file)
    restored = targetcli("restoreconfig", str(file), "clear_existing=true")
    own_tree = tree.read()
    cleared = save_and_clear(saved)
    cleared_tree = tree.read()
    devices.prepare(source, file)
    restored_again = restore_and_save(saved, saved_again)
    own_tree_again = tree.read()
    devices.prepare(source, file)
    back_errors = oracle.restore(saved_again)
    return Run(
        case=case,
        config=config,
        fb_errors=fb_errors,
        fb_tree=fb_tree,
        restored=restored,
        own_tree=own_tree,
        cleared=cleared,
        cleared_tree=cleared_tree,
        saved=saved.read_text(),
        restored_again=restored_again,
        own_tree_again=own_tree_again,
        saved_again=saved_again.read_text(),
        back_errors=back_errors,
        back_tree=tree.read(),
    )


def unexcused(case: str, one: Tree, other: Tree, excuses: tuple[Loss, ...]) -> list[str]:
    """The differences that no loss explains, a line each."""
    lines = []
    for path in tree.differences(one, other):
        excuse = next((loss for loss in excuses if loss.excuses_path(case, path)), None)
        if excuse:
            needed.add(excuse)
        else:
            lines.append(f"{path}: {one.get(path)!r} became {other.get(path)!r}")
    return lines


def unexpected(case: str, errors: list[str], excuses: tuple[Loss, ...]) -> list[str]:
    """The errors of rtslib-fb that no loss explains."""
    lines = []
    for error in errors:
        excuse = next((loss for loss in excuses if loss.excuses_error(case, error)), None)
        if excuse:
            needed.add(excuse)
        else:
            lines.append(error)
    return lines


def check(lines: list[str]) -> None:
    """Fail with the lines, if there are any."""
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


def check_success(result: Result) -> None:
    """Fail with what a command said, unless it did all that was asked."""
    errors = [line for line in result.stderr.splitlines() if not line.startswith("Note: ")]
    if result.returncode or errors:
        pytest.fail(f"exit status {result.returncode}: {result.stderr}", pytrace=False)


def without_random(run: Run, state: Tree) -> Tree:
    """The tree without what the file leaves to chance; a link keeps where it leads."""
    random = set(losses.unspecified(run.config))
    return {
        path: text.partition(" -> ")[2] if path in random else text for path, text in state.items()
    }


def test_both_give_the_same_tree(run: Run) -> None:
    """Restoring a file with rtslib-fb and with this project is the same to the kernel."""
    check(unexpected(run.case, run.fb_errors, losses.FROM_FILE))
    check_success(run.restored)
    theirs, ours = without_random(run, run.fb_tree), without_random(run, run.own_tree)
    check(unexcused(run.case, theirs, ours, losses.FROM_FILE))


def test_clear_leaves_nothing(run: Run) -> None:
    """clearconfig leaves what a fresh kernel has."""
    check_success(run.cleared)
    assert sorted(path for path in run.cleared_tree if path.startswith("core/")) == EMPTY_CORE
    assert [path for path in run.cleared_tree if "tpgt_" in path] == []
    assert run.cleared_tree["iscsi/discovery_auth/enforce_discovery_auth"] == "0"
    assert run.cleared_tree["iscsi/discovery_auth/password"] == ""


EMPTY_CORE = [
    "core/alua",
    "core/alua/lu_gps",
    "core/alua/lu_gps/default_lu_gp",
    "core/alua/lu_gps/default_lu_gp/lu_gp_id",
    "core/alua/lu_gps/default_lu_gp/members",
]


def test_saving_again_gives_the_same_bytes(run: Run) -> None:
    """restore, save, clear, restore, save: nothing is lost and nothing moves."""
    check_success(run.restored_again)
    check(unexcused(run.case, run.own_tree, run.own_tree_again, ()))
    assert run.saved_again == run.saved


def test_rtslib_restores_what_we_save(run: Run) -> None:
    """A file of this project is a file of rtslib-fb."""
    check(unexpected(run.case, run.back_errors, losses.FROM_SAVE))
    check(unexcused(run.case, run.own_tree_again, run.back_tree, losses.FROM_SAVE))


def test_a_note_names_what_the_kernel_does_not_have(oracle: Oracle) -> None:
    """Attributes of an old kernel are told, and are no failure."""
    tree.clear()
    file = devices.FOLDER / "old-kernel.json"
    devices.prepare(HERE / "configs" / "old-kernel.json", file)
    result = targetcli("restoreconfig", str(file), "clear_existing=true")
    assert result.returncode == 0
    for name in ("fabric_max_sectors", "max_sectors", "task_timeout", "crc32c_x86_offload"):
        assert name in result.stdout + result.stderr


@pytest.mark.parametrize("state", beyond.STATES, ids=lambda state: state.name)
def test_what_rtslib_cannot_save(oracle: Oracle, state: beyond.State) -> None:
    """Every control comes back after save, clear and restore; rtslib-fb still takes the file."""
    tree.clear()
    file, saved, saved_again = (devices.FOLDER / f"beyond{n}.json" for n in range(3))
    devices.prepare(json.loads(json.dumps(beyond.BASE)), file)
    assert oracle.restore(file) == []
    beyond.set_up(state)
    before = tree.read()
    check_success(save_and_clear(saved))
    check_success(restore_and_save(saved, saved_again))
    check(unexcused(state.name, before, tree.read(), ()))
    assert saved_again.read_text() == saved.read_text()
    assert oracle.restore(saved_again) == []
    check(unexcused(state.name, before, tree.read(), losses.BEYOND))


def test_every_exception_is_needed(request: pytest.FixtureRequest) -> None:
    """A loss that nothing shows any more is taken off the list.

    Where only a part of the cases is run, the losses of that part are looked at.
    """
    ran = {item.callspec.id for item in request.session.items if hasattr(item, "callspec")}
    every = {*CASES, *(state.name for state in beyond.STATES)}
    due = {
        loss
        for loss in (*losses.FROM_FILE, *losses.BEYOND)
        if loss.is_due and (set(loss.cases) or every) <= ran
    }
    assert {loss.name for loss in due - needed} == set()
