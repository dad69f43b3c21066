# SPDX-License-Identifier: Apache-2.0
"""acls create with a profile: what it sets, what it only names, and that no session ends by it."""

from __future__ import annotations

import pytest

from .harness import Shell, value
from .initiator import logged_in, until

NAME = "iqn.2003-01.org.example"
IQN, HOST = f"{NAME}:t", f"{NAME}:host1"
TPG, FOLDER = f"/iscsi/{IQN}/tpg1", f"iscsi/{IQN}/tpgt_1"


@pytest.fixture
def store(shell: Shell) -> Shell:
    for line in (
        "set global auto_add_default_portal=false",
        "/backstores/ramdisk create r0 1M",
        f"/iscsi create {IQN}",
        f"{TPG}/portals create 127.0.0.1",
        f"{TPG}/luns create /backstores/ramdisk/r0",
        f"{TPG} set attribute authentication=0",
    ):
        shell.ok(line)
    return shell


def depth() -> str:
    return value(f"{FOLDER}/acls/{HOST}/cmdsn_depth")


def test_what_suits_the_system_is_set_and_undone(store: Shell) -> None:
    said = store.ok(f"{TPG}/acls create {HOST} profile=linux").rows
    assert said == [
        f"Created Node ACL for {HOST}",
        "Created mapped LUN 0.",
        "Set cmdsn_depth=128: open-iscsi sends up to 128 commands at once (node.session.cmds_max).",
        f"recipe open-iscsi {HOST} shows the steps on that host.",
    ]
    assert depth() == "128"
    store.ok("undo")
    # It is only raised.
    store.ok(f"{TPG} set attribute default_cmdsn_depth=256")
    assert "cmdsn_depth" not in store.ok(f"{TPG}/acls create {HOST} profile=linux")
    assert depth() == "256"


def test_what_concerns_others_is_named(store: Shell) -> None:
    store.ok("/backstores/ramdisk/r0 set attribute emulate_caw=0")
    said = store.ok(f"{TPG}/acls create {HOST} profile=esxi").rows
    note = said.index(
        "note: /backstores/ramdisk/r0: emulate_caw is 0: with 1, VMFS locks with COMPARE AND WRITE "
        "(VAAI ATS)"
    )
    assert said[note + 1].strip() == "/backstores/ramdisk/r0 set attribute emulate_caw=1"
    assert "emulate_caw=0" in store.ok("/backstores/ramdisk/r0 get attribute emulate_caw")


def test_secrets_that_the_system_does_not_take(store: Shell) -> None:
    store.ok(f"{TPG} set attribute authentication=1")
    said = store.ok(f"{TPG}/acls create {HOST} profile=windows")
    assert f"error: {TPG}/acls/{HOST}: CHAP is required and password is not set" in said
    assert f"{TPG}/acls/{HOST} set auth password=@new" in said


def test_an_initiator_that_is_logged_in_keeps_its_session(store: Shell) -> None:
    store.ok(f"{TPG} set attribute generate_node_acls=1")
    with logged_in(HOST, IQN) as live:
        until(lambda: HOST in value(f"{FOLDER}/dynamic_sessions"))
        said = store.ok(f"{TPG}/acls create {HOST} profile=linux")
        assert f"cmdsn_depth=128 is not set, since it would end the session of {HOST}" in said
        assert live.luns() == [0]


def test_what_is_refused(store: Shell) -> None:
    store.refuses(f"{TPG}/acls create {HOST} profile=beos", "beos is not a known system")
    said = store.ok(f"--dry-run {TPG}/acls create {HOST} profile=linux")
    assert "would set" in said or "would create ACL" in said
    assert HOST not in store.ok(f"ls {TPG}/acls")
