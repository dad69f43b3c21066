# SPDX-License-Identifier: Apache-2.0
"""The command sessions where nobody is logged in."""

from __future__ import annotations

import time

from documents import checked

from .harness import Shell
from .initiator import logged_in

NAME = "iqn.2003-01.org.example"


def test_nobody_is_logged_in(shell: Shell) -> None:
    for line in ("sessions", "sessions list", "sessions action=detail", "/ sessions"):
        assert shell.ok(line) == "(no open sessions)\n"
    shell.ok("/iscsi create iqn.2003-01.org.example:a")
    tpg = "/iscsi/iqn.2003-01.org.example:a/tpg1"
    shell.ok(f"{tpg}/acls create iqn.2003-01.org.example:i")
    shell.ok("/loopback create")
    assert shell.ok("sessions detail") == "(no open sessions)\n"


def test_what_is_refused(shell: Shell) -> None:
    shell.refuses("sessions list 3", "no session found with sid 3", "sessions lists all sessions")
    shell.refuses("sessions list sid=x", "sid must be a number, 'x' given")
    shell.refuses("sessions show", "action must be one of: list, detail")


def test_sessions_of_a_node(shell: Shell) -> None:
    """Those of a target, of an ACL, and those that see a storage object."""
    for number in (0, 1):
        target = f"/iscsi/{NAME}:t{number}"
        shell.ok(f"/backstores/ramdisk create r{number} 1M")
        shell.ok(f"/iscsi create {NAME}:t{number}")
        shell.ok(f"{target}/tpg1/luns create /backstores/ramdisk/r{number}")
        shell.ok(f"{target}/tpg1/acls create {NAME}:i{number}")
    shell.ok(f"/iscsi/{NAME}:t1/tpg1 set attribute generate_node_acls=1")

    def names(path: str) -> list[str]:
        data = checked(shell.ok(f"{path} sessions", json=True))["data"]
        found = [item["initiator"] for item in (*data["sessions"], *data["dynamic_sessions"])]
        return sorted(name.removeprefix(f"{NAME}:") for name in found)

    with (
        logged_in(f"{NAME}:i0", f"{NAME}:t0"),
        logged_in(f"{NAME}:i1", f"{NAME}:t1"),
        logged_in(f"{NAME}:guest", f"{NAME}:t1"),
    ):
        # The kernel lists a session some time after it answered the login.
        end = time.monotonic() + 10
        while len(names("/")) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        for path in ("/", "/backstores", "/iscsi"):
            assert names(path) == ["guest", "i0", "i1"], path
        for path in ("", "/tpg1", "/tpg1/luns", "/tpg1/portals", "/tpg1/acls", "/tpg1/luns/lun0"):
            assert names(f"/iscsi/{NAME}:t0{path}") == ["i0"], path
            assert names(f"/iscsi/{NAME}:t1{path}") == ["guest", "i1"], path
        for path in ("", "/mapped_lun0"):
            assert names(f"/iscsi/{NAME}:t1/tpg1/acls/{NAME}:i1{path}") == ["i1"], path
        for path in ("", "/alua"):
            assert names(f"/backstores/ramdisk/r1{path}") == ["i1"], path
        assert names("/loopback") == []


def test_info_says_who_sees_a_storage_object(shell: Shell) -> None:
    target, disk = f"/iscsi/{NAME}:t", "/backstores/ramdisk/r1"
    shell.ok("/backstores/ramdisk create r1 1M wwn=one")
    values = shell.ok(f"{disk} info").rows
    data = checked(shell.ok(f"{disk} info", json=True))["data"]
    assert (data["luns"], data["mapped_luns"], data["logged_in"]) == ([], [], [])
    shell.ok(f"/iscsi create {NAME}:t")
    shell.ok(f"{target}/tpg1/luns create {disk} 3")
    shell.ok("/loopback create naa.50014050dc9cff4f")
    shell.ok(f"/loopback/naa.50014050dc9cff4f/luns create {disk}")
    shell.ok(f"{target}/tpg1/acls create {NAME}:i add_mapped_luns=false")
    shell.ok(f"{target}/tpg1/acls create {NAME}:other add_mapped_luns=false")
    shell.ok(f"{target}/tpg1/acls/{NAME}:i create 5 lun3")
    shell.ok(f"{target}/tpg1 set attribute generate_node_acls=1")
    with logged_in(f"{NAME}:i", f"{NAME}:t"), logged_in(f"{NAME}:guest", f"{NAME}:t"):
        found = shell.ok(f"{disk} info").rows
        data = checked(shell.ok(f"{disk} info", json=True))["data"]
    assert found[: len(values)] == values
    assert sorted(found[len(values) :]) == [
        f"logged_in: {NAME}:guest without an ACL",
        f"logged_in: {NAME}:i from 127.0.0.1",
        f"lun: {target}/tpg1/luns/lun3",
        "lun: /loopback/naa.50014050dc9cff4f/luns/lun0",
        f"mapped_lun: {target}/tpg1/acls/{NAME}:i/mapped_lun5",
    ]
    assert data["mapped_luns"] == [f"{target}/tpg1/acls/{NAME}:i/mapped_lun5"]
