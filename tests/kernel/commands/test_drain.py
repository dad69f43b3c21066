# SPDX-License-Identifier: Apache-2.0
"""drain with an initiator that has this path only, and one that has another."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rtslib_ext.usage.traffic import commands

from .harness import TARGET, Shell, tree
from .initiator import logged_in

IQN, OTHER = "iqn.2003-01.org.example:a", "iqn.2003-01.org.example:b"
HOST = "iqn.1994-05.com.example:h"
TPG = f"/iscsi/{IQN}/tpg1"
LUN = f"iscsi/{IQN}/tpgt_1/lun/lun_0"
LOSES = (
    f"{HOST} has no other path to {TPG}/luns/lun0 through this host: its I/O would fail, "
    "and a file system on it becomes read-only"
)
STOPPED = f"commands arrived and failed, and {HOST} has no other path through this host"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A disk that two targets export to a host, each on a port of its own."""
    shell.ok("/backstores/ramdisk create disk 1M")
    shell.ok("set global auto_add_default_portal=false")
    for target, port in ((IQN, 3260), (OTHER, 3261)):
        shell.ok(f"/iscsi create {target}")
        shell.ok(f"/iscsi/{target}/tpg1/portals create 127.0.0.1 {port}")
        shell.ok(f"/iscsi/{target}/tpg1/luns create /backstores/ramdisk/disk")
        shell.ok(f"/iscsi/{target}/tpg1/acls create {HOST}")
    return shell


def send(connection: socket.socket, number: int) -> None:
    """Send TEST UNIT READY to LUN 0 (RFC 7143 section 11.3)."""
    # Final, with the attribute SIMPLE; its number is the task tag and CmdSN.
    fields = (0x01, 0x81, 0, 0, bytes(8), number, 0, number, 1, bytes(16))
    header = struct.pack(">BBHI8sIIII16s", *fields)
    connection.sendall(header)


@contextmanager
def busy(connection: socket.socket, seconds: float) -> Iterator[None]:
    """Commands arrive for some time."""

    def run() -> None:
        end = time.monotonic() + seconds
        number = 1
        while time.monotonic() < end:
            try:
                send(connection, number)
            except OSError:
                return
            number += 1
            time.sleep(0.02)

    sender = threading.Thread(target=run)
    sender.start()
    try:
        yield
    finally:
        sender.join()


def state() -> tuple[str, str]:
    (group,) = (TARGET / "core").glob("*/disk/alua/default_tg_pt_gp")
    state, status = (group / f"alua_access_{name}" for name in ("state", "status"))
    return state.read_text().strip(), status.read_text().strip()


@pytest.mark.parametrize(
    "line",
    [f"{TPG}/luns drain lun0", f"/iscsi drain {IQN}", "/backstores/ramdisk drain disk"],
)
def test_a_busy_single_path_stops_it(user: Shell, line: str) -> None:
    """The host sends commands for a moment, and none after they failed: no reason to delete."""
    before = tree()
    with logged_in(HOST, IQN) as session:
        answer = user(line)
        assert answer.exit == 1 and LOSES in answer.stderr
        assert LOSES in user.ok(f"{line} dry_run=true")
        first = commands(user.fs, LUN)
        with busy(session.connection, 0.8):
            time.sleep(0.2)
            assert commands(user.fs, LUN) != first
            answer = user(f"{line} timeout=20s", yes=True)
        assert answer.exit == 1 and STOPPED in answer.stderr
        assert "the previous state was restored" in answer.stderr and "other_paths" in answer.stderr
        assert state() == ("0", "None")
    assert tree().keys() == before.keys()


def test_a_host_with_another_path_may_switch_to_it(user: Shell) -> None:
    with logged_in(HOST, IQN) as session, logged_in(HOST, OTHER, 3261):
        line = f"{TPG}/luns drain lun0"
        assert LOSES not in user.ok(f"{line} dry_run=true")
        with busy(session.connection, 0.8):
            user.ok(f"{line} timeout=20s", yes=True)
    assert not (TARGET / LUN).exists()


def test_an_idle_host_or_one_with_a_path_elsewhere_lets_it_go(user: Shell) -> None:
    with logged_in(HOST, IQN) as session:
        line = f"{TPG}/luns drain lun0 other_paths=true"
        assert LOSES not in user.ok(f"{line} dry_run=true")
        with busy(session.connection, 0.8):
            user.ok(f"{line} timeout=20s", yes=True)
    assert not (TARGET / LUN).exists()


def test_an_idle_single_path_is_drained(user: Shell) -> None:
    with logged_in(HOST, IQN):
        user.ok(f"{TPG}/luns drain lun0", yes=True)
    assert not (TARGET / LUN).exists()
