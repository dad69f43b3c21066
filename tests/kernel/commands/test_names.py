# SPDX-License-Identifier: Apache-2.0
"""rename and clone: of storage objects, ACLs and targets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext.config.model import Auth, Config, NodeAcl, Tpg
from rtslib_ext.fast_dataclasses import asdict
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader

from .conftest import Loop
from .harness import Shell, done, tree
from .initiator import logged_in
from .test_live import goes_back, running

A, B = "iqn.2003-01.org.example:a", "iqn.2003-01.org.example:b"
TPG = f"/iscsi/{A}/tpg1"
HOST, GUEST = "iqn.2003-01.org.example:host", "iqn.2003-01.org.example:guest"


@pytest.fixture
def user(shell: Shell, disks: Path) -> Shell:
    """A target with two portals, whose LUN one host sees as number 5."""
    for line in (
        "set global auto_add_default_portal=false",
        f"/backstores/fileio create d1 {disks}/d1.img 1M wwn=serial-1",
        "/backstores/fileio/d1 set attribute emulate_tpu=1",
        "/backstores/fileio/d1/alua create g1 7",
        f"/iscsi create {A}",
        f"{TPG}/portals create 127.0.0.1 3261",
        f"{TPG}/portals create ::1 3262",
        f"{TPG}/luns create /backstores/fileio/d1",
        f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=g1",
        f"{TPG} set attribute authentication=1",
        f"{TPG}/acls create {HOST} add_mapped_luns=false",
        f"{TPG}/acls/{HOST} create 5 lun0 write_protect=true",
        f"{TPG}/acls/{HOST} set auth userid=u password=geheim",
        f"{TPG}/acls/{HOST} set attribute dataout_timeout=7",
    ):
        shell.ok(line)
    return shell


# -- storage objects --------------------------------------------------------------------------


def test_rename_a_storage_object(user: Shell) -> None:
    before, shown = running(), tree()
    why = "fileio/d1 -> fileio/d2"
    expected = [
        "- /backstores/fileio/d1: would delete fileio d1 on FILE, with 1 target port group",
        "+ /backstores/fileio/d2: would create fileio d2 on FILE",
        "+ /backstores/fileio/d2/alua/g1: would create target port group g1 with tag 7",
        f"± {TPG}/luns/lun0: would recreate LUN 0 (fileio/d2): {why}",
        f"± {TPG}/acls/{HOST}/mapped_lun5: would remap LUN 0 as 5, read-only: {why}",
        "Plan: 2 to create, 2 to recreate, 1 to delete.",
    ]
    file = before.storage_objects["fileio", "d1"].backing.udev_path
    lines = [line.replace("FILE", file) for line in expected]
    assert user.ok("/backstores/fileio rename d1 d2 --dry-run").rows == lines
    assert tree() == shown
    answer = user.ok("/backstores/fileio rename d1 d2")
    assert answer.rows == done(lines)
    assert answer.result and answer.result.created == "/backstores/fileio/d2"
    after = running()
    (old,), (new,) = before.storage_objects.values(), after.storage_objects.values()
    assert (new.name, new.wwn, new.backing, new.attributes) == (
        "d2",
        "serial-1",
        old.backing,
        old.attributes,
    )
    assert set(new.alua_groups) == set(old.alua_groups)
    lun = after.targets["iscsi", A].tpgs[1].luns[0]
    assert (lun.storage_object, lun.alua_group) == (("fileio", "d2"), "g1")
    goes_back(before, shown)


def test_who_stands_on_what_is_renamed_goes_along(user: Shell) -> None:
    user.cwd = "/backstores/fileio/d1/alua"
    user.ok("../ rename d2")
    assert user.cwd == "/backstores/fileio/d2"
    user.cwd = f"{TPG}/acls/{HOST}"
    user.ok(f"rename {GUEST}")
    assert user.cwd == f"{TPG}/acls/{GUEST}"
    user.cwd = "/iscsi"
    user.ok("/backstores/fileio/d2 rename d3")
    assert user.cwd == "/iscsi"


def test_rename_a_device(user: Shell, loop: Loop) -> None:
    """The kernel lets one object have a device: the first must be gone before the second."""
    user.ok(f"/backstores/block create b1 {loop()}")
    user.ok(f"{TPG}/luns create /backstores/block/b1")
    before, shown = running(), tree()
    user.ok("/backstores/block/b1 rename b2")
    assert "block/b2" in user.ok(f"{TPG}/luns/lun1 status")
    goes_back(before, shown)


def test_names_that_cannot_be(user: Shell, disks: Path) -> None:
    user.ok("/backstores/ramdisk create r1 1M")
    user.ok("/backstores/ramdisk create r2 1M nullio=true")
    user.ok(f"/backstores/fileio create d2 {disks}/d2.img 1M")
    user.refuses("/backstores/fileio rename d1 d2", "Storage object fileio/d2 exists")
    user.refuses("/backstores/fileio rename d1 d1", "Storage object fileio/d1 exists")
    user.refuses("/backstores/fileio rename none d3", "No storage object named none.")
    user.refuses("/backstores/fileio rename d1 a/b", "is not a valid name")
    user.refuses("/backstores/ramdisk/r1 rename r3", "it would be recreated empty")
    user.ok("/backstores/ramdisk/r2 rename r3")


# -- ACLs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [f"acls rename {HOST} {GUEST}", f"acls/{HOST} rename {GUEST}"])
def test_rename_an_acl(user: Shell, line: str) -> None:
    before, shown = running(), tree()
    assert user.ok(f"{TPG}/{line} --dry-run").rows[-1] == "Plan: 2 to create, 1 to delete."
    assert tree() == shown
    document = checked(user.ok(f"{TPG}/{line}", json=True))
    assert document["created"] == f"{TPG}/acls/{GUEST}"
    acls, old = _acls(running()), _acls(before)[HOST]
    assert list(acls) == [GUEST]
    new = acls[GUEST]
    assert (new.auth, new.attributes, new.cmdsn_depth) == (
        Auth("u", "geheim", "", ""),
        old.attributes,
        old.cmdsn_depth,
    )
    assert (new.mapped_luns[5].tpg_lun, new.mapped_luns[5].write_protect) == (0, True)
    assert "geheim" not in json.dumps(document)
    goes_back(before, shown)


def test_a_tag_stays_with_a_renamed_acl(user: Shell) -> None:
    user.ok(f"{TPG}/acls tag {HOST} web")
    user.ok(f"{TPG}/acls rename web {GUEST}")
    assert f"web: ({GUEST})" in user.ok(f"{TPG}/acls/web status")
    user.ok(f"{TPG}/acls create {HOST}")
    user.ok(f"{TPG}/acls tag {HOST} web")
    user.refuses(f"{TPG}/acls/web rename {B}", "the tag belongs to 2 initiators", HOST, GUEST)
    user.refuses(f"{TPG}/acls clone web {B}", "the tag belongs to 2 initiators")


@pytest.mark.parametrize("line", [f"acls clone {HOST} {GUEST}", f"acls/{HOST} clone {GUEST}"])
def test_clone_an_acl(user: Shell, line: str) -> None:
    before, shown = running(), tree()
    answer = user.ok(f"{TPG}/{line}")
    assert answer.rows[-2:] == [
        "Done: 2 created.",
        f"Note: the credentials of {HOST} were not copied, initiators should not share a "
        f"secret; set them with: {TPG}/acls/{GUEST} set auth",
    ]
    old, new = _acls(before)[HOST], _acls(running())[GUEST]
    assert _acls(running())[HOST] == old
    assert new.attributes == old.attributes
    assert (new.mapped_luns[5].tpg_lun, new.mapped_luns[5].write_protect) == (0, True)
    assert not new.auth.password
    goes_back(before, shown)
    user.ok(f"{TPG}/{line} --credentials")
    assert _acls(running())[GUEST].auth == old.auth


def test_initiators_that_cannot_be(user: Shell) -> None:
    user.ok(f"{TPG}/acls create {GUEST}")
    for command in ("rename", "clone"):
        user.refuses(f"{TPG}/acls {command} {HOST} {GUEST}", "This NodeACL already exists")
        user.refuses(f"{TPG}/acls {command} {B} {A}", f"there is no ACL {B}")
        user.refuses(f"{TPG}/acls/{HOST} {command} iqn.x", "WWN not valid")


def _acls(config: Config) -> dict[str, NodeAcl]:
    return dict(config.targets["iscsi", A].tpgs[1].acls)


@pytest.mark.parametrize(
    "line", [f"{TPG}/acls rename {HOST} {GUEST}", "/backstores/fileio rename d1 d2"]
)
def test_whom_it_disturbs_is_asked(user: Shell, line: str) -> None:
    user.ok(f"{TPG} set attribute authentication=0")
    with logged_in(HOST, A, 3261):
        assert f"interrupts: {HOST}" in user.ok(f"{line} --dry-run")
        user.refuses(line, "Refused, nothing was changed", HOST, "--yes")
        user.ok(f"{TPG}/acls clone {HOST} {B}")
        user.ok(line, yes=True)


# -- targets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [f"/iscsi clone {A} {B}", f"/iscsi/{A} clone {B}"])
def test_clone_a_target(user: Shell, line: str) -> None:
    """Its TPG listens on the portals of the first one: ip:port may serve several targets."""
    user.ok(f"/iscsi/{A} create 2")
    before, shown = running(), tree()
    user.ok(f"{line} --dry-run")
    assert tree() == shown
    answer = user.ok(line)
    assert answer.result and answer.result.created == f"/iscsi/{B}"
    old, new = (running().targets["iscsi", wwn] for wwn in (A, B))
    assert old == before.targets["iscsi", A]
    assert _comparable(new.tpgs[1]) == _comparable(old.tpgs[1])
    assert _comparable(new.tpgs[2]) == _comparable(old.tpgs[2])
    assert set(new.tpgs[1].portals) == {"127.0.0.1:3261", "[::1]:3262"}
    goes_back(before, shown)


def _comparable(tpg: Tpg) -> dict[str, object]:
    """Without what is random, or another on each port."""
    values = asdict(tpg)
    for lun in values["luns"].values():
        del lun["alias"]
    for acl in values["acls"].values():
        for lun in acl["mapped_luns"].values():
            del lun["alias"]
    values["files"].pop("rtpi", None)
    return values


def test_clone_a_target_with_a_name_made_up(user: Shell) -> None:
    answer = user.ok(f"/iscsi/{A} clone")
    assert answer.result and answer.result.created
    assert answer.result.created.startswith("/iscsi/iqn.2003-01.org.linux-iscsi.")
    assert len(Reader(ConfigFS()).config().targets) == 2


def test_targets_that_cannot_be(user: Shell) -> None:
    user.refuses(f"/iscsi clone {A} {A}", "This Target already exists")
    user.refuses(f"/iscsi clone {B}", f"there is no target {B}")
    user.refuses(f"/iscsi clone {A} naa.1", "WWN not valid")


def test_clone_a_loopback_target(user: Shell) -> None:
    user.ok("/loopback create naa.5001405000000001")
    user.ok("/loopback/naa.5001405000000001/luns create /backstores/fileio/d1")
    before, shown = running(), tree()
    user.ok("/loopback/naa.5001405000000001 clone naa.5001405000000002")
    assert user.ok("/loopback/naa.5001405000000002/luns status").endswith("LUNs: 1\n")
    goes_back(before, shown)
