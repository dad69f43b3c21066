# SPDX-License-Identifier: Apache-2.0
"""Small decisions of steps, journals and readers that a random change must not pass unnoticed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rtslib_ext import savefile
from rtslib_ext.config.backing import Backing, RamDisk, User
from rtslib_ext.config.derived import Derived
from rtslib_ext.config.model import AluaGroup, Config, Lun, MappedLun, StorageObject, Target, Tpg
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import LioError
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import ALUA_TEXTS, PD_TEXT_FILE, PD_TEXT_MAX
from rtslib_ext.kernel.configfs import ConfigFS, ConfigfsPath
from rtslib_ext.plan import build, diff, remove, storage
from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.concerned import Concerned
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Context, Step, backstores, lu_groups, quiesce
from rtslib_ext.steps.operations import Fail, Unlink, Write
from rtslib_ext.steps.step import Action
from rtslib_ext.transaction import journal as journals
from rtslib_ext.transaction import lock
from rtslib_ext.transaction.apply import Change
from rtslib_ext.transaction.journal import CREATES, Journal, Unfinished
from rtslib_ext.usage import reservations, sharing
from rtslib_ext.usage.exports import Export
from targetcli.changes import apply, derived

IQN = "iqn.2003-01.org.example:store"
DISK = StorageObject("disk", RamDisk(1 << 20), wwn="0001")
FOLDER = ConfigfsPath("core/rd_mcp_0/disk")
STEP = Step(Action.UPDATE, ShellPath("/a"), "set", "a=1", (Write("a", "1", "0"),))


# -- processes and files --------------------------------------------------------------------------


def test_the_state_of_a_process_with_any_name() -> None:
    name = Path("/proc/thread-self/comm")
    before = name.read_bytes()
    try:
        name.write_bytes(b"gr\xc3\xb6\xdf")
        assert lock._state(os.getpid()) in ("R", "S")
    finally:
        name.write_bytes(before)


def test_a_file_is_one_extent(tmp_path: Path) -> None:
    file = tmp_path / "disk.img"
    file.touch()
    (found,) = sharing.extents(str(file))
    assert found.base == f"file {file.stat().st_dev} {file.stat().st_ino}"


# -- journals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("names", "is_taken"), [(["/a"], True), (None, True), ([1], False)])
def test_the_names_of_a_journal_are_texts(names: object, is_taken: bool) -> None:
    about = {CREATES: {"paths": names, "before": {}}}
    text = b"{}" + journals._DOCUMENT_END
    if is_taken:
        assert journals._creation("journal", about, text).document == "{}"
    else:
        with pytest.raises(ValueError, match="not a list of paths"):
            journals._creation("journal", about, text)


def test_a_journal_that_is_continued_has_one_descriptor(tmp_path: Path) -> None:
    journal = Journal(f"{tmp_path}/journal", {})
    journal.open([STEP])
    number = len(os.listdir("/proc/self/fd"))
    journal.resume()
    assert len(os.listdir("/proc/self/fd")) == number
    journal.close()


def test_steps_that_are_left_count_as_performed(tmp_path: Path) -> None:
    """Their roll-back did not begin."""
    path = f"{tmp_path}/journal"
    journal = Journal(path, {"command": "/ apply"})
    journal.open([STEP, STEP])
    journal.leave([STEP])
    found = journals.find(path)
    assert isinstance(found, Unfinished)
    assert (found.is_repair, len(found.steps), found.undone) == (True, 1, 1)


# -- steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backing", "number"),
    [
        (RamDisk(1 << 40), 1),
        (RamDisk(1 << 40, nullio=True), 0),
        (RamDisk(1 << 12), 0),
        (User("handler/x", 1 << 40), 0),
    ],
)
def test_only_a_large_ramdisk_needs_memory(backing: Backing, number: int) -> None:
    assert len(backstores._guards(StorageObject("disk", backing), on_device=False)) == number


@pytest.mark.parametrize(("length", "fails"), [(PD_TEXT_MAX, False), (PD_TEXT_MAX + 1, True)])
def test_a_text_that_is_too_long_fails_in_its_turn(length: int, fails: bool) -> None:
    so = StorageObject("disk", RamDisk(1 << 20), identity={PD_TEXT_FILE: "x" * length})
    (step,) = backstores._identity(so, FOLDER)
    assert any(isinstance(item, Fail) for item in step.operations) is fails


def test_the_first_state_has_a_text_too() -> None:
    for name, texts in ALUA_TEXTS.items():
        assert backstores._shown(name, "0") == texts[0]


def test_a_group_leaves_standby_and_returns_to_it() -> None:
    there, back = quiesce.standby(ShellPath("/g"), ConfigfsPath("core/g"), "0", "1")
    assert tuple(back.undo or ()) == tuple(there.operations)
    assert tuple(there.undo or ()) == tuple(back.operations)


def test_an_object_joins_a_group_from_the_default_one() -> None:
    step = lu_groups.join(DISK.path, FOLDER, "fast", None)
    assert (step.value, step.before) == ("fast", "default_lu_gp")


@dataclass(frozen=True)
class Noted:
    """An operation that notes itself, and may fail; its inverse notes itself too."""

    name: str
    log: list[str]
    fails: bool = False

    def do(self, context: Context) -> None:
        if self.fails:
            raise LioError("refused")
        self.log.append(self.name)

    def inverse(self) -> Noted:
        return Noted(f"not {self.name}", self.log)


def test_a_step_that_fails_rolls_back_what_it_did() -> None:
    log: list[str] = []
    operations = (Noted("a", log), Noted("b", log), Noted("c", log, fails=True))
    step = Step(Action.UPDATE, ShellPath("/a"), "set", "a=1", operations)
    with pytest.raises(LioError, match="refused"):
        step.do(Context(ConfigFS("/nonexistent")))
    assert log == ["a", "b", "not b", "not a"]


def test_a_group_needs_its_storage_object() -> None:
    """So that a restore which cannot create the object does not try it."""
    step = backstores.create_group(DISK, FOLDER, AluaGroup("gold", 1, {}))
    assert step.needs == (DISK.path,)


def test_a_lun_without_a_link_is_removed_too(tmp_path: Path) -> None:
    export = Export(FABRICS["iscsi"], IQN, 1, 0)
    (step,) = remove.remove_lun(Reader(ConfigFS(str(tmp_path))), export)
    assert (step.action, step.path) == (Action.DELETE, export.shell)


def test_a_missing_setting_is_noted_with_its_object() -> None:
    context = Context(ConfigFS("/nonexistent"))
    context.note_missing("/backstores/ramdisk/disk", "emulate_tpu")
    ((owner, text),) = context.notes
    assert owner == "/backstores/ramdisk/disk"
    assert "emulate_tpu" in text


# -- plans ----------------------------------------------------------------------------------------


def test_a_recreated_object_keeps_its_groups() -> None:
    group = AluaGroup("gold", 1, {})
    have = StorageObject("disk", RamDisk(1 << 20), wwn="0001", alua_groups={"gold": group})
    want = StorageObject("disk", RamDisk(2 << 20))
    assert storage.kept(have, want).alua_groups == {"gold": group}


def test_the_status_of_a_group_is_set_first() -> None:
    names = ("alua_access_status", "alua_write_metadata", "a_first_name")
    have, want = (AluaGroup("g", 1, dict.fromkeys(names, value)) for value in "01")
    steps = storage._group_values(ShellPath("/g"), ConfigfsPath("core/g"), have, want)
    assert [step.subject for step in steps] == [
        "alua_access_status",
        "a_first_name",
        "alua_write_metadata",
    ]


@pytest.mark.parametrize(
    ("mode", "keys", "answer"), [("1", (), True), ("0", (DISK.key,), True), ("0", (), False)]
)
def test_a_mapped_lun_is_read_only_by_its_tpg_or_its_object(
    mode: str, keys: Iterable[tuple[str, str]], answer: bool
) -> None:
    tpg = Tpg(1, attributes={"prod_mode_write_protect": mode}, luns={0: Lun(0, DISK.key)})
    assert build.protected(tpg, frozenset(keys))(MappedLun(0, 0)) is answer


def test_the_file_of_a_new_object_is_made_with_it() -> None:
    made = Write("file", "", None)
    (first, *_) = build.build(
        Config({DISK.key: DISK}),
        paths.HbaAllocator(ConfigFS("/nonexistent")),
        lambda key: None,
        before=lambda so: (made,),
    )
    assert made in first.operations


def test_only_a_lun_that_stays_is_moved_between_groups() -> None:
    def with_luns(*numbers: int) -> Config:
        luns = {number: Lun(number, DISK.key, alua_group="gold") for number in numbers}
        return Config(targets={("iscsi", IQN): Target("iscsi", IQN, {1: Tpg(1, luns=luns)})})

    found = diff._exporters(with_luns(0, 1), with_luns(1, 2))
    assert found == {(DISK.key, "gold"): [ConfigfsPath(f"iscsi/{IQN}/tpgt_1/lun/lun_1")]}


def test_a_removed_link_concerns_the_lun_and_the_guests() -> None:
    tpg = paths.tpg(FABRICS["iscsi"], IQN, 1)
    lun = paths.lun(tpg, 0)
    step = Step(Action.DELETE, ShellPath("/a"), "delete", "", (Unlink(FOLDER, f"{lun}/link"),))
    concerned = Concerned()
    concerned.note(step)
    assert (concerned.luns, concerned.dynamic) == ({lun: [step]}, {tpg: [step]})
    assert concerned.objects == {FOLDER: [step]}


@pytest.mark.parametrize(("name", "number"), [("alua_access_state", 1), ("nonop_delay_msecs", 0)])
def test_only_a_state_hides_a_group(name: str, number: int) -> None:
    concerned = Concerned()
    concerned._written(STEP, Write(f"core/g/{name}", "2", "0"))
    assert len(concerned.groups) == number


def test_a_renamed_object_keeps_its_serial_number() -> None:
    new = StorageObject("new", RamDisk(1 << 20), wwn="0001")
    change = Change(Config({DISK.key: DISK}), Config({new.key: new}), Plan())
    assert apply._renamed(change) == {"ramdisk/disk": "ramdisk/new"}


@pytest.mark.parametrize(("files", "number"), [({"rtpi": "0x7"}, "0x7"), ({}, None)])
def test_a_given_port_number_is_not_derived(files: dict[str, str], number: str | None) -> None:
    target = Target("iscsi", IQN, {1: Tpg(1, files=files)})
    found = derived._with_ports(Derived("pool", 1), target, None).tpgs[1].files["rtpi"]
    assert found == number if number else found != "0x7"


# -- texts of the kernel and of save files --------------------------------------------------------


def test_the_isid_of_a_registration(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER / "pr"
    folder.mkdir(parents=True)
    (folder / "res_pr_registered_i_pts").write_text(
        "SPC-3 PR Registrations:\n"
        "iSCSI Node: iqn.a,i,0x00023d000001 Key: 0x000000000000001b PRgen: 0x00000001\n"
        "iSCSI Node: iqn.b Key: 0x000000000000000b PRgen: 0x00000002\n"
    )
    found = reservations.read(ConfigFS(str(tmp_path)), FOLDER).registrants
    assert [(one.isid, one.key) for one in found] == [("00023d000001", 27), ("", 11)]


def test_the_kind_of_an_object_may_have_a_handler() -> None:
    so = {"plugin": "user", "name": "u", "size": 4096, "config": "rbd/x", "wwn": "1"}
    lun = {"index": 0, "storage_object": "/backstores/user:rbd/u"}
    target = {"fabric": "iscsi", "wwn": IQN, "tpgs": [{"tag": 1, "luns": [lun]}]}
    text = json.dumps({"storage_objects": [so], "targets": [target]})
    (found,) = savefile.loads(text).config.targets.values()
    assert found.tpgs[1].luns[0].storage_object == ("user", "u")


@pytest.mark.parametrize(("number", "problems"), [(2**31 - 1, 0), (2**31, 1)])
def test_sectors_are_an_int_of_the_kernel(number: int, problems: int) -> None:
    so = {"plugin": "user", "name": "u", "size": 4096, "config": "x/y", "wwn": "1"}
    text = json.dumps({"storage_objects": [{**so, "hw_max_sectors": number}]})
    assert len(savefile.loads(text).problems) == problems


def test_each_type_of_reservation_has_a_name_and_a_meaning() -> None:
    """SPC-4 table 64."""
    assert sorted(code for code, *_ in reservations.TYPES.values()) == [1, 3, 5, 6, 7, 8]
    for text, (_, name, meaning) in reservations.TYPES.items():
        assert text.startswith(name.partition(" -")[0])
        assert " may " in meaning
