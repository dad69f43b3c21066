# SPDX-License-Identifier: Apache-2.0
"""Saving, restoring and clearing the configuration; backups."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext.fabrics import FABRICS
from targetcli import session
from targetcli.language import grammar

from ..conftest import clear
from .harness import ETC, TARGET, Shell, files, tree

A, B = (f"iqn.2003-01.org.example:{name}" for name in "ab")
INITIATOR = "iqn.2003-01.org.example:i"
SAVE_FILE = ETC / "saveconfig.json"
BACKUP = ETC / "backup"
SAVED = f"Configuration saved to {SAVE_FILE}"
RESTORED = f"Configuration restored from {SAVE_FILE}\n"
LAST = f"Last 10 configs saved in {BACKUP}/."


@pytest.fixture
def user(shell: Shell, disks: Path) -> Shell:
    """A user with two targets: the first exports r1, the second d1 and r1; r2 is not exported."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("/backstores/ramdisk create r2 1M")
    shell.ok(f"/backstores/fileio create d1 {disks}/d1.img 1M")
    for name, storage_objects in ((A, ["ramdisk/r1"]), (B, ["fileio/d1", "ramdisk/r1"])):
        shell.ok(f"/iscsi create {name}")
        for path in storage_objects:
            shell.ok(f"/iscsi/{name}/tpg1/luns create /backstores/{path}")
    tpg = f"/iscsi/{B}/tpg1"
    shell.ok(f"{tpg}/acls create {INITIATOR}")
    shell.ok(f"{tpg}/acls/{INITIATOR} set auth userid=u password='s e\"c'")
    shell.ok(f"{tpg} set attribute authentication=1")
    shell.ok(f"{tpg} set parameter MaxConnections=3")
    shell.ok("/loopback create naa.5001405000000001")
    # What targetcli-fb does not restore.
    group = "/backstores/ramdisk/r1/alua/default_tg_pt_gp"
    shell.ok(f"{group} set alua alua_access_type=1 alua_access_state=2 preferred=1")
    shell.ok(f"/iscsi/{A} set parameter cmd_completion_affinity=-2")
    return shell


def here(shell: Shell) -> dict[str, object]:
    """What there is: storage objects and targets."""
    targets = [
        target
        for fabric in FABRICS.values()
        for target in shell.env().fs.directories(fabric.folder)
    ]
    found = shell.ok("/backstores ls").rows
    names = [row.split(" o- ")[1].split()[0] for row in found if "activated]" in row]
    return {"objects": sorted(names), "targets": sorted({*targets} - {"discovery_auth"})}


def backups() -> list[str]:
    return sorted(os.listdir(BACKUP)) if BACKUP.is_dir() else []


def unpack(name: str) -> str:
    return gzip.decompress((BACKUP / name).read_bytes()).decode()


# -- saveconfig -----------------------------------------------------------------------------


def test_save_restore_gives_the_same(user: Shell) -> None:
    assert user.ok("saveconfig").rows == [SAVED]
    before, saved = tree(), SAVE_FILE.read_bytes()
    assert user.ok("clearconfig confirm=true") == "All configuration cleared\n"
    assert here(user) == {"objects": [], "targets": []}
    assert user.ok("restoreconfig") == RESTORED
    assert tree() == before
    user.ok("saveconfig")
    assert SAVE_FILE.read_bytes() == saved


def test_form_of_the_file(user: Shell) -> None:
    user.ok("saveconfig")
    text = SAVE_FILE.read_text()
    value = json.loads(text)
    assert text == json.dumps(value, sort_keys=True, indent=2) + "\n"
    assert '      "name": "d1",\n' in text
    assert stat.S_IMODE(SAVE_FILE.stat().st_mode) == 0o600
    assert [so["name"] for so in value["storage_objects"]] == ["d1", "r1", "r2"]


def test_five_saves_of_one_state_make_one_backup(user: Shell) -> None:
    for _ in range(5):
        user.ok("saveconfig")
    assert len(backups()) == 1
    assert unpack(backups()[0]) == SAVE_FILE.read_text()
    assert stat.S_IMODE((BACKUP / backups()[0]).stat().st_mode) == 0o600
    assert stat.S_IMODE(BACKUP.stat().st_mode) == 0o700


def test_backups_are_of_what_was_there_before(user: Shell) -> None:
    assert user.ok("saveconfig").rows == [SAVED]
    old = SAVE_FILE.read_text()
    user.ok("/backstores/ramdisk delete r2")
    assert user.ok("saveconfig").rows == [LAST, SAVED]
    assert [unpack(name) for name in backups()] == [old]
    assert user.ok(f"saveconfig {ETC}/other.json").rows == [
        f"Configuration saved to {ETC}/other.json"
    ]
    assert len(backups()) == 1


def test_older_backups_go(user: Shell) -> None:
    BACKUP.mkdir()
    for number in range(6):
        (BACKUP / f"saveconfig-20200101-00:00:0{number}-json.gz").write_bytes(gzip.compress(b"{}"))
    (BACKUP / "mine.txt").write_text("kept")
    user.ok("set global max_backup_files=3")
    user.ok("saveconfig")
    user.ok("/backstores/ramdisk delete r2")
    assert user.ok("saveconfig").rows[0] == f"Last 3 configs saved in {BACKUP}/."
    names = [name for name in backups() if name != "mine.txt"]
    assert len(names) == 3 and "mine.txt" in backups()
    assert names[:2] == [f"saveconfig-20200101-00:00:0{number}-json.gz" for number in (4, 5)]
    assert '"name": "r2"' in unpack(names[2])


def test_number_of_backups_for_all_users(user: Shell) -> None:
    (ETC / "targetcli.conf").write_text("# by the administrator\nmax_backup_files = 12\n")
    user.ok("set global max_backup_files=3")
    user.ok("saveconfig")
    user.ok("/backstores/ramdisk delete r2")
    assert user.ok("saveconfig").rows[0] == f"Last 12 configs saved in {BACKUP}/."


def test_symbolic_link_stays(user: Shell, disks: Path) -> None:
    (disks / "shared.json").write_text("")
    SAVE_FILE.symlink_to(disks / "shared.json")
    user.ok("saveconfig")
    assert SAVE_FILE.is_symlink() and len(here(user)["objects"]) == 3  # type: ignore[arg-type]
    assert json.loads((disks / "shared.json").read_text())["targets"]
    assert stat.S_IMODE((disks / "shared.json").stat().st_mode) == 0o600


def test_file_that_others_could_read_is_closed(user: Shell) -> None:
    user.ok("saveconfig")
    os.chmod(SAVE_FILE, 0o644)
    user.ok("saveconfig")
    assert stat.S_IMODE(SAVE_FILE.stat().st_mode) == 0o600


def test_folder_is_made_and_closed(user: Shell, disks: Path) -> None:
    file = disks / "new/folder/save.json"
    assert user.ok(f"saveconfig savefile={file}") == f"Configuration saved to {file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert os.listdir(file.parent) == ["save.json"]


@pytest.mark.parametrize("other", [None, "other.json"])
@pytest.mark.parametrize("text", [None, "{ broken"])
def test_explicit_save_of_nothing_is_obeyed(
    user: Shell, other: str | None, text: str | None
) -> None:
    file = ETC / other if other else SAVE_FILE
    words = f"saveconfig {file}" if other else "saveconfig"
    if text:
        file.write_text(text)
    else:
        user.ok(words)
    before = file.read_text()
    clear(TARGET)  # as a reboot does
    answer = user.ok(words)
    assert answer.rows == ([] if other else [LAST]) + [f"Configuration saved to {file}"]
    (backup,) = backups()
    assert answer.asides == [
        f"Note: nothing is configured, so {file} is empty now; "
        f"its previous contents: {BACKUP}/{backup}"
    ]
    assert unpack(backup) == before
    assert json.loads(file.read_text())["targets"] == []
    assert user.ok(words).asides == []


def test_automatic_save_never_replaces_something_by_nothing(user: Shell) -> None:
    user.ok("saveconfig")
    before = SAVE_FILE.read_text()
    for yes in (False, True):
        env = user.env(yes=yes)
        session.run_line(env, lambda: grammar.parse("clearconfig confirm=true"))
        assert session.finish(env) is yes
        said = env.stderr.getvalue()  # type: ignore[attr-defined]
        text = f"nothing is configured, but {SAVE_FILE} contains a configuration"
        assert (text in said) is not yes
        assert (SAVE_FILE.read_text() == before) is not yes
        user.ok("/backstores/ramdisk create r1 1M")


def test_save_of_nothing_needs_a_backup(user: Shell) -> None:
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    BACKUP.write_text("in the way")
    user.refuses("saveconfig", "Could not create backup file in", "--yes saves")
    user("saveconfig", yes=True)
    assert json.loads(SAVE_FILE.read_text())["targets"] == []


def test_save_that_cannot_be_written(user: Shell) -> None:
    user.refuses("saveconfig /proc/save.json", "/proc/save.json cannot be written: ")
    user.refuses(f"saveconfig {ETC}", f"{ETC} is not a regular file")


# -- one storage object ---------------------------------------------------------------------


def test_storage_object_is_saved_with_its_target(user: Shell) -> None:
    answer = user.ok("/backstores/fileio/d1 saveconfig")
    assert answer == f"Storage Object 'fileio:d1' config saved to {SAVE_FILE}.\n"
    value = json.loads(SAVE_FILE.read_text())
    assert [so["name"] for so in value["storage_objects"]] == ["d1"]
    assert [target["wwn"] for target in value["targets"]] == [B]
    user.ok("/backstores/ramdisk/r2 saveconfig")
    value = json.loads(SAVE_FILE.read_text())
    assert [so["name"] for so in value["storage_objects"]] == ["d1", "r2"]
    assert len(backups()) == 1


def test_storage_object_in_another_file(user: Shell, disks: Path) -> None:
    file = disks / "one.json"
    answer = user.ok(f"/backstores/ramdisk/r1 saveconfig savefile={file}")
    assert answer == f"Storage Object 'ramdisk:r1' config saved to {file}.\n"
    assert not SAVE_FILE.exists() and backups() == []
    assert json.loads(file.read_text())["targets"][0]["wwn"] == A


def test_storage_object_and_a_file_not_understood(user: Shell) -> None:
    SAVE_FILE.write_text('{"storage_objects": [], "targets": [], "mine": 1}')
    user.refuses("/backstores/ramdisk/r1 saveconfig", "has entries that are not understood: mine")


# -- restoreconfig --------------------------------------------------------------------------


def test_restore_refuses_what_is_there(user: Shell) -> None:
    user.ok("saveconfig")
    user.refuses(
        "restoreconfig",
        "storageobject 'fileio:d1' exist not restoring",
        "clear_existing",
        "apply changes only the",
    )
    for kind, name in (("fileio", "d1"), ("ramdisk", "r1"), ("ramdisk", "r2")):
        user.ok(f"/backstores/{kind} delete {name}")
    user.refuses("restoreconfig", f"target with wwn {A} exist, not restoring", f"/iscsi/{A}: ")


def test_restore_adds_to_what_is_there(user: Shell) -> None:
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    user.ok("/backstores/ramdisk create other 1M")
    user.ok("/iscsi create iqn.2003-01.org.example:other")
    assert user.ok(f"restoreconfig savefile={SAVE_FILE} clear_existing=false") == RESTORED
    assert here(user)["objects"] == ["d1", "other", "r1", "r2"]
    assert len(here(user)["targets"]) == 4  # type: ignore[arg-type]


def test_restore_can_clear_first(user: Shell) -> None:
    user.ok("saveconfig")
    before = here(user)
    user.ok("/backstores/ramdisk create other 1M")
    user.ok("/iscsi create iqn.2003-01.org.example:other")
    assert user.ok("restoreconfig clear_existing=true") == RESTORED
    assert here(user) == before


def test_restore_of_one_target(user: Shell) -> None:
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    assert user.ok(f"restoreconfig target={A.upper()}") == RESTORED
    assert here(user) == {"objects": ["r1"], "targets": [A]}
    user.ok(f"/iscsi/{A}/tpg1/luns delete 0")
    user.refuses(f"restoreconfig target={A}", f"target with wwn {A} exist, not restoring")
    assert user.ok(f"restoreconfig target={A} clear_existing=true") == RESTORED
    assert user.ok(f"/iscsi/{A}/tpg1/luns status").endswith("LUNs: 1\n")
    assert user.ok(f"restoreconfig target={B}") == RESTORED
    assert here(user) == {"objects": ["d1", "r1"], "targets": [A, B]}
    assert "Mapped LUNs: 2" in user.ok(f"/iscsi/{B}/tpg1/acls/{INITIATOR} status")
    user.refuses("restoreconfig target=nosuch", "the file has no target nosuch")


def test_restore_of_one_storage_object(user: Shell) -> None:
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    assert user.ok("restoreconfig storage_object=r2") == RESTORED
    assert user.ok("restoreconfig storage_object=/backstores/fileio/d1") == RESTORED
    assert here(user) == {"objects": ["d1", "r2"], "targets": []}
    user.refuses(
        "restoreconfig storage_object=r2", "storageobject 'ramdisk:r2' exist not restoring"
    )
    assert user.ok("restoreconfig storage_object=r2 clear_existing=true") == RESTORED
    assert user.ok(f"restoreconfig target={A} storage_object=r1") == RESTORED
    assert here(user) == {"objects": ["d1", "r1", "r2"], "targets": [A]}
    user.refuses(
        "restoreconfig storage_object=r1 clear_existing=true",
        f"/backstores/ramdisk/r1: nothing was cleared: /iscsi/{A}/tpg1/luns/lun0 exports it",
    )
    line = f"restoreconfig target={A} storage_object=r1 clear_existing=true"
    assert user.ok(line) == RESTORED
    user.refuses("restoreconfig storage_object=nosuch", "the file has no storage object nosuch")


def test_restore_of_a_backup(user: Shell) -> None:
    user.ok("saveconfig")
    user.ok("/backstores/ramdisk delete r2")
    user.ok("saveconfig")
    before = here(user)
    backup = BACKUP / backups()[0]
    user.ok("clearconfig confirm=true")
    assert user.ok(f"restoreconfig {backup}") == f"Configuration restored from {backup}\n"
    assert here(user) == {**before, "objects": ["d1", "r1", "r2"]}


def test_what_is_missing_is_named_and_the_rest_comes_up(user: Shell, disks: Path) -> None:
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    shutil.rmtree(disks)
    answer = user("restoreconfig")
    assert (answer, answer.exit) == ("", 1)
    first, *rest = answer.stderr.splitlines()
    assert first.startswith("Configuration restored, ") and first.endswith(" recoverable errors:")
    assert int(first.split()[-3]) == len(rest)
    assert rest[0].startswith("/backstores/fileio/d1: create fileio d1") and "skipped" in rest[0]
    assert any(row.startswith(f"/iscsi/{B}/tpg1/luns/lun0") for row in rest)
    assert here(user)["objects"] == ["r1", "r2"]
    assert user.ok(f"/iscsi/{B}/tpg1/luns status").endswith("LUNs: 1\n")
    assert "Mapped LUNs: 1" in user.ok(f"/iscsi/{B}/tpg1/acls/{INITIATOR} status")


def test_restore_from_nowhere(user: Shell) -> None:
    for line in ("restoreconfig", f"restoreconfig {SAVE_FILE}", "apply"):
        user.refuses(line, f"Restore file {SAVE_FILE} not found (saveconfig creates it)\n")
    answer = user("diff")
    assert answer.exit == 2
    assert answer.stderr == f"Restore file {SAVE_FILE} not found (saveconfig creates it)\n"
    for line in ("restoreconfig /nosuch clear_existing=true", "diff /nosuch", "apply /nosuch"):
        assert user(line).stderr.endswith("Restore file /nosuch not found\n")


# -- clearconfig, version -------------------------------------------------------------------


def test_clear(user: Shell) -> None:
    user.ok("saveconfig")
    saved = files(ETC)
    for words in ("clearconfig", "clearconfig confirm=false", "clearconfig no"):
        user.refuses(words, "As a precaution, confirm=True needs to be set")
    user.ok("/iscsi set discovery_auth enable=1 userid=u password=p")
    assert user.ok("clearconfig confirm=True") == "All configuration cleared\n"
    assert here(user) == {"objects": [], "targets": []}
    assert user.ok("/iscsi status") == "Status for /iscsi: Targets: 0\n"
    assert files(ETC) == saved
    assert user.ok("clearconfig confirm=true") == "All configuration cleared\n"


def test_version(shell: Shell) -> None:
    from targetcli import __version__

    assert shell.ok("version") == f"targetcli version {__version__}\n"


# -- another device -------------------------------------------------------------------------


def test_limits_of_another_device_are_lowered_with_a_note(user: Shell) -> None:
    user.ok("saveconfig")
    value = json.loads(SAVE_FILE.read_text())
    saved = value["storage_objects"][0]
    was = {name: saved["attributes"][name] for name in ("optimal_sectors", "queue_depth")}
    saved["attributes"] |= {"optimal_sectors": 65528, "queue_depth": 256}
    SAVE_FILE.write_text(json.dumps(value))
    user.ok("clearconfig confirm=true")
    answer = user.ok("restoreconfig")
    assert answer == RESTORED
    path = "/backstores/fileio/d1"
    assert answer.asides == [
        f"Note: {path}: {name}={given} is more than this device supports; it is {was[name]} now"
        for name, given in (("optimal_sectors", 65528), ("queue_depth", 256))
    ]
    for name in was:
        assert user.ok(f"{path} get attribute {name}") == f"{name}={was[name]} \n"
    # A value that is set by hand is refused.
    user.refuses(f"{path} set attribute queue_depth=256", "Cannot set attribute queue_depth")


# -- files that are gone --------------------------------------------------------------------


def test_missing_files_are_created_on_request_only(user: Shell, disks: Path) -> None:
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    file = disks / "d1.img"
    file.unlink()
    answer = user("restoreconfig")
    assert answer.exit == 1 and not file.exists()
    assert "restoreconfig create_missing=true creates a new one" in answer.stderr
    always = "set global create_missing=true"
    assert f"and {always} does so always" in answer.stderr
    user.ok(always)
    answer = user("restoreconfig clear_existing=true create_missing=false")
    assert answer.exit == 1 and not file.exists()
    user.ok("set global create_missing=false")
    answer = user.ok("restoreconfig keep_existing=true create_missing=true")
    note = f"Note: /backstores/fileio/d1: {file} did not exist; an empty file of 1048576 bytes"
    assert answer.asides == [f"{note} was created"]
    status = file.stat()
    assert (status.st_size, status.st_blocks) == (1 << 20, 0)
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert user.ok("diff") == "No differences\n"
    assert user.ok("/ status") == "Status for /: healthy\n"


def test_missing_devices_are_never_created(user: Shell) -> None:
    user.ok("saveconfig")
    value = json.loads(SAVE_FILE.read_text())
    value["storage_objects"][0]["dev"] = "/dev/nosuch"
    SAVE_FILE.write_text(json.dumps(value))
    user.ok("clearconfig confirm=true")
    assert "/dev/nosuch does not exist" in user("restoreconfig create_missing=true").stderr
    assert not os.path.exists("/dev/nosuch")


def test_list_of_backups(user: Shell) -> None:
    """Each with the changes that lead to it; its name is a file for all commands that read one."""
    assert user.ok("backups") == "There are no backups\n"
    user.ok("saveconfig")
    user.ok("/backstores/ramdisk create r3 1M")
    user.ok(f"/iscsi/{A}/tpg1 set attribute login_timeout=20")
    user.ok("saveconfig")
    user.ok("/backstores/ramdisk delete r3")
    user.ok("saveconfig")
    first, second = backups()
    found = user.ok("backups").rows
    assert [row.split()[0] for row in found[:1]] == ["WHEN"]
    assert [row.split()[2:] for row in found[1:]] == [
        ["-", "@2", first],
        ["+1", "~1", "@1", second],
        ["-1", "-", "saveconfig.json"],
    ]
    assert user.ok(f"backups {second}").rows == [
        "+ /backstores/ramdisk/r3: created ramdisk r3 on memory",
        f"~ /iscsi/{A}/tpg1: set attribute login_timeout: 15 -> 20",
        "Done: 1 created, 1 changed.",
    ]
    document = checked(user.ok("backups", json=True))["data"]["backups"]
    assert [len(item["plan"] or ()) for item in document] == [0, 2, 1]
    assert [item["number"] for item in document] == [2, 1, None]
    assert user.ok("backups @1") == user.ok(f"backups {second}")
    assert checked(user.ok(f"backups {second}", json=True))["data"]["same"] is False
    Path(BACKUP, first).write_text("{")
    assert user.ok("backups").rows[1].split() == ["-", "unreadable", "@2", first]
    assert user(f"backups {first}").exit == 1
    user.refuses("backups nosuch", "nosuch is not a backup", "backups lists them")


def test_a_backup_by_its_name(user: Shell) -> None:
    user.ok("saveconfig")
    user.ok("/backstores/ramdisk create r3 1M")
    user.ok("saveconfig")
    (name,) = backups()
    gone = "- /backstores/ramdisk/r3: {} ramdisk r3 on memory"
    assert gone.format("would delete") in user(f"diff {name}").rows
    assert gone.format("deleted") in user.ok(f"apply {name}").rows
    user.ok("/ clearconfig confirm=true")
    user.ok(f"restoreconfig {name}")
    assert user.ok(f"diff {name}") == "No differences\n"
    assert user.ok("diff @1") == "No differences\n"
    user.ok("/ clearconfig confirm=true")
    path = f"{BACKUP}/{name}"
    assert user.ok("restoreconfig @1") == f"Configuration restored from {path}\n"
    user.refuses("restoreconfig @2", "there is no backup @2 (backups lists them: @1 is the newest")
    user.refuses("backups @0", "there is no backup @0")
    # A name to write is a name in the current directory.
    user.refuses("restoreconfig saveconfig-nosuch", "Restore file")
