# SPDX-License-Identifier: Apache-2.0
"""A restore that could not create everything: a save keeps what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rtslib_ext.api import System
from rtslib_ext.config.model import NodeAcl
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.transaction import executor
from rtslib_ext.usage.readiness import Wait
from targetcli import session
from targetcli.boot import start
from targetcli.env import Env

from .harness import ETC, Shell, differences, tree

IQN = "iqn.2003-01.org.example:a"
INITIATOR = "iqn.2003-01.org.example:i"
TPG = f"/iscsi/{IQN}/tpg1"
SAVE_FILE = ETC / "saveconfig.json"
SAVED = f"Configuration saved to {SAVE_FILE}"
MISSING = [
    "/backstores/fileio/d2",
    f"{TPG}/acls/{INITIATOR}/mapped_lun1",
    f"{TPG}/luns/lun1",
]
CURE = "restoreconfig keep_existing=true creates the rest, saveconfig drop_missing=true drops it"
NOTE = f"Note: the file keeps what could not be restored: {{}} ({CURE})"


@pytest.fixture
def user(shell: Shell, disks: Path) -> Shell:
    """A user who has saved two files as LUNs of one target, for one initiator."""
    for name in ("d1", "d2"):
        shell.ok(f"/backstores/fileio create {name} {disks}/{name} 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/acls create {INITIATOR}")
    for name in ("d1", "d2"):
        shell.ok(f"{TPG}/luns create /backstores/fileio/{name}")
    shell.ok("saveconfig")
    return shell


@pytest.fixture
def degraded(user: Shell, disks: Path) -> Shell:
    """The same user after a reboot, while the file of the second LUN is away."""
    user.ok("clearconfig confirm=true")
    (disks / "d2").rename(disks / "away")
    assert user("restoreconfig").exit == 1
    # Without this, a test of the end of the record would pass where there was none.
    assert left(user) == MISSING
    return user


def leave(shell: Shell, *lines: str) -> str:
    """Run lines as one session that ends; return what it wrote on standard output."""
    env = shell.env()
    env.session.interactive = True
    for line in lines:
        session.run_line(env, lambda line=line: session.grammar.parse(line))  # type: ignore[misc]
    session.finish(env)
    return env.stdout.getvalue()  # type: ignore[attr-defined,no-any-return]


def objects() -> list[str]:
    return [so["name"] for so in json.loads(SAVE_FILE.read_text())["storage_objects"]]


def contents() -> dict[str, object]:
    """The save file without the mark of what could not be restored."""
    value: dict[str, object] = json.loads(SAVE_FILE.read_text())
    value.pop("rtslib_ext", None)
    return value


UNRESTORED = Path("/run/targetcli/unrestored.json")
HEALTHY = "Status for /: healthy\n"


def comes_back(shell: Shell, disks: Path, before: dict[str, str]) -> None:
    """With the file back, the next restore must give what there was at first."""
    shell.ok("clearconfig confirm=true")
    (disks / "away").rename(disks / "d2")
    assert shell.ok("restoreconfig") == f"Configuration restored from {SAVE_FILE}\n"
    assert differences(tree(), before) == []
    assert shell.ok("/ status") == HEALTHY
    shell.ok("saveconfig")
    assert "unrestored" not in SAVE_FILE.read_text()


def test_session_that_only_looks_saves_nothing(degraded: Shell) -> None:
    saved, when = SAVE_FILE.read_bytes(), SAVE_FILE.stat().st_mtime_ns
    assert "saved" not in leave(degraded, "ls", "pwd", f"{TPG}/luns status")
    assert (SAVE_FILE.read_bytes(), SAVE_FILE.stat().st_mtime_ns) == (saved, when)


@pytest.mark.parametrize("how", ["explicit", "automatic"])
def test_save_keeps_what_could_not_be_restored(user: Shell, disks: Path, how: str) -> None:
    before, saved = tree(), contents()
    user.ok("clearconfig confirm=true")
    (disks / "d2").rename(disks / "away")
    assert user("restoreconfig").exit == 1
    if how == "explicit":
        answer = user.ok("saveconfig")
        assert answer.asides == [NOTE.format(", ".join([MISSING[0], MISSING[2], MISSING[1]]))]
    else:
        assert SAVED in leave(user, f"{TPG} set parameter MaxConnections=2")
        leave(user, f"{TPG} set parameter MaxConnections=1")
    assert contents() == saved
    assert json.loads(SAVE_FILE.read_text())["rtslib_ext"]["unrestored"] == MISSING
    again = SAVE_FILE.read_bytes()
    user.ok("saveconfig")
    assert SAVE_FILE.read_bytes() == again
    comes_back(user, disks, before)


def test_missing_objects_are_shown(degraded: Shell, disks: Path) -> None:
    answer = degraded("/ status")
    assert (answer.exit, answer.rows[0]) == (1, "Status for /: NOT HEALTHY: 3 problems")
    told = [f"{path}: it could not be restored" for path in MISSING]
    told[0] += f": {disks}/d2 does not exist"
    # One cure for all of them is said once.
    assert answer.rows[-1].endswith(f" ({CURE})")
    assert sorted(row.removesuffix(f" ({CURE})") for row in answer.rows[1:]) == told
    assert answer.count(CURE) == 1
    assert "[Not restored: 3]" in degraded.ok("/ ls depth=0")
    document = json.loads(degraded("/ status", json=True))
    assert document["data"]["healthy"] is False
    assert sorted(item["path"] for item in document["data"]["problems"]) == MISSING
    found = degraded("diff").rows
    for path in MISSING:
        assert f"Note: {path}: it could not be restored; a save keeps it" in found
    document = json.loads(degraded("saveconfig", json=True))
    assert document["data"]["unrestored"] == MISSING


def test_retry_creates_it(degraded: Shell, disks: Path) -> None:
    (disks / "away").rename(disks / "d2")
    degraded.ok("restoreconfig keep_existing=true")
    assert degraded.ok("/ status") == HEALTHY
    assert degraded.ok("diff") == "No differences\n"
    assert degraded.ok("saveconfig").asides == []


def test_retry_that_fails_keeps_it(degraded: Shell) -> None:
    assert degraded("restoreconfig keep_existing=true").exit == 1
    assert degraded("/ status").startswith("Status for /: NOT HEALTHY: 3 problems\n")
    degraded.ok("saveconfig")
    assert objects() == ["d1", "d2"]


def drop(shell: Shell) -> None:
    shell.ok("saveconfig drop_missing=true")


def clear(shell: Shell) -> None:
    shell.ok("clearconfig confirm=true")
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("saveconfig")


def applying(shell: Shell) -> None:
    """Another file, which has none of the missing objects."""
    file = ETC / "other.json"
    value = json.loads(SAVE_FILE.read_text())
    value["storage_objects"] = value["storage_objects"][:1]
    value["targets"] = []
    file.write_text(json.dumps(value))
    shell.ok(f"apply {file}", yes=True)


def apply_another(shell: Shell) -> None:
    applying(shell)
    shell.ok("saveconfig")


@pytest.mark.parametrize("how", [drop, clear, apply_another])
def test_dropped_on_purpose(degraded: Shell, how: Callable[[Shell], None]) -> None:
    how(degraded)
    assert "d2" not in objects() and "unrestored" not in SAVE_FILE.read_text()
    assert degraded.ok("/ status") == HEALTHY
    assert degraded.ok("saveconfig").asides == []


def test_what_was_deleted_since_does_not_come_back(degraded: Shell) -> None:
    degraded.ok(f"/iscsi delete {IQN}")
    assert degraded.ok("saveconfig").asides == [NOTE.format(MISSING[0])]
    value = json.loads(SAVE_FILE.read_text())
    assert value["targets"] == [] and objects() == ["d1", "d2"]


def test_number_that_is_in_use_again(degraded: Shell) -> None:
    """The initiator must not see another disk in the place of the missing one."""
    degraded.ok("/backstores/ramdisk create r1 1M")
    degraded.ok(f"{TPG}/luns create /backstores/ramdisk/r1 1 add_mapped_luns=false")
    degraded.ok("saveconfig")
    (tpg,) = json.loads(SAVE_FILE.read_text())["targets"][0]["tpgs"]
    assert [lun["storage_object"] for lun in tpg["luns"]] == [
        "/backstores/fileio/d1",
        "/backstores/ramdisk/r1",
    ]
    assert [lun["index"] for lun in tpg["node_acls"][0]["mapped_luns"]] == [0]


def test_save_of_one_storage_object_keeps_it(degraded: Shell) -> None:
    saved = contents()
    degraded.ok("/backstores/fileio/d1 saveconfig")
    assert contents() == saved
    assert json.loads(SAVE_FILE.read_text())["rtslib_ext"]["unrestored"] == MISSING


def test_restore_of_one_target(user: Shell) -> None:
    value = json.loads(SAVE_FILE.read_text())
    user.ok("clearconfig confirm=true")
    (Path(value["storage_objects"][1]["dev"])).unlink()
    assert user(f"restoreconfig target={IQN}").exit == 1
    user.ok("saveconfig")
    found = json.loads(SAVE_FILE.read_text())
    assert objects() == ["d1", "d2"]
    assert len(found["targets"][0]["tpgs"][0]["luns"]) == 2


def clearing(shell: Shell) -> None:
    shell.ok("clearconfig confirm=true")


@pytest.mark.parametrize("how", [clearing, applying])
def test_undo_knows_again_what_was_missing(
    degraded: Shell, how: Callable[[Shell], None], disks: Path
) -> None:
    how(degraded)
    assert not UNRESTORED.exists()
    degraded.ok("undo", yes=True)
    assert degraded("/ status").startswith("Status for /: NOT HEALTHY: 3 problems")
    assert degraded.ok("saveconfig").asides and objects() == ["d1", "d2"]
    degraded.ok("redo", yes=True)
    assert not UNRESTORED.exists()
    degraded.ok("undo", yes=True)
    assert UNRESTORED.stat().st_mode & 0o777 == 0o600
    (disks / "away").rename(disks / "d2")
    degraded.ok("restoreconfig keep_existing=true")
    assert degraded.ok("/ status") == HEALTHY


@pytest.mark.parametrize(("command", "back"), [("undo", "redo"), ("revert 9", "revert 10")])
def test_undo_keeps_what_a_later_restore_could_not_create(
    degraded: Shell, command: str, back: str
) -> None:
    """The record of the undone change comes back beside the one of a restore after it."""
    applying(degraded)
    value = json.loads(SAVE_FILE.read_text())
    value["storage_objects"] = [{**value["storage_objects"][1], "name": "d3", "dev": "/no/file"}]
    value["targets"] = []
    (ETC / "third.json").write_text(json.dumps(value))
    assert degraded(f"restoreconfig {ETC}/third.json keep_existing=true").exit == 1
    assert left(degraded) == ["/backstores/fileio/d3"]
    degraded.ok(command, yes=True)
    assert sorted(left(degraded)) == sorted([*MISSING, "/backstores/fileio/d3"])
    degraded.ok(back, yes=True)
    assert left(degraded) == ["/backstores/fileio/d3"]


# -- settings and groups that the kernel refuses ----------------------------------------------

D1 = "/backstores/fileio/d1"
GROUP = f"{D1}/alua/standby"
REFUSED = sorted(
    [
        "/backstores/lu_gps/fast",
        f"{D1}/alua_lu_gp",
        f"{D1}/block_size",
        GROUP,
        f"{TPG}/luns/lun0/alua_tg_pt_gp_name",
    ]
)


@pytest.fixture
def refused(user: Shell) -> tuple[Shell, dict[str, str]]:
    """A user whose file was restored where other groups have the numbers of two of its groups.

    The block size of one object in it is wrong as well. Returns the tree of the whole file, too.
    """
    user.ok("/backstores/lu_gps create fast 7")
    ((hba, _),) = [(key, value) for key, value in tree().items() if key.endswith("/d1/alua_lu_gp")]
    user.fs.write(hba, "fast")
    user.ok(f"{D1}/alua create standby 5")
    user.ok(f"{GROUP} set alua alua_access_state=2")
    user.ok(f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=standby")
    user.ok("saveconfig")
    before = tree()
    edit(lambda so: so["attributes"].update(block_size=777), early=5)
    user.ok("clearconfig confirm=true")
    user.ok("/backstores/lu_gps create slow 7")
    assert user("restoreconfig keep_existing=true").exit == 1
    user.ok(f"{D1}/alua delete early")
    assert left(user) == REFUSED
    return user, before


def left(shell: Shell) -> list[str]:
    """The objects and settings that a save would mark."""
    document = json.loads(shell(f"saveconfig {ETC}/another.json", json=True))
    found: list[str] = document["data"]["unrestored"]
    return found


def edit(change: Callable[[dict[str, dict[str, int]]], None], early: int = 0) -> None:
    """Change the entry of d1 in the save file; with ``early``, a group before its other ones."""
    value = json.loads(SAVE_FILE.read_text())
    (so,) = (so for so in value["storage_objects"] if so["name"] == "d1")
    change(so)
    if early:
        so["alua_tpgs"].insert(0, {"name": "early", "tg_pt_gp_id": early})
    else:
        so["alua_tpgs"] = [group for group in so["alua_tpgs"] if group["name"] != "early"]
    SAVE_FILE.write_text(json.dumps(value))


def test_refused_settings_stay_in_the_file(refused: tuple[Shell, dict[str, str]]) -> None:
    shell, _ = refused
    assert left(shell) == REFUSED
    rows = shell("/ status").rows
    for name in REFUSED:
        assert any(row.startswith(f"{name}: it could not be restored") for row in rows)
        assert f"Note: {name}: it could not be restored; a save keeps it" in shell("diff").rows
    edit(lambda so: None)
    saved = contents()
    shell.ok("/backstores/lu_gps delete slow")
    shell.ok(f"{TPG} set parameter MaxConnections=2")
    shell.ok(f"{TPG} set parameter MaxConnections=1")
    shell.ok("saveconfig")
    assert json.loads(SAVE_FILE.read_text())["rtslib_ext"].pop("unrestored") == REFUSED
    assert contents() == saved
    leave(shell, f"{TPG} set parameter MaxConnections=2", f"{TPG} set parameter MaxConnections=1")
    shell.ok(f"{D1} saveconfig")
    assert contents() == saved
    summary = f"Status for /: NOT HEALTHY: {len(REFUSED)} problems"
    assert shell("/ status").rows[0] == summary, "the file has all of them: nothing is unsaved"


def test_refused_settings_are_set_by_the_next_restore(
    refused: tuple[Shell, dict[str, str]],
) -> None:
    shell, before = refused
    shell.ok("/backstores/lu_gps delete slow")
    assert shell("restoreconfig keep_existing=true").exit == 1
    # Its number is in use no more, and neither is that of the group.
    assert left(shell) == [f"{D1}/block_size"]
    edit(lambda so: so["attributes"].update(block_size=512))
    shell.ok("restoreconfig keep_existing=true")
    assert left(shell) == []
    assert differences(tree(), before) == []
    assert shell.ok("diff") == "No differences\n"


def test_refused_settings_after_a_reboot(refused: tuple[Shell, dict[str, str]]) -> None:
    shell, before = refused
    shell.ok("/backstores/lu_gps delete slow")
    shell.ok("saveconfig")
    shell.ok("clearconfig confirm=true")
    edit(lambda so: so["attributes"].update(block_size=512))
    shell.ok("restoreconfig")
    assert differences(tree(), before) == []


def test_refused_setting_that_was_set_by_hand(refused: tuple[Shell, dict[str, str]]) -> None:
    shell, _ = refused
    shell.ok(f"{TPG}/luns delete 0")
    shell.ok(f"{D1} set attribute block_size=1024")
    shell.ok("saveconfig")
    value = json.loads(SAVE_FILE.read_text())
    assert value["storage_objects"][0]["attributes"]["block_size"] == 1024
    names = [name for name in REFUSED if "block_size" not in name and "lun0" not in name]
    assert value["rtslib_ext"]["unrestored"] == names


def test_refused_settings_are_dropped_on_purpose(refused: tuple[Shell, dict[str, str]]) -> None:
    shell, _ = refused
    drop(shell)
    text = SAVE_FILE.read_text()
    assert '"name": "standby"' not in text and "777" not in text and "unrestored" not in text
    assert left(shell) == []


@pytest.mark.parametrize("at", [1, 3, 9, 14])
def test_interrupted_restore_loses_no_setting(
    user: Shell, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Objects exist already, whose settings were still to be set."""
    user.ok(f"{D1} set attribute emulate_caw=0")
    user.ok("/backstores/fileio/d2 set attribute emulate_3pc=0")
    user.ok(f"{TPG} set parameter MaxConnections=2")
    user.ok(f"{TPG}/acls/{INITIATOR} set auth userid=u password=secret")
    user.ok("/iscsi set discovery_auth enable=1 userid=v password=other")
    user.ok("saveconfig")
    before, saved = tree(), contents()
    user.ok("clearconfig confirm=true")
    calls = 0

    @contextmanager
    def interrupted() -> Iterator[Callable[[], None]]:
        def deliver() -> None:
            nonlocal calls
            calls += 1
            if calls == at:
                raise KeyboardInterrupt

        yield deliver

    with monkeypatch.context() as patch:
        patch.setattr(executor, "held_interrupts", interrupted)
        assert user("restoreconfig").exit == 1
    user.ok("saveconfig")
    assert contents() == saved
    user.ok("restoreconfig keep_existing=true")
    assert differences(tree(), before) == [] and left(user) == []


def test_nothing_is_said_to_be_restored_after_clearing(degraded: Shell, disks: Path) -> None:
    (disks / "away").rename(disks / "d2")
    assert degraded.ok("restore_pending") == "Everything is restored\n"
    assert degraded.ok("restore_pending") == "Nothing was waiting to be restored\n"
    degraded.ok("clearconfig confirm=true")
    assert degraded.ok("restore_pending") == "Nothing was waiting to be restored\n"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"targets": 1'])
def test_damaged_record(degraded: Shell, content: bytes) -> None:
    record = Path(degraded.env().unrestored)
    record.write_bytes(content)
    damaged = "the record of the objects that could not be restored is damaged: "
    for line in ("saveconfig", "restore_pending"):
        degraded.refuses(line, damaged, str(record), "saveconfig drop_missing=true drops them")
    answer = degraded("status")
    assert answer.result and answer.result.status == 1 and damaged in answer
    assert "Not restored: unknown" in degraded.ok("ls / 0")
    answer = degraded(f"restore_pending {SAVE_FILE}")
    assert f"{damaged}{record}" in answer.stderr and "; it was removed" in answer.stderr
    assert left(degraded) == MISSING and damaged not in degraded("status")
    record.write_bytes(content)
    assert degraded("restoreconfig keep_existing=true").stderr.count("; it was removed") == 1
    record.write_bytes(content)
    degraded.ok("saveconfig drop_missing=true")
    assert not record.exists()
    record.write_bytes(content)
    degraded.ok("clearconfig confirm=true")
    assert not record.exists()


def exported() -> list[str]:
    """The storage objects of the LUNs, and of those mapped for the initiator."""
    found = tree("iscsi")
    return sorted(
        f"{'mapped' if '/acls/' in name else 'lun'} {text.rpartition('/')[2]}"
        for name, text in found.items()
        if text.startswith("->")
    )


ONE = ["lun d1", "mapped lun_0"]


@pytest.mark.parametrize("line", ["restore_pending", "restoreconfig keep_existing=true"])
def test_another_disk_of_the_same_name_is_not_exported(
    degraded: Shell, disks: Path, line: str
) -> None:
    answer = degraded.ok(f"/backstores/fileio create d2 {disks}/new 1M")
    lun = f"{TPG}/luns/lun1"
    text = "it could not be restored, and is not any more: its storage object is another disk"
    assert answer.asides == [f"Note: {lun}: {text}"]
    assert left(degraded) == []
    (disks / "away").rename(disks / "d2")
    answer = degraded(line)
    assert exported() == ONE
    assert answer.exit == int(line != "restore_pending")
    if answer.exit:
        assert "/backstores/fileio/d2: its serial number is" in answer.stderr
    degraded.ok("undo", yes=True)
    assert left(degraded) == sorted(MISSING)
    degraded.ok("restore_pending")
    assert exported() == ["lun d1", "lun d2", "mapped lun_0", "mapped lun_1"]


@pytest.mark.parametrize("folder", [f"{TPG}/acls {INITIATOR}", f"/iscsi {IQN}"])
def test_what_is_deleted_does_not_return(degraded: Shell, disks: Path, folder: str) -> None:
    """Though it was created anew before anything looked."""
    above, name = folder.split()
    degraded.ok(f"{above} delete {name}")
    degraded.ok(f"{above} create {name}")
    now = exported()
    (disks / "away").rename(disks / "d2")
    degraded.ok("restore_pending")
    assert [item for item in exported() if item.startswith("mapped")] == [
        item for item in now if item.startswith("mapped")
    ]
    degraded.ok("undo", yes=True)


def test_what_the_library_deletes_does_not_return(degraded: Shell, disks: Path) -> None:
    """As of what targetcli deletes."""
    target = ("iscsi", IQN)
    system = System(degraded.fs)
    have = system.read()
    tpg = have.targets[target].tpgs[1]
    bare = replace(tpg.acls[INITIATOR], mapped_luns={})

    def to(acls: dict[str, NodeAcl]) -> None:
        item = replace(have.targets[target], tpgs={1: replace(tpg, acls=acls)})
        want = replace(have, targets={**have.targets, target: item})
        system.apply(system.plan(want, exact=True), interrupt=True)

    to({})
    to({INITIATOR: bare})
    (disks / "away").rename(disks / "d2")
    degraded.ok("restore_pending")
    assert not [item for item in exported() if item.startswith("mapped")]


def test_a_number_that_another_disk_took_is_not_mapped(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r 1M")
    user.ok(f"{TPG}/luns delete 1")
    user.ok(f"{TPG}/acls delete {INITIATOR}")
    user.ok(f"{TPG}/luns create /backstores/ramdisk/r 1")
    answer = user("restoreconfig keep_existing=true")
    assert exported() == ["lun d1", "lun r", "mapped lun_0"]
    assert answer.exit == 1
    text = "it exports ramdisk/r, not fileio/d2: it was left unchanged, and not mapped"
    assert f"{TPG}/luns/lun1: {text} (apply changes it), skipped" in answer.stderr


def test_what_is_deleted_while_the_start_waits_does_not_return(
    user: Shell, disks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a part of the file is not understood."""
    user.ok("clearconfig confirm=true")
    (disks / "d2").rename(disks / "away")
    # The target exists already, so that only its LUN waits.
    user("restoreconfig")
    SAVE_FILE.write_text(json.dumps({**json.loads(SAVE_FILE.read_text()), "unknown": 1}))

    def wait(env: Env, end: float) -> list[Wait]:
        user.ok(f"{TPG}/acls delete {INITIATOR}")
        return start._waiting(env)

    monkeypatch.setattr(start, "_wait", wait)
    assert start.run(user.env(), 1) == 1
    assert exported() == ["lun d1"] and "d2" in str(left(user))
