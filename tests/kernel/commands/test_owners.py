# SPDX-License-Identifier: Apache-2.0
"""apply --owner: each source of configuration changes what it owns, and nothing else."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import checked

from rtslib_ext import restore
from rtslib_ext.host.arrivals import Arrivals
from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import session as sessions
from targetcli.audit import history
from targetcli.boot import missing, reload, start, watch
from targetcli.language import grammar
from tests.kernel.plan.test_killed import Deadly, forked, lived

from . import test_cost
from .harness import ETC, Shell, differences, tree
from .test_collecting import Session

CSI = ETC / "csi.json"
POOL = ETC / "pool.json"
CONF_D = ETC / "conf.d"
RECORD = Path("/run/targetcli/owners.json")
A = "iqn.2003-01.org.example:a"
B = "iqn.2003-01.org.example:b"
HOST = "iqn.2003-01.org.example:host"
GUEST = "iqn.2003-01.org.example:guest"
Json = dict[str, Any]


def ramdisk(name: str, size: int = 1 << 20) -> Json:
    return {"name": name, "plugin": "ramdisk", "size": size, "wwn": f"serial-{name}"}


def target(wwn: str, *names: str) -> Json:
    """A target that exports ramdisks, each for one initiator under its LUN."""
    return {
        "fabric": "iscsi",
        "wwn": wwn,
        "tpgs": [
            {
                "tag": 1,
                "enable": True,
                "luns": [
                    {"index": number, "storage_object": f"/backstores/ramdisk/{name}"}
                    for number, name in enumerate(names)
                ],
                "portals": [],
                "node_acls": [
                    {
                        "node_wwn": HOST,
                        "mapped_luns": [
                            {"index": number, "tpg_lun": number} for number in range(len(names))
                        ],
                    }
                ],
            }
        ],
    }


def fragment(*names: str, wwn: str = A, exported: int | None = None) -> Json:
    """Ramdisks, and a target that exports them, or only the first ones."""
    return {
        "storage_objects": [ramdisk(name) for name in names],
        "targets": [target(wwn, *names[:exported])] if names else [],
    }


def guest(wwn: str = A, lun: int = 0) -> Json:
    """An ACL in a target of another owner."""
    acl = {"node_wwn": GUEST, "mapped_luns": [{"index": 5, "tpg_lun": lun}]}
    tpg = {"tag": 1, "node_acls": [acl]}
    return {"targets": [{"fabric": "iscsi", "wwn": wwn, "tpgs": [tpg]}]}


def put(file: Path, value: Json) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(value))


@pytest.fixture
def user(shell: Shell) -> Iterator[Shell]:
    """A user with something made by hand, and a fragment of csi that is applied."""
    shell.ok("/backstores/ramdisk create mine 1M")
    shell.ok("/iscsi create iqn.2003-01.org.example:mine")
    put(CSI, fragment("c1", "c2"))
    shell.ok(f"apply {CSI} --owner csi")
    yield shell
    for file in (CSI, POOL, *CONF_D.glob("*")):
        file.unlink(missing_ok=True)


def owned_by(shell: Shell) -> dict[str, str]:
    """The owners as the command lists them."""
    facts = checked(shell.ok("owners", json=True))["data"]["owners"]
    return {item["path"]: item["owner"] for item in facts}


def test_only_what_its_owner_has_is_changed_and_deleted(user: Shell) -> None:
    mine = ("/backstores/ramdisk/mine", "/iscsi/iqn.2003-01.org.example:mine")
    assert owned_by(user) == {
        "/backstores/ramdisk/c1": "csi",
        "/backstores/ramdisk/c2": "csi",
        f"/iscsi/{A}": "csi",
    }
    put(POOL, fragment("p1", wwn=B))
    user.ok(f"apply {POOL} --owner pool")
    before = tree()
    assert user.ok(f"apply {CSI} --owner csi").rows[-1] == "Nothing to change"
    assert differences(tree(), before) == []
    put(CSI, fragment("c1"))
    answer = user.ok(f"apply {CSI} --owner csi")
    assert "delete" in answer and "p1" not in answer and "mine" not in answer
    assert "/backstores/ramdisk/c2" not in owned_by(user)
    for path in (*mine, "/backstores/ramdisk/p1", f"/iscsi/{B}", f"/iscsi/{A}/tpg1/luns/lun0"):
        user.ok(f"{path} info")
    put(CSI, {"storage_objects": [], "targets": []})
    user.ok(f"apply {CSI} --owner csi")
    assert set(owned_by(user).values()) == {"pool"}
    user.ok("apply --owner pool --remove")
    assert owned_by(user) == {} and not RECORD.exists()
    for path in mine:
        user.ok(f"{path} info")


def test_what_others_have_is_refused_with_their_name(user: Shell) -> None:
    put(POOL, fragment("c1", wwn=B))
    line = f"apply {POOL} --owner pool"
    user.refuses(line, "/backstores/ramdisk/c1", "belongs to csi", "--adopt takes it over")
    put(POOL, fragment("mine", wwn=B))
    user.refuses(line, "/backstores/ramdisk/mine", "has no owner", "apply --adopt")
    user.refuses(f"apply {POOL} --owner 'no name'", "is not the name of an owner")
    user.refuses(f"apply {POOL} --adopt", "adopt needs an owner")
    user.refuses(f"apply {POOL} --owner pool --remove", "takes the owner and no file")
    user.refuses(f"apply {POOL} --owner pool --merge", "a fragment is applied whole")
    user.refuses("apply --owner pool", "there is no fragment")
    # Its own disk, which a target made by hand exports.
    user.ok("/iscsi/iqn.2003-01.org.example:mine/tpg1/luns create /backstores/ramdisk/c2")
    put(CSI, fragment("c1"))
    user.refuses(f"apply {CSI} --owner csi", "/backstores/ramdisk/c2", "has no owner")
    user.ok("/iscsi/iqn.2003-01.org.example:mine/tpg1/luns delete 0")
    put(CSI, fragment("c1", "c2") | {"storage_objects": [ramdisk("c1")]})
    user.refuses(f"apply {CSI} --owner csi", "a target of the fragment exports it")


def test_objects_are_adopted_on_request(user: Shell) -> None:
    put(POOL, fragment("mine", "c1", wwn=B, exported=1))
    put(CSI, fragment("c2"))
    wrong = user.ok(f"apply {POOL} --owner pool --adopt --dry-run")
    assert any("would belong to pool" in line for line in wrong.asides)
    assert owned_by(user)["/backstores/ramdisk/c1"] == "csi"
    value = json.loads(POOL.read_text())
    del value["storage_objects"][0]["wwn"]
    put(POOL, value)
    answer = user.ok(f"apply {POOL} --owner pool --adopt")
    assert "Note: /backstores/ramdisk/mine belongs to pool now; it had no owner" in answer.asides
    assert "Note: /backstores/ramdisk/c1 belongs to pool now; it belonged to csi" in answer.asides
    assert owned_by(user)["/backstores/ramdisk/c1"] == "pool"
    # Nothing changes in the kernel, and undo knows it nevertheless; so does a transaction.
    put(CSI, {"storage_objects": [ramdisk("c1")], "targets": []})
    user.ok(f"saveconfig {ETC}/pool2.json owner=pool")
    known = owned_by(user)
    user.ok(f"apply {ETC}/pool2.json --owner other --adopt")
    assert "other" in owned_by(user).values()
    user.ok("undo")
    assert owned_by(user) == known
    session = Session(user.env())
    session("begin")
    session(f"apply {ETC}/pool2.json --owner other --adopt")
    assert session("commit")[-1] == "Committed: 1 change."
    assert "other" in owned_by(user).values()


def test_leaving_a_shell_saves_a_new_owner(user: Shell) -> None:
    """The kernel has no change, so the file would lack the owner at the next boot."""
    user.ok("saveconfig")
    env = user.env()
    put(POOL, fragment("c1", "c2"))
    for line in (f"apply {CSI} --owner csi --adopt", f"apply {POOL} --owner pool --adopt"):
        sessions.run_line(env, lambda line=line: grammar.parse(line))  # type: ignore[misc]
    user.ok("/backstores/ramdisk create theirs 1M")
    assert sessions.finish(env)
    owners = json.loads(Path(user.save_file).read_text())["rtslib_ext"]["owners"]
    assert owners[f"/iscsi/{A}"] == "pool"


def test_acls_in_a_target_of_another_owner(user: Shell) -> None:
    put(POOL, guest())
    user.ok(f"apply {POOL} --owner pool")
    acl = f"/iscsi/{A}/tpg1/acls/{GUEST}"
    assert owned_by(user)[acl] == "pool"
    # The owner of the target leaves it alone, and cannot pull the LUN away below it.
    assert user.ok(f"apply {CSI} --owner csi").rows[-1] == "Nothing to change"
    user.ok(f"{acl}/mapped_lun5 info")
    put(CSI, fragment("c2"))
    user.refuses(f"apply {CSI} --owner csi", acl, "belongs to pool", "which it maps")
    user.refuses("apply --owner csi --remove", acl, "belongs to pool", "delete its target")
    put(CSI, fragment("c1"))
    user.ok(f"apply {CSI} --owner csi")
    put(POOL, guest(lun=1))
    user.refuses(f"apply {POOL} --owner pool", "LUN 1, which does not exist")
    # No ACL maps LUN 0 any more, which the owner of the target keeps.
    answer = user.ok("apply --owner pool --remove")
    assert "still differs" not in answer + answer.stderr
    user.ok(f"/iscsi/{A}/tpg1/luns/lun0 info")
    assert acl not in owned_by(user)
    assert not user(f"{acl} info").exit == 0
    put(POOL, guest(wwn=B))
    user.refuses(f"apply {POOL} --owner pool", "only ACLs of it", "its owner creates it first")


def test_owners_are_saved_and_restored(user: Shell) -> None:
    put(POOL, guest())
    user.ok(f"apply {POOL} --owner pool")
    known = owned_by(user)
    user.ok("saveconfig")
    saved = json.loads(Path(user.save_file).read_text())
    assert saved["rtslib_ext"]["owners"] == known
    for more in ("", f" savefile={user.save_file}"):
        said = user.ok(f"export -{more}", json=True)
        remarks = checked(said)["data"]["remarks"]
        assert {one["path"] for one in remarks} == set(known), remarks
    user.ok("clearconfig confirm=true")
    assert owned_by(user) == {}
    user.ok("restoreconfig")
    assert owned_by(user) == known
    assert user.ok(f"apply {CSI} --owner csi").rows[-1] == "Nothing to change"
    user.ok("clearconfig confirm=true")
    user.ok(f"restore_pending {user.save_file}")
    assert owned_by(user) == known
    user.ok("clearconfig confirm=true")
    user.ok("apply")
    assert owned_by(user) == known
    # One object of the file, and the others keep theirs.
    user.ok("/backstores/ramdisk/c1 saveconfig")
    assert json.loads(Path(user.save_file).read_text())["rtslib_ext"]["owners"] == known


def test_owners_that_no_record_can_have_are_not_restored(user: Shell) -> None:
    """Of a file that was edited: one wrong entry would make the record useless for all owners."""
    user.ok("saveconfig")
    file = Path(user.save_file)
    saved = json.loads(file.read_text())
    found = saved["rtslib_ext"]["owners"]
    wrong = {"/backstores/ramdisk/mine": "a b", "/iscsi": "csi"}
    wrong |= {f"/iscsi/{A}/tpg{'9' * 5000}/acls/{HOST}": "csi"}
    saved["rtslib_ext"]["owners"] = {**found, **wrong}
    file.write_text(json.dumps(saved))
    before = owned_by(user)
    user.ok("/backstores/ramdisk/mine saveconfig")
    file.write_text(json.dumps(saved))
    answer = user.ok(f"restoreconfig {file} clear_existing=true")
    assert "3 owners in the file are not understood" in answer.stderr
    assert owned_by(user) == before


def test_a_damaged_record_stops_no_change_in_the_middle(user: Shell) -> None:
    """What has been changed is told as such, and a restore is not left half done."""
    user.ok("saveconfig")
    before = owned_by(user)
    user.ok("/backstores/ramdisk create other 1M")
    user.ok("apply --owner csi --remove")
    RECORD.write_text('{"owners": {"/iscsi": "csi"}}')
    assert "is damaged, and not changed" in user.ok("undo").stderr
    user.ok(f"/iscsi/{A} info")
    answer = user.ok("/backstores/ramdisk delete other")
    assert "is damaged, and not changed: remove it" in answer.stderr
    user.refuses("saveconfig", "is damaged", "remove it; apply FILE --owner NAME --adopt")
    for line in ("status", "check"):
        answer = user(line)
        assert "is damaged" in answer, answer.stderr
    user.refuses(f"apply {CSI} --owner csi", "is damaged")
    # The file has the owners, and everything else is deleted on purpose.
    user.ok(f"restoreconfig {user.save_file} clear_existing=true")
    assert owned_by(user) == before
    RECORD.write_text("[]")
    user.ok("clearconfig confirm=true")
    assert not RECORD.exists()


def test_deleting_by_hand_drops_the_owner_until_undo(user: Shell) -> None:
    known = owned_by(user)
    answer = user.ok(f"/iscsi delete {A}")
    assert f"Note: /iscsi/{A} belonged to csi, whose next apply creates it again" in answer.asides
    assert f"/iscsi/{A}" not in owned_by(user)
    user.ok("undo")
    assert owned_by(user) == known
    user.ok("redo")
    assert f"/iscsi/{A}" not in owned_by(user)
    user.ok(f"apply {CSI} --owner csi")
    assert owned_by(user) == known
    user.ok("undo")
    assert f"/iscsi/{A}" not in owned_by(user)
    number = history.read(user.history)[-1].number
    user.ok(f"revert {number}")
    assert owned_by(user) == known


def test_a_renamed_object_keeps_its_owner(user: Shell, disks: Path) -> None:
    value = {
        "storage_objects": [
            {"name": "f1", "plugin": "fileio", "dev": f"{disks}/f1", "size": 1 << 20, "wwn": "f1"}
        ],
        "targets": [],
    }
    user.ok(f"/backstores/fileio create other {disks}/f1 1M")
    user.ok("/backstores/fileio delete other")
    put(POOL, value)
    user.ok(f"apply {POOL} --owner pool")
    user.ok("/backstores/fileio rename f1 f2")
    assert owned_by(user)["/backstores/fileio/f2"] == "pool"
    assert "/backstores/fileio/f1" not in owned_by(user)
    user.ok("undo")
    assert owned_by(user)["/backstores/fileio/f1"] == "pool"


def test_a_failure_or_an_expired_confirmation_leaves_the_owners(user: Shell) -> None:
    known = owned_by(user)
    value = fragment("c1", "c3")
    value["targets"][0]["tpgs"][0]["luns"][1]["storage_object"] = "/backstores/ramdisk/none"
    put(CSI, value)
    before = tree()
    assert user(f"apply {CSI} --owner csi").exit == 1
    assert differences(tree(), before) == []
    assert owned_by(user) == known and "unfinished" not in RECORD.read_text()
    put(CSI, fragment("c1", "c3"))
    user.ok(f"apply {CSI} --owner csi --confirm-within 60s")
    assert "/backstores/ramdisk/c3" in owned_by(user)
    user.ok("confirm back")
    assert owned_by(user) == known
    assert differences(tree(), before) == []


@pytest.mark.parametrize("action", ["undo", "finish"])
def test_recover_decides_about_the_owners_too(user: Shell, action: str) -> None:
    """The apply was killed: recover ends it, and the owners are those before it, or after it."""
    known = owned_by(user)
    put(CSI, fragment("c2", "c3", "c4"))
    real, user.fs = user.fs, Deadly(4, "after")
    assert not lived(forked(lambda: user(f"apply {CSI} --owner csi")))
    user.fs = real
    assert "unfinished" in RECORD.read_text()
    user.ok(f"recover {action}")
    assert "unfinished" not in RECORD.read_text()
    after = {f"/backstores/ramdisk/c{number}": "csi" for number in (2, 3, 4)}
    assert owned_by(user) == (known if action == "undo" else {**after, f"/iscsi/{A}": "csi"})
    put(CSI, fragment("c1", "c2"))
    user.ok(f"apply {CSI} --owner csi")
    assert owned_by(user) == known


def test_other_tools_read_a_file_with_owners(user: Shell) -> None:
    """rtslib-fb restores it, without an error, and drops the owners."""
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    program = (
        "import rtslib_fb; root = rtslib_fb.RTSRoot(); "
        f"print(root.restore_from_file({user.save_file!r}))"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n", done.stdout
    user.ok("/backstores/ramdisk/c1 info")
    user.ok(f"/iscsi/{A}/tpg1/luns/lun1 info")
    # Its objects are of no owner then, which adopt mends.
    user.refuses(f"apply {CSI} --owner csi", "has no owner", "apply --adopt")
    user.ok(f"apply {CSI} --owner csi --adopt")


def test_each_fragment_of_a_directory_has_its_own_owner(user: Shell) -> None:
    put(CONF_D / "csi.json", fragment("c1"))
    put(CONF_D / "pool.json", fragment("p1", wwn=B))
    document = checked(user.ok(f"apply {CONF_D}", json=True))["data"]
    assert [item["owner"] for item in document["fragments"]] == ["csi", "pool"]
    assert set(owned_by(user).values()) == {"csi", "pool"}
    user.refuses(f"apply {CONF_D}/csi.json --owner pool", "is the fragment of csi")
    # A disk moves to another fragment: nothing happens to it.
    put(CONF_D / "csi.json", {"storage_objects": [], "targets": [target(A, "c1")]})
    put(CONF_D / "pool.json", fragment("c1", "p1", wwn=B))
    user.ok(f"apply {CONF_D} --dry-run")
    value = copy.deepcopy(json.loads((CONF_D / "pool.json").read_text()))
    value["targets"] = [target(B, "p1")]
    put(CONF_D / "pool.json", value)
    answer = user.ok(f"apply {CONF_D}")
    assert answer.rows == ["csi:", "  Nothing to change", "pool:", "  Nothing to change"]
    assert owned_by(user)["/backstores/ramdisk/c1"] == "pool"
    # One of them is broken: the other one is applied.
    put(CONF_D / "pool.json", fragment("c1", "p1", "p2", wwn=B))
    (CONF_D / "csi.json").write_text("{")
    answer = user(f"apply {CONF_D}")
    assert answer.exit == 1 and "csi.json" in answer.stderr
    user.ok("/backstores/ramdisk/p2 info")
    put(CONF_D / "csi.json", fragment("p2"))
    user.refuses(f"apply {CONF_D}", "it is in", "delete it from one of them")
    assert "/backstores/ramdisk/p2: it is in" in user("check ignore=file-mode severity=error")


def test_the_service_applies_the_fragments_after_the_saved_configuration(user: Shell) -> None:
    user.ok("saveconfig")
    put(CONF_D / "csi.json", fragment("c1", "c2"))
    put(CONF_D / "pool.json", fragment("p1", wwn=B))
    user.ok("clearconfig confirm=true")
    env = user.env()
    assert start.run(env, 0) == 0
    # What the saved file has is not applied again.
    assert env.stdout.getvalue().count("Nothing to change") == 1  # type: ignore[attr-defined]
    assert sorted(set(owned_by(user).values())) == ["csi", "pool"]
    user.ok("/backstores/ramdisk/mine info")
    put(CONF_D / "pool.json", fragment("mine", wwn=B))
    assert start.run(user.env(), 0) == 1


def test_the_service_starts_fragments_without_a_saved_configuration(user: Shell) -> None:
    user.ok("apply --owner csi --remove")
    user.ok("clearconfig confirm=true")
    put(CONF_D / "csi.json", fragment("c1"))
    assert not Path(user.save_file).exists()
    assert start.run(user.env(), 0) == 0
    assert set(owned_by(user).values()) == {"csi"}
    assert reload.run(user.env()) == 0
    user.ok("clearconfig confirm=true")
    # A file of which nothing can be used does not stop them either.
    Path(user.save_file).write_text("{")
    assert start.run(user.env(), 0) == 1
    assert set(owned_by(user).values()) == {"csi"}


def test_the_service_waits_for_the_devices_of_fragments(
    user: Shell, disks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = disks / "late"
    late = {"name": "l", "plugin": "fileio", "dev": str(file), "size": 1 << 20, "wwn": "l"}
    put(CONF_D / "pool.json", {"storage_objects": [late]})
    (CONF_D / "broken.json").write_text("{")
    user.ok("clearconfig confirm=true")
    (wait,) = missing.of_fragments(user.env())
    assert wait.path == "/backstores/fileio/l" and str(file) in wait.text
    # It arrives while the service waits.
    monkeypatch.setattr(Arrivals, "wait", lambda self, _: file.write_bytes(bytes(1 << 20)))
    assert start.run(user.env(), 20) == 1, "one of them is broken"
    assert owned_by(user) == {"/backstores/fileio/l": "pool"}


def test_a_device_that_comes_after_the_limit_completes_its_fragment(
    user: Shell, disks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start leaves a record, which the rule of udev and target-pending.service look for."""
    files = {name: disks / name for name in ("late", "later")}
    for name, file in files.items():
        late = {"name": name, "plugin": "fileio", "dev": str(file), "size": 1 << 20, "wwn": name}
        put(CONF_D / f"{name}.json", {"storage_objects": [late]})
    put(CONF_D / "csi.json", fragment("c1"))
    user.ok("clearconfig confirm=true")
    assert start.run(user.env(), 0) == 1
    record = Path(user.env().waiting_fragments)
    rules = Path("systemd/90-target.rules").read_text()
    assert json.loads(record.read_text()) == ["late", "later"] and f'"{record}"' in rules
    files["late"].write_bytes(bytes(1 << 20))
    answer = user.ok("restore_pending")
    assert "/backstores/fileio/later waits" in answer.stderr
    assert owned_by(user)["/backstores/fileio/late"] == "late"
    monkeypatch.setattr(
        Arrivals, "wait", lambda self, _: files["later"].write_bytes(bytes(1 << 20))
    )
    assert watch.run(user.env()) == 0 and not record.exists()
    assert set(owned_by(user).values()) == {"csi", "late", "later"}
    put(CONF_D / "late.json", {"storage_objects": [ramdisk("other")]})
    assert user.ok("restore_pending").rows == ["Nothing was waiting to be restored"]


def test_an_apply_of_a_whole_file_keeps_what_has_an_owner(user: Shell) -> None:
    """It is in no file that was saved before, or is otherwise there."""
    user.ok("saveconfig")
    put(CSI, fragment("c1", "c2", "c3"))
    user.ok(f"apply {CSI} --owner csi")
    put(POOL, fragment("p1", wwn=B))
    user.ok(f"apply {POOL} --owner pool")
    known, before = owned_by(user), tree()
    assert user("diff").exit == 0
    answer = user.ok("apply")
    assert "Nothing to change" in answer.rows
    assert "/backstores/ramdisk/p1: it belongs to pool" in answer
    assert "apply --owner pool --remove deletes all that pool has" in answer
    assert f"/iscsi/{A}: it belongs to csi, and it differs in the file" in answer
    assert differences(tree(), before) == [] and owned_by(user) == known
    # What has no owner equals the file afterwards.
    user.ok("/backstores/ramdisk create more 1M")
    user.ok(f"/iscsi/{B}/tpg1/acls create {GUEST}")
    assert user("diff").exit == 1
    user.ok("apply")
    assert user("/backstores/ramdisk/more info").exit == 1
    user.ok(f"/iscsi/{B}/tpg1/acls/{GUEST} info")
    # One object by its name is changed, by order.
    user.ok(f"/iscsi/{A} apply")
    assert user(f"/iscsi/{A}/tpg1/luns/lun2 info").exit == 1


def test_an_apply_of_a_whole_file_keeps_acls_of_an_owner(user: Shell) -> None:
    target = "/iscsi/iqn.2003-01.org.example:mine"
    user.ok(f"{target}/tpg1/luns create /backstores/ramdisk/mine")
    user.ok("saveconfig")
    put(POOL, guest(wwn="iqn.2003-01.org.example:mine"))
    user.ok(f"apply {POOL} --owner pool")
    acl = f"{target}/tpg1/acls/{GUEST}"
    user.ok(f"{target}/tpg1/luns create /backstores/ramdisk/c1 add_mapped_luns=false")
    user.ok("apply")
    user.ok(f"{acl}/mapped_lun5 info")
    assert user(f"{target}/tpg1/luns/lun1 info").exit == 1, "the rest is as in the file"
    # The file does not have its target, nor the disk that it maps.
    put(CSI, {"storage_objects": [], "targets": []})
    user.ok(f"apply {CSI}")
    user.ok(f"{acl}/mapped_lun5 info")
    user.ok("/backstores/ramdisk/mine info")
    assert user("/backstores/ramdisk/c1 info").exit == 0


def test_a_reload_keeps_and_applies_fragments(user: Shell) -> None:
    """What a fragment has, what a driver applied and what was taken over stays, with its I/O."""
    user.ok("saveconfig")
    put(CONF_D / "csi.json", fragment("c1", "c2"))
    put(CONF_D / "conf.json", fragment("n1", wwn=B))
    user.ok(f"apply {CONF_D}")
    put(ETC / "pairs" / "pool.json", fragment("p1", wwn="iqn.2003-01.org.example:pool"))
    user.ok("takeover pool")
    known, before = owned_by(user), tree()
    user.ok("/backstores/ramdisk create more 1M")
    assert reload.run(user.env()) == 0
    assert differences(tree(), before) == [] and owned_by(user) == known
    put(CONF_D / "conf.json", fragment("n1", "n2", wwn=B))
    (CONF_D / "csi.json").write_text("{")
    assert reload.run(user.env()) == 2
    user.ok("/backstores/ramdisk/n2 info")
    user.ok(f"/iscsi/{A} info")
    (ETC / "pairs" / "pool.json").unlink()


def test_clearing_for_a_file_refuses_to_lose_what_has_an_owner(user: Shell) -> None:
    user.ok("saveconfig")
    user.ok("restoreconfig clear_existing=true")
    put(POOL, fragment("p1", wwn=B))
    user.ok(f"apply {POOL} --owner pool")
    before = tree()
    user.refuses(
        "restoreconfig clear_existing=true",
        "/backstores/ramdisk/p1",
        "which pool owns",
        "apply keeps",
    )
    assert differences(tree(), before) == []
    user.ok("--yes restoreconfig clear_existing=true")
    assert set(owned_by(user).values()) == {"csi"}


def test_an_apply_costs_what_its_owner_has(shell: Shell) -> None:
    """With ten disks of its own: as many system calls beside 1 LUN of others as beside 100."""
    costs = []
    for others in (1, 100):
        assert not restore.restore(ConfigFS(), test_cost.config(others)).failures
        names = [f"c{number}" for number in range(10)]
        value = fragment(*names, wwn=B)
        put(CSI, value)
        shell.ok(f"apply {CSI} --owner csi")
        value["storage_objects"][3]["attributes"] = {"emulate_tas": 0}
        value["targets"][0]["tpgs"][0]["luns"].pop(3)
        value["targets"][0]["tpgs"][0]["node_acls"][0]["mapped_luns"].pop(3)
        put(CSI, value)
        shell.fs = ConfigFS()
        shell.ok(f"apply {CSI} --owner csi")
        costs.append(shell.fs.total_calls)
        shell.ok("clearconfig confirm=true")
    CSI.unlink()
    assert costs[0] == costs[1], costs


def test_a_fragment_is_written_from_what_an_owner_has(user: Shell) -> None:
    """Applied again, it changes nothing; diff shows what it would change."""
    put(POOL, {**fragment("p1", wwn=B), "targets": [target(B, "p1"), *guest()["targets"]]})
    user.ok(f"apply {POOL} --owner pool")
    for name, file in (("csi", CONF_D / "csi.json"), ("pool", ETC / "written.json")):
        given = "" if name == "csi" else f"{file} "
        assert f"Fragment saved to {file}" in user.ok(f"saveconfig {given}owner={name}")
        assert file.stat().st_mode & 0o777 == 0o600
        assert user.ok(f"apply {file} --owner {name}").rows == ["Nothing to change"]
        assert user.ok(f"diff {file} owner={name}").exit == 0
    paths = {"/backstores/ramdisk/c1", "/backstores/ramdisk/c2", f"/iscsi/{A}"}
    assert GUEST not in (CONF_D / "csi.json").read_text(), "the ACL is pool's"
    assert {path for path, name in owned_by(user).items() if name == "csi"} == paths
    user.ok(f"/iscsi/{A}/tpg1 set attribute login_timeout=20")
    before = tree()
    answer = user("diff owner=csi")
    assert answer.exit == 1 and "would set attribute login_timeout: 20 -> 15" in answer
    assert user(f"diff {POOL} owner=csi").exit == 2
    assert differences(tree(), before) == []
    # Whether a file outside of conf.d exists is not shown to a role.
    put(ETC / "there.json", {})
    for name in ("../there", "../none"):
        assert user(f"diff owner={name}").stderr.startswith(f"'{name}' is not the name of an owner")
    # A target without an owner gets one.
    user.ok(f"saveconfig {ETC}/mine.json target=iqn.2003-01.org.example:mine")
    user.ok(f"apply {ETC}/mine.json --owner mine --adopt")
    assert owned_by(user)["/iscsi/iqn.2003-01.org.example:mine"] == "mine"
    assert user(f"diff {ETC}/mine.json owner=mine").exit == 0
    user.refuses(f"saveconfig target={A}", "saveconfig FILE target=WWN")
    user.refuses("saveconfig owner=none", "no object belongs to none")
    user.refuses(f"saveconfig {ETC}/x.json target={A}.none", f"no target {A}.none")
    user.refuses(f"saveconfig owner=csi target={A}", "cannot be combined")
    # A file there belongs to the owner that its name says, and none may be in two.
    for folder in (CONF_D, ETC / "pairs"):
        text = f"saveconfig {folder}/csi.json writes it"
        user.refuses(f"saveconfig {folder}/other.json owner=csi", f"{folder}/other.json", text)
        user.refuses(f"saveconfig {folder}/csi owner=csi", text)
    user.refuses(f"saveconfig '{CONF_D}/no name.json' target={A}", "is not the name of an owner")
    answer = user.ok(f"saveconfig {CONF_D}/new.json target={A}")
    assert f"apply {CONF_D}/new.json --owner new --adopt" in answer.stderr
    (CONF_D / "new.json").unlink()
    assert "again" not in user.ok("apply --owner pool --remove").stderr
    answer = user.ok("apply --owner csi --remove")
    assert f"applies {CONF_D}/csi.json again: delete it, too" in answer.stderr
    assert f"if they were removed on purpose: rm {CONF_D}/csi.json" in user("check")


def test_check_compares_fragments_with_their_objects(user: Shell) -> None:
    line = "check ignore=file-mode,no-portal severity=warning"
    put(CONF_D / "csi.json", fragment("c1"))
    text = f"{CONF_D}/csi.json differs from the objects of csi: 3 changes would be made"
    assert text in user(line)
    user.ok(f"apply {CONF_D}")
    assert "csi.json" not in user(line)
    # Its owner may have it from elsewhere; then its file does not count.
    (CONF_D / "csi.json").unlink()
    text = f"{CONF_D}/csi.json was deleted, and csi still has 2 objects"
    assert text in user(line) and "saveconfig owner=csi writes it again" in user(line)
    user.ok(f"apply {CSI} --owner csi")
    assert "was deleted" not in user(line)
    put(CONF_D / "csi.json", fragment("mine"))
    assert "it cannot be applied: /backstores/ramdisk/mine: it exists and has no owner" in user(
        line
    )
    value = fragment("c1")
    value["targets"][0]["wwn"] = "no wwn"
    value["storage_objects"][0]["size"] = "x"
    put(CONF_D / "csi.json", value)
    rows = user(line)
    for text in ("storage_objects[0].size: must be", "targets[0].wwn: 'no wwn': WWN not valid"):
        assert f"{CONF_D}/csi.json: {text}" in rows
    user.ok("saveconfig owner=csi")
    assert "csi.json" not in user(line)
    value = json.loads((CONF_D / "csi.json").read_text())
    value["targets"][0]["tpgs"][0]["attributes"]["login_timeout"] = 99
    put(CONF_D / "csi.json", value)
    text = "targets[0].tpgs[0].attributes.login_timeout: login_timeout takes"
    assert f"{CONF_D}/csi.json: {text}" in user(line)
