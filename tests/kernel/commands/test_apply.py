# SPDX-License-Identifier: Apache-2.0
"""diff, apply and recover as commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.steps.operations import Mkdir, Write
from rtslib_ext.steps.step import Action, Step
from rtslib_ext.transaction.journal import Journal

from .harness import ETC, Shell, done, tree

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
HOST = "iqn.2003-01.org.example:host"
SAVED = ETC / "saveconfig.json"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A disk that one host sees, saved."""
    for line in (
        "/backstores/ramdisk create r1 1M wwn=serial-1",
        f"/iscsi create {IQN}",
        f"{TPG}/luns create /backstores/ramdisk/r1",
        f"{TPG}/acls create {HOST}",
        f"{TPG}/acls/{HOST} set auth userid=u password=geheim",
        "/ saveconfig",
    ):
        shell.ok(line)
    return shell


def test_diff_of_what_was_just_saved(user: Shell) -> None:
    assert user.ok("/ diff") == "No differences\n"
    assert user.ok(f"/ diff {SAVED} {SAVED}") == "No differences\n"


def test_diff_of_a_part_that_the_file_lacks(user: Shell) -> None:
    """The others that it lacks are no part of it."""
    for name in ("b", "c"):
        user.ok(f"/iscsi create iqn.2003-01.org.example:{name}")
        user.ok(f"/backstores/ramdisk create {name} 1M")
    rows = user("/iscsi/iqn.2003-01.org.example:b diff").rows
    assert [row.split(":b")[0] for row in rows[:-1]] == ["- /iscsi/iqn.2003-01.org.example"]
    assert rows[-1] == "Plan: 1 to delete."
    rows = user("/backstores/ramdisk/b diff").rows
    assert rows[0].startswith("- /backstores/ramdisk/b: ") and rows[1:] == ["Plan: 1 to delete."]


def test_diff_tells_what_apply_would_do(user: Shell) -> None:
    before = tree()
    user.ok(f"{TPG} set attribute login_timeout=20")
    user.ok(f"{TPG}/acls/{HOST} set auth password=other")
    user.ok("/backstores/ramdisk create r2 1M")
    found = user("/ diff")
    assert (found.exit, found.stderr) == (1, "")
    assert found.rows == [
        "- /backstores/ramdisk/r2: would delete ramdisk r2 on memory",
        f"~ {TPG}: would set attribute login_timeout: 20 -> 15",
        f"~ {TPG}/acls/{HOST}: would set auth password: *** -> *** (another one)",
        "Plan: 2 to change, 1 to delete.",
    ]
    assert user.ok("/ apply ETC --dry-run".replace("ETC", str(SAVED))).rows == found.rows
    assert user("/ diff").exit == 1
    assert user.ok(f"/ apply {SAVED}").rows == done(found.rows)
    assert tree() == before
    assert user.ok("/ diff").exit == 0


def test_diff_and_apply_of_a_node(user: Shell) -> None:
    """A target or storage object is a part of its own; without a file it is that of the save."""
    user.ok(f"{TPG} set attribute login_timeout=20")
    user.ok("/backstores/ramdisk/r1 set attribute emulate_caw=0")
    user.ok("/backstores/ramdisk create r2 1M")
    user.ok("/iscsi create iqn.2003-01.org.example:b")
    timeout = [f"~ {TPG}: would set attribute login_timeout: 20 -> 15", "Plan: 1 to change."]
    tas = [
        "~ /backstores/ramdisk/r1: would set attribute emulate_caw: 0 -> 1",
        "Plan: 1 to change.",
    ]
    gone = "- /backstores/ramdisk/r2: would delete ramdisk r2 on memory"
    for path in ("/backstores/ramdisk/r1", "/backstores/ramdisk/r1/alua"):
        assert user(f"{path} diff").rows == tas
        assert user.ok(f"{path} apply --dry-run").rows == tas
    # A target includes the storage objects that it exports.
    for path in (f"/iscsi/{IQN}", f"{TPG}/acls/{HOST}"):
        assert user(f"{path} diff").rows == [tas[0], timeout[0], "Plan: 2 to change."]
    assert user("/backstores diff").rows == [gone, tas[0], "Plan: 1 to change, 1 to delete."]
    assert user("/backstores/ramdisk/r2 diff").rows == [gone, "Plan: 1 to delete."]
    user.refuses("/backstores/ramdisk/r2 apply", "the file has no /backstores/ramdisk/r2")
    user.refuses("/iscsi/iqn.2003-01.org.example:b apply", "the file has no /iscsi")
    of_fabric = user("/iscsi diff").rows
    assert timeout[0] in of_fabric and not any("/backstores" in row for row in of_fabric)
    assert any(row.startswith("- /iscsi/iqn.2003-01.org.example:b:") for row in of_fabric)
    assert user.ok("/loopback diff") == "No differences\n"
    assert user(f"/backstores/ramdisk/r1 diff {SAVED}").exit == 1
    assert user.ok("/backstores/ramdisk/r1 apply").rows == done(tas)
    assert user.ok("/backstores/ramdisk/r1 diff") == "No differences\n"
    assert user.ok(f"{TPG} apply").rows == done(timeout)
    assert gone.replace("would delete", "deleted") in user.ok("/ apply").rows
    assert user.ok("/ diff") == "No differences\n"


@pytest.mark.parametrize("node", ["/iscsi", "/backstores", "/backstores/ramdisk", "/loopback"])
def test_apply_where_diff_shows_a_part_that_cannot_be_applied(user: Shell, node: str) -> None:
    """The whole file is applied at / only: elsewhere diff has not shown all of it."""
    user.ok("/backstores/ramdisk create r2 1M")
    for line in (f"{node} apply", f"{node} apply {SAVED} --dry-run"):
        user.refuses(line, f"this would apply the whole file, not only {node}", "/ apply")
    assert user.ok(f"{node} apply target={IQN}") == "Nothing to change\n"


@pytest.mark.parametrize(
    "line",
    [
        "/backstores/ramdisk/r1 apply",
        f"{TPG} apply",
        "/ apply storage_object=r1",
        f"/ apply target={IQN}",
        f"/ restoreconfig target={IQN} clear_existing=true",
    ],
)
def test_part_with_its_logical_unit_group(user: Shell, line: str) -> None:
    """A group that the part names is in the file: it is created with it, or shared."""
    user.ok("/backstores/lu_gps create fast 7")
    user.ok("/backstores/ramdisk/r1 set device alua_lu_gp=fast")
    user.ok("/ saveconfig")
    user.ok(line, yes=True)
    user.ok("/backstores/ramdisk/r1 set device alua_lu_gp=default_lu_gp")
    user.ok("/backstores/lu_gps delete fast")
    user.ok(line, yes=True)
    assert user.ok("/backstores/ramdisk/r1 get device alua_lu_gp") == "alua_lu_gp=fast \n"


def test_diff_that_cannot_tell(user: Shell) -> None:
    assert user("/ diff /no/file").exit == 2
    SAVED.write_text("{")
    answer = user("/ diff")
    assert answer.exit == 2
    assert str(SAVED) in answer.stderr


def test_diff_of_two_files_asks_no_kernel(user: Shell, tmp_path: Path) -> None:
    other = json.loads(SAVED.read_text())
    del other["targets"][0]["tpgs"][0]["node_acls"][0]
    changed = tmp_path / "other.json"
    changed.write_text(json.dumps(other))
    nowhere = Shell(user.home, fs=ConfigFS("/nonexistent"))
    found = nowhere(f"/ diff {SAVED} {changed}", is_root=False)
    assert (found.exit, found.stderr) == (1, "")
    assert f"- {TPG}/acls/{HOST}: would delete ACL {HOST}, with 1 mapped LUN" in found.rows
    assert nowhere.fs.total_calls == 0


def test_what_must_be_made_again_says_why(user: Shell) -> None:
    document = json.loads(SAVED.read_text())
    document["storage_objects"][0]["size"] = 2 << 20
    SAVED.write_text(json.dumps(document))
    why = "size: 1.0MiB -> 2.0MiB"
    assert user("/ diff").rows == [
        f"± /backstores/ramdisk/r1: would recreate ramdisk r1 on memory: {why}",
        f"± {TPG}/luns/lun0: would recreate LUN 0 (ramdisk/r1): {why}",
        f"± {TPG}/acls/{HOST}/mapped_lun0: would remap LUN 0 as 0, read-write: {why}",
        "Plan: 3 to recreate.",
    ]
    user.ok(f"/ apply {SAVED}")
    assert "size: 2097152" in user.ok("/backstores/ramdisk/r1 info").rows
    assert user.ok(f"{TPG}/acls/{HOST} status").endswith("Mapped LUNs: 1\n")


def test_merge_takes_nothing_away(user: Shell, tmp_path: Path) -> None:
    user.ok("/backstores/ramdisk create r2 1M")
    more = tmp_path / "more.json"
    more.write_text(
        json.dumps(
            {
                "storage_objects": [{"plugin": "ramdisk", "name": "r3", "size": 1 << 20}],
                "targets": [
                    {
                        "fabric": "iscsi",
                        "wwn": IQN,
                        "tpgs": [{"tag": 1, "attributes": {"login_timeout": 20}}],
                    }
                ],
            }
        )
    )
    assert user.ok(f"/ apply {more} --merge").rows == [
        "+ /backstores/ramdisk/r3: created ramdisk r3 on memory",
        f"~ {TPG}: set attribute login_timeout: 15 -> 20",
        "Done: 1 created, 1 changed.",
    ]
    assert user.ok("/backstores/ramdisk status").endswith("Storage Objects: 3\n")


def test_one_target_of_a_file(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r2 1M")
    user.ok(f"/iscsi delete {IQN}")
    user.ok("/backstores/ramdisk delete r1")
    user.ok(f"/ apply {SAVED} --target {IQN}")
    assert user.ok("/backstores/ramdisk status").endswith("Storage Objects: 2\n")
    assert user.ok(f"{TPG}/acls/{HOST} status").endswith("Mapped LUNs: 1\n")
    user.refuses(f"/ apply {SAVED} --target iqn.2003-01.org.example:none", "the file has no target")


def test_options_that_are_none(user: Shell) -> None:
    user.refuses(f"/ apply {SAVED} --nosuch", "there is no option --nosuch", "--dry-run")
    user.refuses(f"/ apply {SAVED} --target", "--target needs a value")
    user.refuses("/ apply file", "file not found")


def test_a_dry_run_names_missing_devices(user: Shell, tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    entry = {"plugin": "block", "name": "away", "dev": "/dev/disk/by-id/away", "wwn": "4f6a"}
    file.write_text(json.dumps({"storage_objects": [entry], "targets": []}))
    missing = "/backstores/block/away: the device /dev/disk/by-id/away does not exist"
    for line in (f"apply {file} --dry-run", f"diff {file}"):
        assert missing in user(line), line
    user.refuses(f"apply {file}", missing)


def test_a_plan_that_fails_changes_nothing(user: Shell) -> None:
    document = json.loads(SAVED.read_text())
    tpg = document["targets"][0]["tpgs"][0]
    tpg["attributes"]["login_timeout"] = 20
    tpg["luns"].append({"index": 1, "storage_object": "/backstores/ramdisk/none"})
    SAVED.write_text(json.dumps(document))
    user.refuses(f"/ apply {SAVED}", f"{TPG}/luns/lun1", "there is no storage object")
    document["targets"][0]["tpgs"][0]["nosuch"] = 1
    SAVED.write_text(json.dumps(document))
    user.refuses(f"/ apply {SAVED}", "has entries that are not understood", "nosuch")


# -- recover ----------------------------------------------------------------------------------


STEPS = [
    Step(
        Action.CREATE,
        f"{TPG}/acls/{HOST}1",
        "one",
        "",
        (Mkdir(f"iscsi/{IQN}/tpgt_1/acls/{HOST}1"),),
    ),
    Step(
        Action.UPDATE,
        TPG,
        "two",
        "",
        (Write(f"iscsi/{IQN}/tpgt_1/attrib/login_timeout", "20", "15"),),
    ),
]


def cut_off(user: Shell, begun: int) -> None:
    """Leave what a process leaves that is killed so far in the change."""
    journal = Journal(user.env().journal, {"command": "apply", "path": "/", "since": 0})
    journal.open(STEPS)
    for number in range(begun):
        journal.begin()
        STEPS[number].operations[0].do(user.env())  # type: ignore[arg-type]
    journal.close(keep=True)


@pytest.mark.parametrize("begun", [0, 1, 2])
def test_recover_takes_back(user: Shell, begun: int) -> None:
    before = tree()
    cut_off(user, begun)
    user.refuses("/backstores/ramdisk create r9 1M", "an earlier change was interrupted", "recover")
    user.refuses(f"{TPG} set attribute login_timeout=17", "an earlier change was interrupted")
    assert user.ok("/ ls")
    assert ": undone" in user.ok("/ recover")
    assert tree() == before
    user.ok("/backstores/ramdisk create r9 1M")
    assert user.ok("/ recover") == "No change was interrupted\n"


@pytest.mark.parametrize("begun", [0, 1, 2])
def test_recover_finishes(user: Shell, begun: int) -> None:
    cut_off(user, begun)
    assert "finished" in user.ok("/ recover finish")
    assert user.ok(f"{TPG} get attribute login_timeout") == "login_timeout=20 \n"
    assert user.ok(f"{TPG}/acls/{HOST}1 status")
