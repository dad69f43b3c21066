# SPDX-License-Identifier: Apache-2.0
"""verify: what initiators see is compared with the configuration; sessions of hosts stay."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from documents import Json, checked

from rtslib_ext.config.model import MappedLun, NodeAcl, StorageObject
from rtslib_ext.initiator import session
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading import inquiry_data
from rtslib_ext.reading.reader import Reader
from targetcli.commands import target_of

from .harness import TARGET, Shell, value
from .initiator import logged_in, until

NAME = "iqn.2003-01.org.example"
IQN, HOST, OTHER = f"{NAME}:t", f"{NAME}:host1", f"{NAME}:host2"
TPG, FOLDER = f"/iscsi/{IQN}/tpg1", f"iscsi/{IQN}/tpgt_1"
PORTAL = "127.0.0.1:3260"


@pytest.fixture
def store(shell: Shell) -> Shell:
    """Two disks for one initiator, under other numbers, one of them read-only; CHAP."""
    for line in (
        "set global auto_add_default_portal=false",
        "/backstores/ramdisk create r0 1M wwn=6f1f2b3c-0001",
        "/backstores/ramdisk create r1 2M",
        f"/iscsi create {IQN}",
        f"{TPG}/portals create 127.0.0.1",
        f"{TPG}/luns create /backstores/ramdisk/r0",
        f"{TPG}/luns create /backstores/ramdisk/r1",
        f"{TPG}/acls create {HOST} add_mapped_luns=false",
        f"{TPG}/acls/{HOST} create 0 lun1",
        f"{TPG}/acls/{HOST} create 300 lun0 write_protect=true",
        f"{TPG} set attribute authentication=1",
        f"{TPG}/acls/{HOST} set auth userid=anna password=fourteen-chars",
        f"{TPG}/acls/{HOST} set auth mutual_userid=store mutual_password=other-chars-2",
    ):
        shell.ok(line)
    return shell


def logins(shell: Shell, line: str = "verify") -> list[Json]:
    answer = shell(line, json=True)
    data: Json = checked(answer)["data"]
    assert answer.exit == int(not data["ok"])
    found: list[Json] = data["logins"]
    return found


def texts(login: Json, severity: str = "error") -> list[str]:
    return [one["text"] for one in login["remarks"] if one["severity"] == severity]


def session_id() -> str:
    """The session that the kernel shows of the ACL: the latest one."""
    found = re.search(r"LIO Session ID: (\d+)", value(f"{FOLDER}/acls/{HOST}/info"))
    return found[1] if found else ""


def test_each_portal_and_each_acl_is_used_once(store: Shell) -> None:
    store.ok(f"{TPG}/portals create 127.0.0.2 3261")
    store.ok(f"{TPG}/portals create ::1 3260")
    store.ok(f"{TPG}/acls create {OTHER}")
    store.ok(f"{TPG}/acls/{OTHER} set attribute authentication=0")
    found = logins(store)
    assert [login["ok"] for login in found] == [True, True, True]
    assert {login["portal"] for login in found} == {PORTAL, "127.0.0.2:3261", "::1:3260"}
    assert {(login["initiator"], *login["luns"]) for login in found} == {
        (HOST, 0, 300),
        (OTHER, 0, 1),
    }
    said = store.ok(f"{TPG}/acls/{OTHER} verify portal=127.0.0.2").rows
    assert said == [
        f"{TPG} through 127.0.0.2:3261 as {OTHER}: 2 LUNs as configured",
        "1 login verified",
    ]
    assert len(logins(store, f"verify {IQN} 127.0.0.1:3260 {HOST}")) == 1
    store.refuses("verify portal=192.0.2.1", "no enabled TPG has the portal 192.0.2.1")
    # It waits for the end of its session.
    assert session_id() == ""


def test_a_host_that_is_logged_in_keeps_its_session(store: Shell) -> None:
    """Another session of the same initiator, without the commands that take its notices."""
    store.ok(f"{TPG}/acls/{HOST} set attribute authentication=0")
    with logged_in(HOST, IQN) as live:
        until(session_id)
        before = session_id()
        (login,) = logins(store)
        assert login["ok"] and "sizes and write protection" in texts(login, "note")[0]
        assert live.luns() == [0, 300]
        # A notice that is meant for the host: it is left alone, unless the host is named.
        store.ok(f"{TPG}/acls/{HOST} create 5 lun1")
        (login,) = logins(store)
        assert not any("notices" in text for text in texts(login, "note"))
        (login,) = logins(store, f"verify initiator={HOST}")
        assert login["luns"] == [0, 5, 300] and "0x3f0e" in texts(login, "note")[0]
        assert live.luns() == [0, 5, 300]
        until(lambda: session_id() == before)


def test_a_login_that_is_refused(store: Shell) -> None:
    store.ok(f"{TPG}/acls/{HOST} set auth password=")
    (login,) = logins(store)
    assert texts(login) == ["the target refuses the credentials"]
    assert login["remarks"][0]["path"] == f"{TPG}/acls/{HOST}"
    (login,) = logins(store, f"verify initiator={OTHER}")
    assert texts(login) == ["the target does not admit this initiator"]
    store.ok(f"{TPG} disable")
    store.refuses("verify", "no enabled TPG has a portal")


def test_no_other_host_gets_the_answer_of_chap(
    store: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel keeps a portal whose address is gone, and creates one that it never had."""
    store.ok(f"{TPG}/portals create 192.0.2.55")
    connected, real = [], session.logged_in

    def logged_in(login: session.Login) -> object:
        connected.append(login.address)
        return real(login)

    monkeypatch.setattr(session, "logged_in", logged_in)
    found = {login["portal"]: texts(login) for login in logins(store)}
    assert found[PORTAL] == []
    text = "no interface has the address 192.0.2.55, and another host may have it: no login"
    assert found["192.0.2.55:3260"] == [text]
    assert {*connected} == {"127.0.0.1"}


def test_luns_that_no_acl_shows(store: Shell) -> None:
    """The kernel keeps the LUNs of demo mode behind an ACL that mkdir creates."""
    store.ok(f"{TPG} set attribute authentication=0 generate_node_acls=1")
    with logged_in(OTHER, IQN):
        until(lambda: OTHER in value(f"{FOLDER}/dynamic_sessions"))
        (TARGET / FOLDER / "acls" / OTHER).mkdir()
    until(lambda: "LOGGED_IN" not in value(f"{FOLDER}/acls/{OTHER}/info"))
    (login,) = logins(store, f"verify initiator={OTHER}")
    assert texts(login) == ["the initiator sees LUN 1, which is not configured for it"]
    store.ok(f"{TPG}/acls delete {OTHER}")


def test_demo_mode_is_verified_without_an_acl(store: Shell) -> None:
    store.ok(f"{TPG}/acls delete {HOST}")
    store.ok(f"{TPG} set attribute authentication=0 generate_node_acls=1")
    (login,) = logins(store)
    assert login["ok"] and login["initiator"].endswith(":verify")
    assert "the kernel may keep it" in texts(login, "note")[0]


Edit = Callable[[StorageObject], StorageObject]


EDITS: tuple[tuple[Edit, str], ...] = (
    (lambda so: replace(so, wwn="6f1f2b3c-0002"), "LUN 300: serial is 6f1f2b3c-0001 for"),
    (lambda so: replace(so, identity={"vendor_id": "IBM"}), "LUN 300: vendor is LIO-ORG"),
    (lambda so: replace(so, identity={"product_id": "other"}), "LUN 300: product is r0"),
    (lambda so: replace(so, identity={"company_id": "0x1"}), "LUN 300: naa is naa.6001405"),
    (lambda so: replace(so, backing=replace(so.backing, size=4096)), "LUN 300: size is 1048576"),
    (
        lambda so: replace(so, attributes={**so.attributes, "block_size": "4096"}),
        "LUN 300: block_size is 512",
    ),
)


def test_a_disk_that_is_not_as_configured(store: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel shows what it has: here the configuration is what differs."""
    real, key = target_of.config_of, ("ramdisk", "r0")
    for edit, text in EDITS:

        def changed(*given: Any, edit: Edit = edit, **more: Any) -> object:
            config = real(*given, **more)
            objects = {**config.storage_objects, key: edit(config.storage_objects[key])}
            return replace(config, storage_objects=objects)

        monkeypatch.setattr(target_of, "config_of", changed)
        (login,) = logins(store)
        assert any(text in one for one in texts(login)), texts(login)


def test_an_acl_that_is_not_as_configured(store: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A LUN that the initiator misses, and a target that proves itself by another secret."""
    real = target_of.place

    def change(edit: Callable[[NodeAcl], NodeAcl]) -> list[str]:
        def changed(*given: Any) -> target_of.Place:
            found = real(*given)
            tpg = found.target.tpgs[1]
            tpg = replace(tpg, acls={HOST: edit(tpg.acls[HOST])})
            return replace(found, target=replace(found.target, tpgs={1: tpg}))

        monkeypatch.setattr(target_of, "place", changed)
        (login,) = logins(store)
        return texts(login)

    more = {7: MappedLun(7, 0)}
    missing = "LUN 7 is configured, but the initiator does not see it"
    assert change(lambda acl: replace(acl, mapped_luns={**acl.mapped_luns, **more})) == [missing]
    auth = {"mutual_password": "another-secret"}
    assert change(lambda acl: replace(acl, auth=replace(acl.auth, **auth))) == [
        "the target did not authenticate itself with mutual_password"
    ]


def test_write_protection_that_is_not_as_configured(store: Shell) -> None:
    """Written past this program after the session began: it holds for new commands at once."""
    path = TARGET / FOLDER / "acls" / HOST / "lun_300/write_protect"
    real = target_of.config_of

    def after(*given: Any, **more: Any) -> object:
        config = real(*given, **more)
        path.write_text("0")
        return config

    target_of.config_of = after  # type: ignore[assignment]
    try:
        (login,) = logins(store)
    finally:
        target_of.config_of = real
    assert texts(login) == ["LUN 300: write_protected is false for the initiator, and true here"]


def test_it_needs_root_and_an_iscsi_target(store: Shell) -> None:
    for line in ("verify", "recipe linux"):
        answer = store(line, is_root=False)
        assert (answer.exit, "you are not root" in answer.stderr) == (1, True)
    store.ok("/loopback create")
    store.refuses(f"verify {NAME}:none", f"no target {NAME}:none")
    store.ok(f"/iscsi create {NAME}:t2")
    store.refuses("recipe linux", "there are 2 targets", f"/iscsi/{IQN}")


def test_all_targets_are_verified_at_the_root(store: Shell) -> None:
    """A line for each; the exit status is the worst."""
    second, third = f"{NAME}:t2", f"{NAME}:t3"
    for line in (
        f"/iscsi create {second}",
        f"/iscsi/{second}/tpg1/portals create 127.0.0.2",
        f"/iscsi/{second}/tpg1/luns create /backstores/ramdisk/r0",
        f"/iscsi/{second}/tpg1/acls create {OTHER}",
        f"/iscsi create {third}",
    ):
        store.ok(line)
    none = f"/iscsi/{third}: not verified, no enabled TPG has a portal"
    good = [f"/iscsi/{one}: 1 login as configured" for one in (IQN, second)]
    assert store.ok("verify").rows == [*good, none, "2 targets verified"]
    assert [login["initiator"] for login in logins(store)] == [HOST, OTHER]
    assert checked(store("verify", json=True))["data"]["not_verified"] == [f"/iscsi/{third}"]
    (login,) = logins(store, f"verify {second}")
    assert login["tpg"] == f"/iscsi/{second}/tpg1"
    path = TARGET / "iscsi" / second / "tpgt_1" / "attrib/authentication"
    path.write_text("1")
    answer = store("verify")
    assert (answer.exit, answer.rows[0], answer.rows[-1]) == (
        1,
        good[0],
        "2 targets verified, 1 with differences",
    )
    assert answer.rows[1] == f"/iscsi/{second}: 1 of 1 login differs"


def test_only_what_initiators_see_is_read(store: Shell) -> None:
    """A sixth of the files of a storage object, with the same fields as all of them."""
    fs = ConfigFS(TARGET)
    reader = Reader(fs)
    path = paths.storage_object(fs, "ramdisk", "r1")
    inquiry_data.storage_object(reader, path)
    before = fs.calls["read"]
    seen = inquiry_data.storage_object(reader, path)
    calls = fs.calls["read"] - before
    whole = reader.storage_object(path)
    assert seen and whole
    assert calls <= 3 * 12
    assert fs.calls["read"] - before - calls >= 4 * calls
    for name in ("name", "backing", "wwn", "identity"):
        assert getattr(seen, name) == getattr(whole, name)
    assert seen.attributes.items() <= whole.attributes.items()


def test_recipes_of_nodes_and_initiators(store: Shell) -> None:
    store.ok(f"{TPG}/acls create {OTHER}")
    store.ok(f"{TPG}/acls tag {OTHER} blue")
    store.refuses("recipe linux", "there are 2 initiators", f"name one: {HOST}, {OTHER}")
    assert f"as {OTHER}" in store.ok("recipe linux blue").rows[0]
    assert f"as {HOST}" in store.ok(f"{TPG}/acls/{HOST} recipe esxi").rows[0]
    data = checked(store.ok(f"/iscsi/{IQN} recipe qemu {HOST}", json=True))["data"]
    (look,) = [step for step in data["steps"] if step["text"] == "The disks"]
    assert [command.startswith("qemu-img info") for command in look["commands"]] == [True, True]
    stranger = store.ok(f"recipe windows {NAME}:host3")
    assert f"# error: {TPG}: no ACL for {NAME}:host3: it cannot log in" in stranger.rows
    store.refuses("recipe beos", "beos is not a known system", "open-iscsi")
