# SPDX-License-Identifier: Apache-2.0
"""A change that is killed: owners and allowed networks are those of what the kernel has."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext import restore
from rtslib_ext.errors import LioError
from rtslib_ext.firewall import nft
from rtslib_ext.owners import record
from rtslib_ext.transaction.journal import Journal
from targetcli.audit import history
from targetcli.changes import apply
from tests.kernel.plan.test_killed import forked

from .. import nft_family
from .harness import ETC, TARGET, Shell, differences, tree
from .test_owners import CSI, GUEST, RECORD, A, fragment, guest, put
from .test_takeover_killed import Mortal

NETWORKS = Path("/run/targetcli/allowed_networks.json")
PORTAL = "127.0.0.1:3260"
TEN, TWELVE = "10.0.0.0/8", "172.16.0.0/12"
APPLY = f"apply {CSI} --owner csi"
ALLOW = f"/iscsi/{A}/tpg1/portals/{PORTAL} allow {TWELVE}"
State = tuple[dict[str, str], dict[str, Any]]


def open_to(network: str, *names: str) -> dict[str, Any]:
    """Ramdisks, and a target that exports them to a network."""
    value = copy.deepcopy(fragment(*names))
    value["targets"][0]["tpgs"][0]["portals"] = [{"ip_address": "127.0.0.1", "port": 3260}]
    return {**value, "rtslib_ext": {"allowed_networks": {PORTAL: [network]}}}


@pytest.fixture
def user(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A user whose fragment is applied, and differs now: other disks, another network."""
    nft_family.use(tmp_path / "bin", monkeypatch)
    put(CSI, open_to(TEN, "c1", "c2"))
    shell.ok(APPLY)
    put(CSI, open_to(TWELVE, "c2", "c3"))
    yield shell
    CSI.unlink()
    nft_family.run("nft", "flush", "ruleset")


def state() -> State:
    """The kernel's tree, the records, and whether the loaded rules are those of the record."""
    owners = json.loads(RECORD.read_text())
    networks = json.loads(NETWORKS.read_text())
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True).stdout
    loaded = nft.is_of(rules, {name: tuple(one) for name, one in networks["allowed"].items()})
    return tree(), {"owners": owners, "networks": networks, "loaded": loaded}


def same(one: State, other: State) -> bool:
    return not differences(one[0], other[0]) and one[1] == other[1]


def killed(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, work: Callable[[], Any]) -> None:
    """Do something in another process, which is killed right after a call of a function."""
    real = getattr(owner, name)

    def deadly(*words: Any, **options: Any) -> None:
        real(*words, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, deadly)
        assert os.WIFSIGNALED(os.waitpid(forked(work), 0)[1])


def test_a_kill_before_the_steps_leaves_nothing_of_the_change(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state()
    for line in (APPLY, ALLOW):
        killed(monkeypatch, nft, "load", lambda line=line: user(line))
        assert user.ok("recover").rows == ["No change was interrupted"]
        assert same(state(), before)


def test_a_kill_after_the_steps_leaves_all_of_the_change(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state()
    killed(monkeypatch, Journal, "close", lambda: user(APPLY))
    user.ok("recover")
    after = state()
    assert json.loads(CSI.read_text())["rtslib_ext"]["allowed_networks"] == {PORTAL: [TWELVE]}
    assert after[1]["networks"]["allowed"] == {PORTAL: [TWELVE]} and after[1]["loaded"]
    assert "/backstores/ramdisk/c3" in after[1]["owners"]["owners"]
    # A later kill must not bring the networks back that an earlier change replaced.
    killed(monkeypatch, Journal, "open", lambda: user("/backstores/ramdisk create x 1M"))
    user.ok("recover")
    assert same(state(), after)
    put(CSI, open_to(TEN, "c1", "c2"))
    user.ok(APPLY)
    assert same(state(), before)


def test_an_undo_that_recover_finishes_restores_the_owners(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state()
    user.ok(APPLY)
    killed(monkeypatch, Journal, "open", lambda: user("undo"))
    user.ok("recover finish")
    assert same(state(), before)


@pytest.mark.long
def test_a_renamed_object_keeps_its_owner_after_recover(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, acls = ETC / "guest.json", f"/iscsi/{A}/tpg1/acls"
    put(file, guest())
    user.ok(f"apply {file} --owner guest")
    killed(monkeypatch, Journal, "open", lambda: user(f"{acls} rename {GUEST} {GUEST}2"))
    user.ok("recover finish")
    owners = json.loads(RECORD.read_text())["owners"]
    assert owners[f"{acls}/{GUEST}2"] == "guest" and f"{acls}/{GUEST}" not in owners
    file.unlink()


def test_a_roll_back_needs_no_history(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when /var is full: owners and networks are rolled back with the steps."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    before = state()
    with monkeypatch.context() as patch:
        patch.setattr(history, "keep", full)
        answer = user(f"{APPLY} --confirm-within 600s")
        assert answer.exit == 0 and "not recorded in the history" in answer.stderr
    assert not same(state(), before)
    user.ok("confirm back")
    assert same(state(), before)


def test_a_record_that_could_not_be_ended_is_ended_by_the_next_change(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when /run is full in the end."""
    real = record._write

    def full(path: str, value: Mapping[str, Any]) -> None:
        if "unfinished" not in value:
            raise LioError("No space left on device")
        real(path, value)

    with monkeypatch.context() as patch:
        patch.setattr(record, "_write", full)
        assert "No space left" in user(APPLY).stderr
    assert "unfinished" in json.loads(RECORD.read_text())
    user.ok("/backstores/ramdisk create x 1M")
    found = json.loads(RECORD.read_text())
    assert "unfinished" not in found
    assert [f"/backstores/ramdisk/c{n}" in found["owners"] for n in (1, 2, 3)] == [
        False,
        True,
        True,
    ]


@pytest.mark.long
@pytest.mark.parametrize("line", [APPLY, "undo", f"{APPLY} --confirm-within 600s"])
def test_every_moment(user: Shell, line: str) -> None:
    """Each kill, and then ``recover`` in both directions in turn, ends before the line or after."""
    own, other = open_to(TEN, "c1", "c2"), open_to(TWELVE, "c2", "c3")

    def begin() -> None:
        user("confirm keep")
        user("recover")
        put(CSI, own)
        user(APPLY)
        put(CSI, other)
        if line == "undo":
            user.ok(APPLY)

    begin()
    before = state()
    user.ok(line)
    after, at, alive = state(), 1, False
    while not alive:
        begin()
        real, user.fs = user.fs, Mortal(at)

        def work() -> None:
            user.fs.patch()  # type: ignore[attr-defined]
            os._exit(user(line).exit)

        alive = os.WIFEXITED(os.waitpid(forked(work), 0)[1])
        user.fs = real
        assert user(f"recover {('undo', 'finish')[at // 3 % 2]}").exit == 0
        now = state()
        assert same(now, before) or same(now, after), at
        at += 3
    assert at > 60


def allowed() -> object:
    """The allowed networks, of which the record is finished and the rules are loaded."""
    networks = json.loads(NETWORKS.read_text())
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True).stdout
    assert "before" not in networks
    assert nft.is_of(rules, {name: tuple(one) for name, one in networks["allowed"].items()})
    return networks["allowed"]


RESTORE = f"restoreconfig {ETC}/other.json clear_existing=true"


@pytest.mark.parametrize("second", ["recover finish", "restoreconfig {}", "restore_pending {}"])
def test_a_killed_restore_that_is_completed_has_the_networks_of_its_file(
    user: Shell, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    """The portal is the same before and after; the next change must not bring the old ones back."""
    user.ok(APPLY)
    file = ETC / "other.json"
    file.write_text(json.dumps(open_to(TEN, "c2", "c3")))
    file.chmod(0o600)
    real, user.fs = user.fs, Mortal(80)
    alive = os.WIFEXITED(os.waitpid(forked(lambda: user(RESTORE, yes=True)), 0)[1])
    user.fs = real
    assert not alive and (TARGET / "iscsi" / A).exists()
    user.ok(second.format(file))
    user.ok("/backstores/ramdisk create x 1M")
    assert allowed() == {PORTAL: [TEN]}
    file.unlink()


@pytest.mark.parametrize("line", [RESTORE, "clearconfig confirm=true"])
def test_a_kill_while_everything_is_deleted_is_known(
    user: Shell, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    user.ok(APPLY)
    file = ETC / "other.json"
    file.write_text(json.dumps(open_to(TEN, "c2", "c3")))
    file.chmod(0o600)
    user.ok("/backstores/ramdisk create x 1M")
    user.ok(line, yes=True)
    after = tree(), allowed()
    for second in ("recover finish", "recover"):
        user.ok("clearconfig confirm=true", yes=True)
        user.ok(APPLY)
        user.ok("/backstores/ramdisk create x 1M")
        real, user.fs = user.fs, Mortal(9)
        assert os.WIFSIGNALED(os.waitpid(forked(lambda: user(line, yes=True)), 0)[1])
        user.fs = real
        assert "an earlier change was interrupted" in user("/backstores/ramdisk create y 1M").stderr
        user.ok(second)
        if second == "recover":
            assert not list((TARGET / "iscsi").glob("iqn*"))
            assert not list((TARGET / "core").glob("*_*/*"))
        else:
            assert (differences(tree(), after[0]), allowed()) == ([], after[1])
    file.unlink()


def test_what_adopts_existing_objects_is_undone_or_done(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What exists does not show whether its steps were done: the end of its journal does."""
    put(CSI, open_to(TEN, "c1", "c2"))
    record.drop(str(RECORD))
    before = tree(), NETWORKS.read_bytes()
    wanted = open_to(TWELVE, "c1", "c2")
    wanted["targets"][0]["tpgs"][0]["attributes"] = {"login_timeout": 20}
    put(CSI, wanted)
    adopt = f"{APPLY} --adopt"
    killed(monkeypatch, nft, "load", lambda: user(adopt))
    user.ok("saveconfig")
    assert not RECORD.exists()
    assert (tree(), NETWORKS.read_bytes()) == before
    killed(monkeypatch, Journal, "close", lambda: user(adopt))
    user.ok("saveconfig")
    after = state()
    assert after[1]["owners"]["owners"] and after[1]["loaded"]
    assert after[1]["networks"]["allowed"] == {PORTAL: [TWELVE]}


def test_an_error_after_the_steps_leaves_all_of_the_change(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Owners and networks follow what was done, and it is still rolled back unless confirmed."""

    def failing(*_: object) -> None:
        raise LioError("cannot be read")

    before = state()
    with monkeypatch.context() as patch:
        patch.setattr(apply, "note_access", failing)
        assert user(f"{APPLY} --confirm-within 600s").exit
    found = state()
    assert found[1]["networks"]["allowed"] == {PORTAL: [TWELVE]} and found[1]["loaded"]
    assert "/backstores/ramdisk/c3" in found[1]["owners"]["owners"]
    user.ok("confirm back")
    assert same(state(), before)


def test_a_kill_of_another_change_of_a_shell_is_not_that_of_what_waits(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both changes have one process, and so has the roll-back in it."""
    before = state()

    def two() -> None:
        user.ok(f"{APPLY} --confirm-within 600s")
        killing = "/backstores/ramdisk create x 1M"
        monkeypatch.setattr(Journal, "begin", lambda _: os.kill(os.getpid(), signal.SIGKILL))
        user(killing)

    assert os.WIFSIGNALED(os.waitpid(forked(two), 0)[1])
    assert "undone" in " ".join(user.ok("recover").rows)
    assert "waiting for confirmation" in user.ok("confirm status")
    user.ok("confirm back")
    assert same(state(), before)


def test_a_killed_restore_has_the_owners_of_its_file(
    user: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file, owners = tmp_path / "saved.json", json.loads(RECORD.read_text())["owners"]
    user.ok(f"saveconfig {file}")
    for end in ("recover finish", f"restoreconfig {file}"):
        user.ok("clearconfig confirm=true")
        killed(monkeypatch, restore, "restore", lambda: user(f"restoreconfig {file}"))
        user.ok(end)
        assert json.loads(RECORD.read_text())["owners"] == owners
