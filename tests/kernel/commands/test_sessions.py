# SPDX-License-Identifier: Apache-2.0
"""The command sessions where nobody is logged in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from documents import checked

from rtslib_ext.kernel.configfs import ConfigFS
from targetcli.views import repaint as repainting

from .harness import Shell, value
from .initiator import logged_in, until
from .test_questions import Terminal, at_terminal

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
    shell.refuses("sessions show", "action must be one of: list, detail, end")
    shell.refuses("sessions format=csv", "format must be one of: table, lines")
    shell.refuses("sessions --watch x", "x is not a duration")


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


IQN, HOST, GUEST = f"{NAME}:t", f"{NAME}:host", f"{NAME}:guest"
TPG = f"/iscsi/{IQN}/tpg1"


@pytest.fixture
def host(shell: Shell) -> Iterator[Shell]:
    """A host with a tag and a guest are logged in to a target."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/luns create /backstores/ramdisk/r1")
    shell.ok(f"{TPG}/acls create {HOST}")
    shell.ok(f"{TPG}/acls tag {HOST} web1")
    shell.ok(f"{TPG} set attribute generate_node_acls=1")
    with logged_in(HOST, IQN):
        until(lambda: "sid:" in shell.ok("sessions"))
        with logged_in(GUEST, IQN):
            until(lambda: GUEST in shell.ok("sessions"))
            yield shell


def test_the_table(host: Shell) -> None:
    """One line a session, with what the kernel does not show of it."""
    host.ok("/loopback create naa.5001405000000001")
    head, session, guest, nexus = host.ok("sessions format=table").rows
    assert head.split()[:4] == ["SID", "NAME", "INITIATOR", "TARGET"]
    found = session.split()
    assert found[1:7] == ["web1", HOST, f"{IQN}/tpg1", "127.0.0.1:3260", "127.0.0.1", "0"]
    assert found[-2:] == ["LOGGED_IN", "none"]
    # Its only other connection is the guest's.
    assert guest.split()[2:6] == [GUEST, f"{IQN}/tpg1", "127.0.0.1:3260", "127.0.0.1"]
    assert guest.split()[-2:] == ["dynamic", "none"] and "nexus" in nexus
    assert at_terminal(host, "sessions", Terminal("")).stdout.startswith("SID")
    assert host.ok("sessions").rows[0].startswith("alias:")
    assert "ISID 0x800000000001" in host.ok("sessions detail format=table")


def test_sessions_by_pattern(host: Shell) -> None:
    def found(words: str) -> list[str]:
        data = checked(host.ok(f"sessions {words}", json=True))["data"]
        return [item["initiator"] for item in (*data["sessions"], *data["dynamic_sessions"])]

    both = [HOST, GUEST]
    assert found("initiator=*HOST") == found("initiator=web?") == found("sid=1") == [HOST]
    assert found("target=*:t") == found("address=127.*") == found("") == both
    assert found("target=*:u") == found("--address 192.0.2.*") == found("initiator=web") == []
    assert host.ok("sessions initiator=*guest").rows == [
        f"name: {GUEST} (dynamic)\ttarget: {IQN} tpg: 1"
    ]
    assert host.ok("sessions initiator=x") == "(no open sessions)\n"


def test_when_a_session_began(host: Shell) -> None:
    """Exactly, since the other session is of the same TPG and later, or between two times."""
    (item,) = checked(host.ok("sessions", json=True))["data"]["sessions"]
    assert time.time() - 30 < item["since_earliest"] <= item["since_latest"] <= time.time()
    assert item["since"] in (item["since_earliest"], None)
    assert (item["luns"], item["tag"], item["isid"]) == ([0], "web1", "800000000001")


def test_sessions_are_shown_again(host: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) % 2 == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(repainting.time, "sleep", pause)
    said = host.ok("sessions --watch")
    assert pauses[:2] == [2, 2] and said.count("/: sessions, every 2 s") == 2
    assert said.count(HOST) == 2
    assert host.ok(f"{TPG} sessions list watch=1m").count(GUEST) == 2
    assert pauses == [2, 2, 60, 60]
    shown = at_terminal(host, "sessions --watch", Terminal("")).stdout
    assert shown.startswith("\x1b[H/: sessions, every 2 s") and "\x1b[J" in shown
    assert host("sessions --watch", json=True).exit == 1


def test_ending_a_session(host: Shell) -> None:
    """All of an initiator with a TPG: who loses what is said first."""
    path, depth = f"{TPG}/acls/{HOST}", f"iscsi/{IQN}/tpgt_1/acls/{HOST}/cmdsn_depth"
    out = f"{HOST} (session 1 from 127.0.0.1) would be logged out of {TPG}"
    for line in ("sessions end 1", f"{TPG} sessions end sid=1"):
        host.refuses(line, out, "--yes")
    assert out in host.ok("sessions end 1 --dry-run")
    answer = at_terminal(host, "sessions end 1", Terminal("n\n"))
    assert answer.exit == 1 and out.replace("session 1", "session N") in answer.stderr
    host.refuses("sessions end", "end needs the number of a session")
    host.refuses("sessions end 99", "those without an ACL end only with their TPG")
    before = value(depth)
    data = checked(host.ok("sessions end 1", json=True, yes=True))["data"]
    assert data["disturbs"][0]["initiator"] == HOST
    until(lambda: "sid:" not in host.ok("sessions"))
    assert value(depth) == before and GUEST in host.ok("sessions")
    assert host("undo").exit == 1 and f"~ {path}: end its sessions" in host.ok(
        f"history {_last(host)}"
    )


def test_each_session_costs_the_same(shell: Shell) -> None:
    shell.ok(f"/iscsi create {IQN}")
    hosts = [f"{HOST}{number}" for number in range(9)]
    for name in hosts:
        shell.ok(f"{TPG}/acls create {name}")
    costs = []
    with ExitStack() as sessions:
        for place, name in enumerate(hosts, 1):
            sessions.enter_context(logged_in(name, IQN))
            if place % 3 == 0:
                _wait_for(shell, place)
                shell.fs = ConfigFS()
                shell.ok("sessions format=table")
                costs.append(shell.fs.total_calls)
    assert costs[2] - costs[1] == costs[1] - costs[0] > 0


def _wait_for(user: Shell, number: int) -> None:
    until(lambda: user.ok("sessions").count("sid:") == number)


def _last(user: Shell) -> str:
    """The number of the last change."""
    return user.ok("history").rows[-1].split()[0]
