# SPDX-License-Identifier: Apache-2.0
"""takeover and release: the objects of an owner move, and nothing else does."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext import System
from rtslib_ext.config.model import Config
from rtslib_ext.errors import InUse
from rtslib_ext.host import system
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.savefile import loads
from rtslib_ext.steps.quiesce import WaitIdle
from rtslib_ext.transaction.journal import Journal
from targetcli.boot import start
from tests.kernel.plan.test_killed import forked

from .harness import ETC, Shell, differences, tree
from .test_owners import A, B, Json, fragment, owned_by, put

POOL = ETC / "pairs" / "pool.json"
RELEASE = "release pool --standby --timeout 1s"
APTPL = """\
PR_REG_START: 0
initiator_fabric=iSCSI
initiator_node=iqn.2003-01.org.example:host
sa_res_key=1234
res_holder=1
res_type=05
res_scope=00
res_all_tg_pt=1
mapped_lun=0
target_fabric=iSCSI
target_node=iqn.2003-01.org.example:a
tpgt=1
port_rtpi=1
target_lun=0
PR_REG_END: 0
"""


@pytest.fixture
def user(shell: Shell) -> Iterator[Shell]:
    """A user with an object of this host alone, and the fragment of a pool that moves."""
    shell.ok("/backstores/ramdisk create mine 1M")
    put(POOL, fragment("p1", "p2"))
    yield shell
    POOL.unlink(missing_ok=True)


def status(shell: Shell) -> int:
    """What a monitor sees."""
    return shell("owners pool").exit


def test_there_and_back(user: Shell) -> None:
    user.ok(f"/iscsi create {B}")
    user.ok(f"/iscsi delete {B}")
    before = tree()
    assert status(user) == 2
    assert "pool1" not in user.ok("takeover pool --dry-run") and status(user) == 2
    user.ok("takeover pool")
    assert status(user) == 0 and set(owned_by(user).values()) == {"pool"}
    assert user.ok("takeover pool").rows[-1] == "Nothing to change"
    user.ok(f"/iscsi/{A}/tpg1 disable")
    assert status(user) == 1
    user.ok("release pool --dry-run")
    user.ok("release pool")
    assert status(user) == 2 and differences(tree(), before) == []
    assert user.ok("release pool").rows[-1] == "Nothing to change"


def test_no_file_that_is_restored_has_what_moves(user: Shell) -> None:
    user.ok("takeover pool")
    user.ok("saveconfig")
    saved = json.loads(Path(user.save_file).read_text())
    assert [so["name"] for so in saved["storage_objects"]] == ["mine"]
    assert saved["targets"] == [] and "owners" not in saved.get("rtslib_ext", {})
    # It is not a difference to the file, and the file does not delete it.
    assert user("diff").exit == 0
    assert user.ok("apply").rows[-1] == "Nothing to change"
    assert status(user) == 0
    user.ok("clearconfig confirm=true")
    assert start.run(user.env(), 0) == 0
    assert status(user) == 2
    user.ok("/backstores/ramdisk/mine info")


def test_it_waits_for_devices(user: Shell, disks: Path) -> None:
    value = {
        "storage_objects": [
            {"name": "d1", "plugin": "fileio", "dev": f"{disks}/d1", "size": 1 << 20, "wwn": "d1"}
        ],
        "targets": [],
    }
    put(POOL, value)
    user.refuses("takeover pool --wait 1s", "/backstores/fileio/d1", "not ready after 1 seconds")
    (disks / "d1").write_bytes(bytes(1 << 20))
    user.ok("takeover pool --wait 1s")
    assert status(user) == 0


def test_reservations_move_with_their_disks(user: Shell, disks: Path) -> None:
    """The file on the shared storage is loaded; the kernel writes there through a link."""
    shared = disks / "aptpl_serial-p1"
    shared.write_text(APTPL)
    answer = user.ok(f"takeover pool --pr {disks}")
    assert answer.asides == [], answer.stderr
    local = ETC / "pr" / "aptpl_serial-p1"
    assert os.readlink(local) == str(shared)
    registered = user.ok("/backstores/ramdisk/p1 get reservations")
    assert "0x4d2" in registered or "1234" in registered or "host" in registered
    user.ok("release pool")
    assert not local.is_symlink() and shared.exists()
    (disks / "missing").mkdir()
    user.refuses(f"takeover pool --pr {disks}/none", "is not a directory")
    (disks / "missing").chmod(0o777)
    user.refuses(f"takeover pool --pr {disks}/missing", f"{disks}/missing")


def answer(
    folder: Path, there: int, status: int = 0, state: str = "exists", found: object = None
) -> None:
    """Let ssh answer as the other host, which has so many objects of the pool, or otherwise."""
    owned = [
        {"owner": "pool", "path": f"/iscsi/{number}", "exists": True, "state": state}
        for number in range(there)
    ]
    document = json.dumps({"ok": True, "data": {"owners": owned}} if found is None else found)
    script = f"#!{sys.executable}\nimport sys\nprint({document!r})\nsys.exit({status})\n"
    (folder / "ssh").write_text(script if status < 255 else "#!/bin/sh\necho lost >&2; exit 255\n")
    (folder / "ssh").chmod(stat.S_IRWXU)


def test_no_second_writer(user: Shell, disks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "PATH", f"{disks}:{system.PATH}")
    line = "takeover pool --peer ssh:node2"
    user.refuses("takeover none", "there is no fragment", f"saveconfig {ETC}/pairs/none.json")
    answer(disks, 3)
    user.refuses(line, "node2 still has 3 objects of pool", "--force", also=[disks])
    answer(disks, 0, 255)
    user.refuses(line, "whether node2 has released pool is not known: node2: lost")
    for document, text in (
        ({"ok": True, "data": {"owners": [{"path": "/"}]}}, "node2 does not list its owners"),
        ({"ok": False, "data": None, "errors": [{"message": "no"}]}, "not known: node2: no"),
        ([], "node2 does not list its owners"),
    ):
        answer(disks, 0, found=document)
        user.refuses(line, text, also=[disks])
    answer(disks, 3, 2, "standby")
    user.ok(line)
    user.ok("release pool")
    answer(disks, 0, 2)
    user.ok(line)
    user.ok("release pool")
    answer(disks, 3)
    user.ok(f"{line} --force")


@pytest.mark.parametrize("was", ["release pool", "takeover pool --standby"])
def test_of_two_takeovers_at_once_one_host_serves(
    user: Shell, was: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each asks once more when its own record says that it takes over: one of them sees it."""
    asked: list[int] = []

    def run_there(host: str, line: list[str]) -> str:
        # The other host, which does the same: what it hears from this one now.
        asked.append(status(user))
        state = "missing" if len(asked) == 1 else "starting"
        rows = [{"owner": "pool", "path": "/iscsi/x", "exists": False, "state": state}]
        return json.dumps({"ok": True, "data": {"owners": rows}})

    put(POOL, in_groups(fragment("p1", "p2"), 1))
    user.ok(was)
    before = status(user)
    monkeypatch.setattr("targetcli.commands.peer.run_there", run_there)
    line = "takeover pool --peer ssh:node2"
    user.refuses(line, "node2 still has 1 object of pool: /iscsi/x")
    assert (before, asked, status(user)) == (2, [2, 1], 2)
    # One that was killed there is not free either, until the next change on that host.
    user.ok(f"{line} --force")
    user.ok("release pool")


def test_a_release_that_may_be_undone_is_not_complete(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is while it waits in standby: the other host must not take over yet."""
    seen: list[int] = []

    def interrupted(*_: object, **__: object) -> None:
        seen.append(status(user))
        raise KeyboardInterrupt

    put(POOL, in_groups(fragment("p1", "p2"), 1))
    user.ok("takeover pool")
    with monkeypatch.context() as patch:
        patch.setattr(WaitIdle, "do", interrupted)
        with pytest.raises(KeyboardInterrupt):
            user(RELEASE)
    assert (seen, status(user), alua_states()) == ([1], 0, ["0", "0"])


@pytest.mark.long
def test_what_was_killed_or_is_not_confirmed_is_not_complete(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    put(POOL, in_groups(fragment("p1", "p2"), 1))
    user.ok("takeover pool")
    for owner, name in ((WaitIdle, "do"), (Journal, "close")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, killed)
            os.waitpid(forked(lambda: user(RELEASE)), 0)
        found = checked(user("owners pool", json=True))["data"]["owners"]
        assert {item["state"] for item in found} == {"unfinished"} and status(user) == 1
        user.ok("recover")
        assert status(user) == 0 and alua_states() == ["0", "0"]
    user.ok("apply --owner pool --remove --confirm-within 600s")
    assert status(user) == 1
    user.ok("confirm back")
    assert status(user) == 0
    user.ok("apply --owner pool --remove --confirm-within 600s")
    user.ok("confirm")
    assert status(user) == 2


def test_nothing_but_a_takeover_ends_standby(user: Shell) -> None:
    put(POOL, in_groups(fragment("p1", "p2"), 1))
    user.ok("takeover pool --standby")
    for line in (
        f"apply {POOL} --merge",
        f"apply {POOL} target={A}",
        f"restoreconfig {POOL} clear_existing=true",
        f"restoreconfig {POOL} clear_existing=true target={A}",
        "/backstores/ramdisk/p1/alua/node1 set alua alua_access_state=0",
    ):
        user.refuses(line, "pool is in standby here", "takeover pool")
    library = System(user.fs)
    want = loads(POOL.read_text()).config
    for owner in (None, "pool"):
        with pytest.raises(InUse, match="pool is in standby here"):
            library.apply(library.plan(want, owner=owner), interrupt=True)
    assert alua_states() == ["2", "2"]
    # After these changes by hand, the other host may have taken it over.
    user.ok("takeover pool")
    for disk in ("p1", "p2"):
        user.ok(f"/backstores/ramdisk/{disk}/alua/node1 set alua alua_access_state=2")
    user.refuses("undo", "pool is in standby here", "takeover pool")
    user.ok("takeover pool")
    user.ok("apply --owner pool --remove")
    user.refuses("undo", "pool is not served here", "takeover pool")
    user.ok("takeover pool --standby")
    library.apply(library.plan(Config(), owner="pool"), interrupt=True)
    assert alua_states() == []


def test_only_root_hears_that_nothing_is_served(user: Shell) -> None:
    """Others cannot read the record, and a takeover on the other host relies on the answer."""
    user.ok("takeover pool")
    for line in ("owners pool", "owners"):
        found = checked(user(line, is_root=False, json=True))
        assert found["ok"] is False and "you are not root" in found["errors"][0]["message"]


def test_what_is_served_without_an_owner_is_not_released(user: Shell) -> None:
    """As after the record was damaged and removed: the other host must not take it over."""
    user.ok("takeover pool")
    record = Path("/run/targetcli/owners.json")
    record.write_text("{")
    user.refuses("owners pool", "is damaged")
    record.unlink()
    for line in ("owners pool", "release pool", "release pool --dry-run"):
        user.refuses(line, "/backstores/ramdisk/p1: it is in", "exists here, but has no owner")
    assert "no owner" not in user("owners other").stderr
    user.ok(f"apply {POOL} --owner pool --adopt")
    user.ok("release pool")
    assert status(user) == 2
    user.refuses("owners ../pool", "is not the name of an owner")


def test_an_object_that_moves_is_not_saved_by_itself(user: Shell) -> None:
    user.ok("takeover pool")
    path = "/backstores/ramdisk/p1"
    user.refuses(f"{path} saveconfig", path, "it moves between the hosts of a pair")


def saved_names(shell: Shell) -> list[str]:
    """The storage objects that a boot restores."""
    shell.ok("saveconfig")
    saved = json.loads(Path(shell.save_file).read_text())
    return [so["name"] for so in saved["storage_objects"]]


def test_what_does_not_move_any_more_is_saved(user: Shell) -> None:
    """Neither a takeover that failed keeps it out of the file, nor one of deleted objects."""
    user.ok(f"apply {POOL} --owner pool")
    put(POOL, fragment("p1", "p2", "mine"))
    user.refuses("takeover pool", "/backstores/ramdisk/mine", "has no owner")
    assert saved_names(user) == ["mine", "p1", "p2"]
    put(POOL, fragment("p1"))
    user.ok("takeover pool")
    user.refuses("takeover pool --file /etc/target/none.json", "none.json")
    assert saved_names(user) == ["mine"]
    user.ok(f"apply {POOL} --owner pool")
    assert saved_names(user) == ["mine"]
    user.ok("apply --owner pool --remove")
    user.ok(f"apply {POOL} --owner pool")
    assert saved_names(user) == ["mine", "p1"]


def test_what_others_have_stays(user: Shell) -> None:
    put(ETC / "csi.json", fragment("c1", wwn=B))
    user.ok(f"apply {ETC}/csi.json --owner csi")
    put(POOL, fragment("c1"))
    user.refuses("takeover pool", "/backstores/ramdisk/c1", "belongs to csi")
    user.refuses("takeover 'no name'", "is not the name of an owner")
    (ETC / "csi.json").unlink()
    document = checked(user("owners csi", json=True))["data"]["owners"]
    assert {item["state"] for item in document} == {"exists"}


def in_groups(value: Json, access_type: int) -> Json:
    """A fragment whose LUNs are in target port groups of their storage objects."""
    group = {"name": "node1", "tg_pt_gp_id": 1, "alua_access_type": access_type}
    for so in value["storage_objects"]:
        so["alua_tpgs"] = [{**group, "alua_access_state": 0}]
    for lun in value["targets"][0]["tpgs"][0]["luns"]:
        lun["alua_tg_pt_gp_name"] = "node1"
    return value


def alua_states() -> list[str]:
    """The states of the groups in which the LUNs are."""
    found = Path("/sys/kernel/config/target/core").glob("*/*/alua/node1/alua_access_state")
    return [path.read_text().strip() for path in found]


def test_a_path_in_standby(user: Shell, disks: Path) -> None:
    """It is there for initiators, serves nothing, and initiators cannot change that."""
    lun = f"/iscsi/{A}/tpg1/luns/lun0"
    user.refuses("takeover pool --standby", lun, "initiators could make it active")
    put(POOL, in_groups(fragment("p1", "p2"), 3))
    user.refuses("takeover pool --standby", lun, "alua_access_type 1")
    put(POOL, in_groups(fragment("p1", "p2"), 1))
    user.ok("takeover pool --standby")
    assert alua_states() == ["2", "2"] and status(user) == 2
    assert user.ok("takeover pool --standby").rows[-1] == "Nothing to change"
    document = checked(user("owners pool", json=True))["data"]["owners"]
    assert {item["state"] for item in document} == {"standby"}
    user.refuses(f"takeover pool --standby --pr {disks}", "do not reach a host in standby")
    user.refuses(f"takeover pool --pr {disks}", "in standby here", "release pool first")
    # No second writer: an apply would make it active.
    user.refuses(f"apply {POOL} --owner pool", "pool is in standby here", "takeover pool")
    assert alua_states() == ["2", "2"]
    user.ok("takeover pool")
    assert alua_states() == ["0", "0"] and status(user) == 0
    user.refuses("takeover pool --standby", "this host serves pool", "release pool first")
    user.ok("release pool --standby --timeout 1s")
    assert alua_states() == [] and status(user) == 2


def test_standby_of_a_disk_without_a_lun(user: Shell) -> None:
    """It has no state, so this host would look as if it served: the other one could not."""
    put(POOL, in_groups(fragment("p1", "spare", exported=1), 1))
    user.ok("takeover pool --standby")
    assert status(user) == 2
    assert user.ok("takeover pool --standby").rows[-1] == "Nothing to change"
    path = "/backstores/ramdisk/p1"
    assert path not in user("check")
    # A fragment in standby would be served by no host.
    for given in ("owner=pool", f"{ETC}/other.json owner=pool", f"{ETC}/other.json target={A}"):
        user.refuses(f"saveconfig {given}", "pool is in standby here")
    user.ok("takeover pool")
    assert status(user) == 0 and "/backstores/ramdisk/spare" in owned_by(user)
    user.ok("saveconfig owner=pool")
    user.ok("release pool")
    put(POOL, fragment("p1", exported=0))
    user.refuses("takeover pool --standby", "the fragment has no LUN")


def test_no_boot_serves_what_moves(user: Shell) -> None:
    """A fragment of its owner in conf.d would be applied on both hosts."""
    conf_d = ETC / "conf.d"
    put(conf_d / "other.json", fragment("o1", wwn=B))
    user.ok(f"apply {POOL} --owner pool")
    assert f"saved to {POOL}" in user.ok("saveconfig owner=pool")
    user.ok("apply --owner pool --remove")
    put(conf_d / "pool.json", json.loads(POOL.read_text()))
    text = f"{conf_d}/pool.json: the objects of pool move between the hosts of a pair"
    answer = user(f"apply {conf_d}")
    assert answer.exit == 1 and text in answer.stderr and "other:" in answer
    assert "takeover pool serves them here" in answer.stderr
    assert status(user) == 2 and "it cannot be applied: the objects of pool move" in user("check")
    (conf_d / "other.json").unlink()
    assert "There are no fragments" not in user(f"apply {conf_d}")
    assert start.run(user.env(), 0) == 1 and status(user) == 2
    user.ok("takeover pool")
    (conf_d / "pool.json").unlink()
    assert user.ok(f"apply {conf_d}").rows == [f"There are no fragments in {conf_d}"]
    assert status(user) == 0


def test_no_boot_serves_what_an_older_file_has(user: Shell) -> None:
    """It was saved before its owner got a fragment in pairs, and another host may serve it now."""
    user.ok(f"apply {POOL} --owner pool")
    user.ok("saveconfig")
    user.ok("takeover pool")
    user.ok("release pool")
    assert "the objects of pool in the file are left out" in user.ok("apply")
    assert status(user) == 2
    user.ok("clearconfig confirm=true")
    assert start.run(user.env(), 0) == 0
    assert status(user) == 2
    user.ok("/backstores/ramdisk/mine info")
    user.ok("takeover pool")


def test_the_time_without_io(user: Shell) -> None:
    """Until a takeover ends, initiators wait: it writes each object, and reads one of a kind."""
    costs = []
    for number in (10, 20):
        put(POOL, fragment(*(f"p{index}" for index in range(number))))
        user.fs = ConfigFS()
        user.ok("takeover pool")
        costs.append(user.fs.total_calls)
        user.ok("release pool")
    assert (costs[1] - costs[0]) / 10 < 30, costs
