# SPDX-License-Identifier: Apache-2.0
"""Small decisions of plans that a random change of the program must not pass unnoticed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from rtslib_ext.config.backing import FileIO, RamDisk
from rtslib_ext.config.model import (
    AluaGroup,
    Config,
    FabricSettings,
    Lun,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import InUse, LioError
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.host import devices, signatures
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigFS, ConfigfsPath
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.plan import build, diff, rtpi, storage
from rtslib_ext.plan.rtpi import PortChange
from rtslib_ext.reading.part import PartReader
from rtslib_ext.savefile.unrestored import Unrestored
from rtslib_ext.staging import default_groups
from rtslib_ext.steps import Step, backstores, inverse, luns, targets
from rtslib_ext.steps.operations import Mkdir, Write
from rtslib_ext.steps.step import Action
from rtslib_ext.transaction import confirmed_commit, creation
from rtslib_ext.transaction.confirmed_commit import PendingCommit
from rtslib_ext.transaction.journal import Creation, Journal
from rtslib_ext.usage import (
    holders,
    no_effect,
    preflight,
    session_list,
    sharing,
    traffic,
    twins,
    unlisted,
)
from rtslib_ext.usage.holders import Holder
from rtslib_ext.usage.preflight import Finding, Severity
from rtslib_ext.usage.unlisted import Unlisted
from targetcli.audit import history
from targetcli.changes import auto_revert, part, restoring, running, unsaved

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


PATHS = auto_revert.Paths("lock", "journal", "history")
NOWHERE = ConfigFS("/nonexistent")
NO_LUNS = PartReader(NOWHERE, Config())


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


def test_a_tpg_without_a_nexus_is_deleted_as_it_is() -> None:
    (step,) = targets.delete_tpg(FABRICS["loopback"], "naa.6001405000000001", Tpg(1, nexus=""))
    assert "/nexus" not in str(step.operations)


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
    auto_revert._wait(PATHS, PendingCommit(about, 60, 0, 0))
    assert len(done) == 1


def test_no_trace_shows_the_document_of_a_journal() -> None:
    assert "hunter2" not in repr(Creation("", {}, '"password": "hunter2"', None))


@pytest.mark.parametrize(("number", "left"), [(3, ""), (4, " and 1 more"), (9, " and 6 more")])
def test_three_twins_are_named(number: int, left: str) -> None:
    names = [ShellPath(f"/backstores/ramdisk/r{one}") for one in range(number)]
    text = twins.describe("naa.1", names)
    assert [name for name in names if name in text] == names[:3]
    assert left in text


def test_what_was_lifted_for_a_state_returns_in_the_opposite_order() -> None:
    have = {"alua_access_state": "0", "alua_support_standby": "0", "alua_access_type": "2"}
    group, want = AluaGroup("g", 1, have), AluaGroup("g", 1, {**have, "alua_access_state": "2"})
    (step,) = storage._group_values(ShellPath("/g"), ConfigfsPath("core/g"), group, want)
    assert [paths.name_of(item.file) for item in step.operations if isinstance(item, Write)] == [
        "alua_support_standby",
        "alua_access_type",
        "alua_access_state",
        "alua_access_type",
        "alua_support_standby",
    ]


@pytest.mark.parametrize(("release", "number"), [("6.1.0", 0), ("7.3.0", 1)])
def test_no_effect_is_said_only_of_a_setting_that_the_kernel_has(
    release: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    so = StorageObject("disk", RamDisk(1 << 20), attributes={"complete_type": no_effect.DIRECT})
    target = Target("iscsi", IQN, {1: Tpg(1, luns={0: Lun(0, so.key)})})
    found = list(no_effect.of_config(Config({so.key: so}, {target.key: target})))
    assert len(found) == number


def test_a_deleted_storage_object_gets_its_identity_again() -> None:
    so = StorageObject("disk", RamDisk(1 << 20), wwn="0001", identity={"product_id": "SHELF"})
    *_, step = backstores.delete(so, ConfigfsPath("core/rd_mcp_0/disk"))
    assert "product_id" in str(step.undo)


@pytest.mark.parametrize(("released", "number"), [("other", 1), ("disk.img", 0), ("", 1)])
def test_only_the_file_of_a_deleted_object_is_not_in_use(
    released: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "disk.img"
    file.touch()
    found = Finding("loop", Severity.NOTE, "it is used as /dev/loop7")
    monkeypatch.setattr(preflight, "of_place", lambda path: ())
    monkeypatch.setattr(preflight, "of_file", lambda fs, path: [found])
    gone = [f"{tmp_path}/{released}" if released else ""]
    assert list(preflight._of_backing(NOWHERE, FileIO(str(file), 1), gone)) == [found] * number
    assert list(preflight._of_backing(NOWHERE, FileIO(str(tmp_path), 1), gone)) == []


def test_sessions_that_are_not_listed_began_between_the_threads() -> None:
    assert session_list._Host((), [3.0, 5.0, 9.0]).any_time() == (3.0, 9.0)
    assert session_list._Host((), []).any_time() is None


def test_a_part_has_its_own_luns_only() -> None:
    target = Target("iscsi", IQN, {1: TPG})
    reader = PartReader(NOWHERE, Config(targets={target.key: target}))
    assert reader.lun_indexes(paths.tpg(FABRICS["iscsi"], IQN, 1)) == [0]
    assert reader.lun_indexes(paths.tpg(FABRICS["iscsi"], IQN, 2)) == []


def test_the_journal_of_a_reverted_commit_is_no_one_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    journals = []

    def revert(fs: object, pending: object, journal: Journal) -> None:
        journals.append(journal.about)
        raise LioError("busy")

    monkeypatch.setattr(confirmed_commit, "revert", revert)
    monkeypatch.setattr(confirmed_commit, "write", lambda file, pending: None)
    about = {"process": "7", "command": "/ apply FILE"}
    auto_revert.roll_back(PATHS, PendingCommit(about, 60, 0, 0))
    assert journals[0].pop("since") and journals == [{"command": "auto-revert: / apply FILE"}]


@pytest.mark.parametrize("kind", ["_mount", "_swap", "_device_above"])
def test_each_kind_of_holder_counts(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_mount", "_swap", "_device_above"):
        found = Holder(name, "") if name == kind else None
        monkeypatch.setattr(holders, name, lambda where, found=found: found)
    assert holders._of_host("/nonexistent") == Holder(kind, "")


def test_changes_of_others_in_own_objects_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsaved, "_within_own", lambda env: ["/backstores/ramdisk/disk"])
    env = SimpleNamespace(session=SimpleNamespace(unsaved={}))
    have = Config({DISK.key: DISK})
    found = unsaved.of_others(env, have, Config())  # type: ignore[arg-type]
    assert found == ["/backstores/ramdisk/disk"]
    monkeypatch.setattr(unsaved, "_within_own", lambda env: ["/iscsi"])
    found = unsaved.of_others(env, have, Config())  # type: ignore[arg-type]
    assert found == ["/backstores/ramdisk/disk", "/iscsi"]


def test_a_staged_portal_has_its_switches() -> None:
    found = default_groups.files(f"iscsi/{IQN}/tpgt_1/np/192.0.2.1:3260")
    assert found == {"iser": True, "cxgbit": True}


def test_a_port_without_a_connection_is_named_if_it_is_the_only_one() -> None:
    one, two = ("192.0.2.1", 3260), ("2001:db8::1", 3260)
    for ends, ports, found in (
        ([], [one], ("192.0.2.1:3260",)),
        ([], [one, two], ()),
        ([two], [one, two], ("[2001:db8::1]:3260",)),
    ):
        tpg = SimpleNamespace(portals=ports)
        assert session_list._portals(tpg, ends) == found  # type: ignore[arg-type]


def test_a_file_with_data_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "disk.img"
    with file.open("wb") as data:
        data.write(b"data" * 1024)
        data.flush()
        os.fsync(data.fileno())
    signature = SimpleNamespace(kind="ext4", text="a file system ext4")
    monkeypatch.setattr(signatures, "read", lambda path: [signature])
    monkeypatch.setattr(devices, "written_by_others", lambda path: False)
    monkeypatch.setattr(sharing, "loops_over", lambda path: [])
    monkeypatch.setattr(preflight, "_of_file_system", lambda path, missing: ())
    (found,) = preflight.of_file(NOWHERE, str(file))
    assert (found.kind, found.severity) == ("ext4", Severity.NOTE)
    assert found.text == f"{file} contains a file system ext4"


def test_an_object_that_exists_is_not_created_by_an_undo(tmp_path: Path) -> None:
    """Also if the step writes something first."""
    (tmp_path / "iscsi" / IQN).mkdir(parents=True)
    operations = (Write("a", "1", "0"), Mkdir(ConfigfsPath(f"iscsi/{IQN}")))
    step = Step(Action.CREATE, ShellPath(f"/iscsi/{IQN}"), "create", "", operations)
    with pytest.raises(InUse, match="already exists"):
        inverse._check_exists(ConfigFS(str(tmp_path)), [step])


def test_a_save_has_what_could_not_be_restored() -> None:
    target = Target("iscsi", IQN, {1: Tpg(1)})
    env = SimpleNamespace(owners="/nonexistent")
    have = Config({DISK.key: DISK})
    lost = Unrestored(Config(targets={target.key: target}), (ShellPath(f"/iscsi/{IQN}"),))
    for missing, expected in ((lost, [target.key]), (Unrestored(), [])):
        found = running.to_save(env, have, missing)  # type: ignore[arg-type]
        assert (list(found.storage_objects), list(found.targets)) == ([DISK.key], expected)


def test_the_commands_of_all_targets_with_sessions_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = (f"{IQN}1", IQN, f"{IQN}2")
    for name in names:
        counter = tmp_path / f"iscsi/{name}/tpgt_1/lun/lun_0/statistics/scsi_tgt_port/in_cmds"
        counter.parent.mkdir(parents=True)
        counter.write_text("5\n")
    ones = {("iscsi", name): Target("iscsi", name, {1: TPG}) for name in names}
    reader = PartReader(ConfigFS(str(tmp_path)), Config(targets=ones))
    monkeypatch.setattr(unlisted, "count", lambda reader, wwn: int(wwn != IQN))
    before = traffic.of_targets(reader)
    assert before == {f"/iscsi/{name}": ("5",) for name in names if name != IQN}
    assert traffic.busy(before, before) == []
    counter.write_text("6\n")
    assert traffic.busy(before, traffic.of_targets(reader)) == [f"/iscsi/{names[2]}"]


@pytest.mark.parametrize(("seconds", "is_over"), [(-0.5, True), (0.5, False)])
def test_a_time_is_over_when_nothing_is_left(seconds: float, is_over: bool) -> None:
    deadline = confirmed_commit._now() + seconds
    assert PendingCommit({}, 60, 0, deadline).is_overdue is is_over


@pytest.mark.parametrize("hosts", [1, 2])
def test_unlisted_sessions_have_a_name_if_one_initiator_has_them_all(hosts: int) -> None:
    tpg = paths.tpg(FABRICS["iscsi"], IQN, 1)
    holders_ = [(tpg, f"iqn.2003-01.org.example:host{number}") for number in range(hosts)]
    about = SimpleNamespace(
        of=lambda path: SimpleNamespace(path=path, fabric=FABRICS["iscsi"]), reader=NO_LUNS
    )
    more = Unlisted(IQN, 300, 211, frozenset(holders_))
    entry = session_list._more(about, session_list._Host((), []), more)  # type: ignore[arg-type]
    assert entry.initiator == (holders_[0][1] if hosts == 1 else "")
    assert (entry.number, entry.tpg) == (211, 1)


def test_only_enabled_tpgs_give_their_numbers_to_others() -> None:
    """A disabled one only remembers its number; those after it still have to move."""
    shown = {1: "5", 2: "7", 3: "8"}
    running = {tag: Tpg(tag, enable=tag != 2) for tag in shown}
    wanted = {4: Tpg(4, files={"rtpi": "7"}), 5: Tpg(5, files={"rtpi": "8"})}
    have = Config(targets={("iscsi", IQN): Target("iscsi", IQN, running)})
    want = Config(targets={("iscsi", IQN): Target("iscsi", IQN, {**running, **wanted})})

    def look(file: str) -> str:
        return shown[int(file.split("/")[2].removeprefix("tpgt_"))]

    found = rtpi.plan_ports(have, want, look)
    moved = ConfigfsPath(f"iscsi/{IQN}/tpgt_3")
    assert found.changes == {moved: PortChange(0, 8, was_set=False, cuts=True)}
    assert [path for path, _ in found.notes] == [f"/iscsi/{IQN}/tpg3"]


def test_settings_of_others_in_own_new_objects_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = {("/iscsi/a", ""), ("/iscsi/a", "x")}
    env = SimpleNamespace(history="", session=SimpleNamespace(unsaved=mine, recorded=[3]))
    change = {"path": "/iscsi/a/tpg1", "subject": "login_timeout", "action": "update"}
    own = {"path": "/iscsi/a", "subject": "x", "action": "update"}
    other = {"path": "/iscsi/b", "subject": "x", "action": "update"}
    monkeypatch.setattr(history, "numbers", lambda folder: [4, 3, 2])
    found = SimpleNamespace(changes=[change, own, other])
    monkeypatch.setattr(history, "find", lambda folder, number: found)
    assert list(unsaved._within_own(env)) == ["/iscsi/a/tpg1"]  # type: ignore[arg-type]
