# SPDX-License-Identifier: Apache-2.0
"""Small decisions of plans that a random change of the program must not pass unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import Config, FabricSettings, Lun, StorageObject, Target, Tpg
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.host import devices
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.plan import build, diff, rtpi
from rtslib_ext.steps import luns, targets
from rtslib_ext.transaction import confirmed_commit, creation
from rtslib_ext.transaction.confirmed_commit import PendingCommit
from rtslib_ext.transaction.journal import Creation
from rtslib_ext.usage import preflight, sharing, twins
from rtslib_ext.usage.preflight import Severity
from targetcli.changes import auto_revert, part, restoring

IQN = "iqn.2003-01.org.example:store"
DISK = StorageObject("disk", RamDisk(1 << 20), wwn="0001")
TPG = Tpg(1, luns={0: Lun(0, DISK.key)})


@pytest.mark.parametrize(("number", "kept"), [(7, 7), (0, 0)])
def test_a_kept_registration_without_a_port_number_names_none(number: int, kept: int) -> None:
    lines = [
        "sa_res_key=1,target_node=other,tpgt=1,target_lun=0,port_rtpi=9",
        f"sa_res_key=1,target_node={IQN},tpgt=2,target_lun=0,port_rtpi=9",
        f"sa_res_key=1,target_node={IQN},tpgt=1,target_lun=0,port_rtpi={number}",
    ]
    target = Target("iscsi", IQN, {1: TPG})
    found = rtpi.kept_number(target, TPG, {DISK.key: DISK}, lambda serial: tuple(lines))
    assert found == kept


def test_a_state_that_changes_writes_the_status_again() -> None:
    """The kernel sets alua_tg_pt_status whenever alua_tg_pt_offline is written."""
    path = TpgPath.of(FABRICS["iscsi"], IQN, 1)
    have = Lun(0, DISK.key, alua={"alua_tg_pt_offline": "1", "alua_tg_pt_status": "1"})
    want = Lun(0, DISK.key, alua={"alua_tg_pt_offline": "0", "alua_tg_pt_status": "1"})
    texts = [step.text for step in luns.set_lun(path, have, want)]
    assert texts == ["set alua_tg_pt_offline=0", "set alua_tg_pt_status=1"]
    assert list(luns.set_lun(path, have, have)) == []


def test_a_part_that_is_replaced_leaves_the_rest() -> None:
    other = StorageObject("other", RamDisk(1 << 20), wwn="0002")
    have = Config(
        {other.key: other},
        {("iscsi", IQN): Target("iscsi", IQN, {1: TPG})},
        {"iscsi": FabricSettings("iscsi", discovery_enable=True)},
        {"group": "5"},
    )
    found = part.put(have, Config({DISK.key: DISK}, lu_groups={"more": "6"}))
    assert found.storage_objects == {other.key: other, DISK.key: DISK}
    assert (found.targets, found.fabrics) == (have.targets, have.fabrics)
    assert found.lu_groups == {"group": "5", "more": "6"}


NOWHERE = ConfigFS("/nonexistent")


def test_a_restore_that_completes_another_has_its_own_targets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = Target("iscsi", f"{IQN}2", {1: Tpg(1)})
    target = Target("iscsi", IQN, {1: Tpg(1)})
    begun = SimpleNamespace(config=Config(targets={target.key: target}))
    monkeypatch.setattr(creation, "loaded", lambda half: begun)
    want = Config({DISK.key: DISK}, {target.key: target, other.key: other})
    found = restoring.others(want, Creation("", {}, "", None))
    assert found == Config({DISK.key: DISK}, {other.key: other})


def test_reservations_are_looked_for_by_the_serial_number() -> None:
    asked = []

    def kept(serial: str) -> tuple[str, ...]:
        asked.append(serial)
        return ()

    list(build.build(Config({DISK.key: DISK}), paths.HbaAllocator(NOWHERE), lambda key: None, kept))
    assert asked == ["0001"]


def test_a_deleted_tpg_gets_its_nexus_again() -> None:
    fabric, wwn = FABRICS["loopback"], "naa.6001405000000001"
    (step,) = targets.delete_tpg(fabric, wwn, Tpg(1, nexus="naa.6001405000000002"))
    assert "/nexus" in str(step.undo)


def test_a_plan_says_which_port_number_is_left_out() -> None:
    pair = {tag: Tpg(tag, files={"rtpi": "5"}) for tag in (1, 2)}
    want = Config(targets={("iscsi", IQN): Target("iscsi", IQN, pair)})
    plan = diff.plan(Config(), want, lambda key: None, paths.HbaAllocator(NOWHERE))
    assert [note for note in plan.notes if "rtpi" in str(note)]


@pytest.mark.parametrize("held", [True, False])
def test_a_loop_device_that_is_in_use_needs_yes(
    held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "disk.img"
    file.touch()
    holder = SimpleNamespace(kind="mounted", why="it is mounted", help="umount it")
    monkeypatch.setattr(sharing, "loops_over", lambda path: ["/dev/loop7"])
    monkeypatch.setattr(devices, "is_exclusive_open", lambda path: held)
    monkeypatch.setattr(preflight, "_holder", lambda fs, loop: holder)
    found = next(one for one in preflight.of_file(NOWHERE, str(file)) if "loop7" in one.text)
    assert found.severity is (Severity.INSIST if held else Severity.NOTE)


def test_a_time_that_was_extended_meanwhile_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look finds it passed, and the one under the lock extended; then it passes."""
    about = {"process": "7"}
    lefts = iter([-1.0, 0.01, -1.0, -1.0])
    done = []

    @contextmanager
    def lock(text: str, path: str) -> Iterator[None]:
        yield

    def find(file: str) -> PendingCommit:
        now = confirmed_commit._now()
        return PendingCommit(about, 60, 0, now + next(lefts))

    monkeypatch.setattr(auto_revert, "change_lock", lock)
    monkeypatch.setattr(confirmed_commit, "find", find)
    monkeypatch.setattr(confirmed_commit, "blocking", lambda pending, journal: None)
    monkeypatch.setattr(auto_revert, "roll_back", lambda *words: done.append(words))
    auto_revert._wait("file", "lock", "journal", "records", PendingCommit(about, 60, 0, 0))
    assert len(done) == 1


def test_no_trace_shows_the_document_of_a_journal() -> None:
    assert "hunter2" not in repr(Creation("", {}, '"password": "hunter2"', None))


@pytest.mark.parametrize(("number", "left"), [(3, ""), (4, " and 1 more"), (9, " and 6 more")])
def test_three_twins_are_named(number: int, left: str) -> None:
    names = [ShellPath(f"/backstores/ramdisk/r{one}") for one in range(number)]
    text = twins.describe("naa.1", names)
    assert [name for name in names if name in text] == names[:3]
    assert left in text
