# SPDX-License-Identifier: Apache-2.0
"""status at /: healthy or not, saved or not, and the next command for each problem."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import checked

from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.steps.operations import Mkdir
from rtslib_ext.steps.step import Action, Step
from rtslib_ext.transaction import lock
from rtslib_ext.transaction.journal import Journal

from .harness import ETC, Answer, Shell, tree

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
HEALTHY = "Status for /: healthy"
KEPT = "Note: diff shows the unsaved changes, saveconfig keeps them, apply returns to the file"


@pytest.fixture
def user(shell: Shell, disks: Path) -> Shell:
    """A file that is exported, saved."""
    for line in (
        f"/backstores/fileio create f1 {disks}/f1 1M wwn=one",
        f"/iscsi create {IQN}",
        f"{TPG}/luns create /backstores/fileio/f1",
        "/ saveconfig",
    ):
        shell.ok(line)
    return shell


def unhealthy(user: Shell, *problems: str, line: str = "/ status") -> Answer:
    """These problems and no others are shown."""
    answer = user(line)
    number = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    assert (answer.exit, answer.stderr) == (1, "")
    assert answer.rows[0].startswith(f"Status for /: NOT HEALTHY: {number}")
    found = [row for row in answer.rows[1:] if not row.startswith("Note: ")]
    assert sorted(found) == sorted(problems)
    return answer


def test_nothing_is_configured(shell: Shell) -> None:
    assert shell.ok("status").rows == [HEALTHY]


def test_saved_and_unsaved(user: Shell) -> None:
    before = tree()
    assert user.ok("status").rows == [HEALTHY]
    user.ok(f"{TPG} set attribute login_timeout=20")
    assert user.ok("status").rows == [f"{HEALTHY}, 1 change not saved", KEPT]
    user.ok(f"{TPG}/portals create 127.0.0.1 3261")
    answer = checked(user.ok("status", json=True))["data"]
    assert (answer["healthy"], answer["unsaved"], answer["problems"]) == (True, 2, [])
    user.ok("/ apply")
    assert user.ok("status").rows == [HEALTHY]
    assert tree() == before


def test_without_a_usable_file(user: Shell) -> None:
    file = ETC / "saveconfig.json"
    file.unlink()
    missing = f"Note: {file} does not exist: nothing is restored at boot (saveconfig)"
    assert user.ok("status").rows == [HEALTHY, missing]
    file.write_text("{")
    assert checked(user("status", json=True))["data"]["unsaved"] is None
    answer = user("status")
    assert answer.exit == 1 and answer.rows[1].startswith(f"/: {file}:1: ")


def test_problems_and_their_cures(user: Shell, disks: Path) -> None:
    user.ok(f"{TPG}/portals create 192.0.2.1 3261")
    name = "192.0.2.1:3261"
    address = (
        f"{TPG}/portals/{name}: no interface has this address "
        f"(add the address, or {TPG}/portals delete 192.0.2.1 3261)"
    )
    unhealthy(user, address)
    user.ok(f"{TPG}/portals delete 192.0.2.1 3261")
    user.ok(f"{TPG}/portals delete ::0 3260")
    none = f"{TPG}: it is enabled and has no portal: no initiator can log in ({TPG}/portals create)"
    assert unhealthy(user, none).rows[0].endswith("1 problem, 1 change not saved")
    (disks / "f1").rename(disks / "away")
    gone = (
        f"/backstores/fileio/f1: it cannot be restored: {disks}/f1 does not exist; {disks}/away "
        f"may be it (make it available, or /backstores/fileio/f1 replace {disks}/away)"
    )
    unhealthy(user, none, gone)
    document = checked(user("status", json=True))
    assert (document["ok"], document["data"]["healthy"]) == (True, False)
    assert [item["path"] for item in document["data"]["problems"]] == ["/backstores/fileio/f1", TPG]
    assert document["data"]["problems"][1]["help"] == f"{TPG}/portals create"
    user.ok(f"{TPG} disable")
    (disks / "away").rename(disks / "f1")
    assert user.ok("status").rows[0].startswith(HEALTHY)


def test_one_disk_twice(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r1 1M wwn=abc")
    user.ok("/backstores/ramdisk create r2 1M wwn=abc")
    answer = user("status")
    assert answer.exit == 1
    assert "/backstores/ramdisk/r2: initiators take it and /backstores/ramdisk/r1" in answer


def test_interrupted_change(user: Shell) -> None:
    step = Step(Action.CREATE, "/iscsi/x", "create", "target x", (Mkdir("iscsi/x"),))
    env = user.env()
    journal = Journal(env.journal, {"command": "create", "path": "/iscsi", "since": 0.0})
    journal.open([step])
    answer = user("status")
    assert answer.exit == 1 and answer.rows[1].startswith(
        "/: a change was interrupted: create on /iscsi, started "
    )
    assert answer.rows[1].endswith(" (recover undoes it, recover finish completes it)")
    with lock.change_lock("/iscsi create", path=env.lock_file):
        assert user.ok("status").rows == [HEALTHY], "it is in progress"
    user.ok("recover")
    assert user.ok("status").rows == [HEALTHY]


def test_what_waits(user: Shell) -> None:
    user.ok(f"{TPG} set attribute login_timeout=20")
    user.ok("/ apply --confirm-within 600")
    (note,) = (row for row in user.ok("status").rows if "rolled back automatically at" in row)
    assert note.endswith(" (confirm keeps it)")
    user.ok("confirm")
    assert user.ok("status").rows == [HEALTHY]


def test_users_other_than_root_see_the_summary(user: Shell) -> None:
    assert user.ok("status", is_root=False) == "Status for /: \n"


def test_unknown(user: Shell) -> None:
    class NoTarget(ConfigFS):
        def is_dir(self, path: object) -> bool:
            return False

    user.fs = NoTarget()
    assert user("status").exit == 2


def test_damaged_save_file(user: Shell) -> None:
    """What runs is saved; if nothing runs, as after a boot with that file, a backup is named."""
    user.ok("/backstores/ramdisk create r1 1M")
    user.ok("saveconfig")
    file = ETC / "saveconfig.json"
    file.write_text(file.read_text()[:700])
    begin = f"/: {file}:"
    answer = user("status")
    assert (answer.exit, len(answer.rows)) == (1, 2)
    assert answer.rows[1].startswith(begin)
    assert answer.rows[1].endswith(" (saveconfig writes the running configuration to it)")
    assert "damaged-save-file" in user("check")
    user.ok("/ saveconfig")
    assert user.ok("status").rows == [HEALTHY]
    user.ok("clearconfig confirm=true")
    empty = "Note: nothing is configured, restoreconfig restores the saved configuration"
    assert user.ok("status").rows[1:] == [empty]
    file.write_text("{")
    cure = "restoreconfig @2 restores the newest usable backup"
    answer = user("status")
    assert answer.rows[1].startswith(begin) and answer.rows[1].endswith(f" ({cure})")
    assert cure in user("restoreconfig").stderr
    user.ok("restoreconfig @2")
    user.ok("saveconfig")
    assert user.ok("status").rows == [HEALTHY]


def test_entries_of_the_save_file_that_are_not_understood(user: Shell) -> None:
    file = ETC / "saveconfig.json"
    file.write_text(file.read_text().replace('"plugin": "fileio"', '"plugin": 7'))
    answer = user("status")
    assert answer.exit == 1 and "storage_objects[0].plugin: 7 is not one of" in answer.rows[1]
    assert answer.rows[1].endswith(
        " (correct the file; or saveconfig writes the running configuration to it without these"
        " entries)"
    )
