# SPDX-License-Identifier: Apache-2.0
"""Each old defect would be noticed: by a row, or by a test here."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..commands.harness import ETC, TARGET, Shell, tree, value
from . import defects, test_terminal
from .defects import DEFECTS, Defect
from .forms import FORMS
from .row import (
    DISKS,
    EXPORT,
    FILEIO,
    INITIATOR,
    IQN,
    K_ACL,
    K_TARGET,
    LOOPBACK,
    NAA,
    RAMDISK,
    SAVED,
    TPG,
)
from .row import TARGET as TARGET_PATH
from .test_rows import ROWS

NEXUS = f"loopback/{NAA}/tpgt_1/nexus"


@pytest.fixture
def user(shell: Shell) -> Iterator[Shell]:
    """A user of one exported file."""
    shutil.rmtree(DISKS, ignore_errors=True)
    DISKS.mkdir()
    for line in EXPORT:
        shell.ok(line)
    yield shell
    shutil.rmtree(DISKS)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.what)
def test_defect_is_held(defect: Defect) -> None:
    facts = {row.fact for row in (*ROWS, *FORMS)} | test_terminal.FACTS
    assert defect.held
    assert set(defect.held) <= facts | {name for name in globals() if name.startswith("test_")}


def test_rows_are_run() -> None:
    assert {row.fact for row in defects.ROWS} <= {row.fact for row in ROWS}


def test_backup_is_restored(user: Shell) -> None:
    user.ok("saveconfig")
    user.ok(f"{RAMDISK} delete r1")
    user.ok("saveconfig")
    (backup,) = (ETC / "backup").iterdir()
    user.ok("clearconfig confirm=true")
    assert user.ok(f"restoreconfig {backup}") == f"Configuration restored from {backup}\n"
    user.ok(f"{RAMDISK}/r1 status")


def test_nothing_is_lost(user: Shell) -> None:
    user.ok(f"{FILEIO}/d1/alua/default_tg_pt_gp set alua alua_access_state=1")
    user.ok(f"{FILEIO}/d1/alua create g1 7")
    user.ok(f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=g1")
    user.ok(f"{TARGET_PATH} set parameter cmd_completion_affinity=0")
    user.ok(f"/loopback create {NAA}")
    nexus = value(NEXUS)
    (TARGET / K_ACL / "cmdsn_depth").write_text("32")
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    user.ok("restoreconfig")
    (group,) = TARGET.glob("core/fileio_*/d1/alua/default_tg_pt_gp")
    assert (group / "alua_access_state").read_text() == "1\n"
    assert value(f"iscsi/{IQN}/tpgt_1/lun/lun_0/alua_tg_pt_gp").startswith("TG Port Alias: g1\n")
    assert value(f"{K_TARGET}/param/cmd_completion_affinity") == "0"
    assert value(NEXUS) == nexus
    assert value(f"{K_ACL}/cmdsn_depth") == "32"
    assert user.ok(f"{LOOPBACK} status") == f"Status for {LOOPBACK}: {nexus}\n"


def test_ls_changes_nothing(user: Shell) -> None:
    user.ok(f"{TPG} disable")
    if (TARGET / "loopback").exists():
        (TARGET / "loopback").rmdir()
    subprocess.run(["modprobe", "-r", "tcm_loop"], check=True)
    try:
        before = tree()
        for line in ("ls", "/ ls", "ls /loopback", "/loopback status", "/loopback info"):
            user.ok(line)
        assert tree() == before
        assert not Path("/sys/module/tcm_loop").exists()
    finally:
        subprocess.run(["modprobe", "tcm_loop"], check=True)


def test_same_state_same_bytes(user: Shell) -> None:
    for number in (5, 2, 3):
        user.ok(f"{RAMDISK} create x{number} 1M")
        user.ok(f"{TPG}/luns create {RAMDISK}/x{number} {number}")
        user.ok(f"{TPG}/acls create iqn.2003-01.org.example:x{number}")
        user.ok(f"{TPG}/portals create 127.0.0.{number} 3261")
    user.ok("saveconfig")
    first = Path(SAVED).read_bytes()
    user.ok("restoreconfig clear_existing=true")
    user.ok(f"saveconfig {DISKS}/again.json")
    assert (DISKS / "again.json").read_bytes() == first
    tpg = json.loads(first)["targets"][0]["tpgs"][0]
    for name, key in (("luns", "index"), ("node_acls", "node_wwn"), ("portals", "ip_address")):
        order = [item[key] for item in tpg[name]]
        assert len(order) == 4 and order == sorted(order)


def test_refused_writes_are_made_once(user: Shell) -> None:
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(log, 0, os.SEEK_END)
    user.refuses(f"{FILEIO}/d1 set attribute block_size=4096", "[Errno 22]")
    said = []
    try:
        while True:
            said.append(os.read(log, 8192).decode())
    except BlockingIOError:
        os.close(log)
    assert sum("Unable to change SE Device block_size" in row for row in said) == 1


def test_configfs_is_not_mounted(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGETCLI_HOME", str(user.home))
    program = f"{sys.executable} -m targetcli {RAMDISK} create r2 1M"
    words = ["unshare", "-m", "sh", "-c"]
    broken = subprocess.run(
        [
            *words,
            f"umount /sys/kernel/config; mount --bind /dev/null /usr/bin/mount; exec {program}",
        ],
        capture_output=True,
        text=True,
    )
    assert (broken.stdout, broken.returncode) == ("", 1)
    assert "cannot run mount" in broken.stderr and "{" not in broken.stderr
    done = subprocess.run(
        [*words, f"umount /sys/kernel/config; exec {program}"], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("Created ramdisk r2 with size 1M.\n", "")


def test_dynamic_sessions(user: Shell) -> None:
    user.ok(f"{TPG} set attribute generate_node_acls=1")
    user.ok(f"{TPG}/acls delete {INITIATOR}")
    with log_in("iqn.2003-01.org.example:guest"):
        said = user.ok("sessions")
        assert said == f"name: iqn.2003-01.org.example:guest (dynamic)\ttarget: {IQN} tpg: 1\n"
    user.ok(f"{TPG}/acls create {INITIATOR}")
    with log_in(INITIATOR):
        said = user.ok("sessions detail")
    assert said.rows[0].startswith("alias: ") and "LOGGED_IN" in said
    assert f"    name: {INITIATOR} (NOT AUTHENTICATED)\n" in said
    assert "    mapped-lun: 0 backstore: fileio/d1 mode: rw\n" in said
    assert "    address: 127.0.0.1 (TCP)  cid: 0 connection-state: LOGGED_IN\n" in said


# What an initiator offers: nothing but the defaults (RFC 7143 section 13).
OFFER = """\
SessionType=Normal HeaderDigest=None DataDigest=None MaxConnections=1 InitialR2T=Yes
ImmediateData=Yes MaxRecvDataSegmentLength=8192 MaxBurstLength=262144 FirstBurstLength=65536
DefaultTime2Wait=2 DefaultTime2Retain=0 MaxOutstandingR2T=1 DataPDUInOrder=Yes
DataSequenceInOrder=Yes ErrorRecoveryLevel=0"""


def log_in(initiator: str) -> socket.socket:
    """Log in as an iSCSI initiator without a secret (RFC 7143 section 11.12)."""
    keys = (f"InitiatorName={initiator}", f"TargetName={IQN}", *OFFER.split())
    text = b"".join(key.encode() + b"\0" for key in keys)
    head = struct.pack(
        ">BBBBI6sHIHHII16x",
        0x43,  # a login request, immediate
        0x87,  # from negotiation straight to the full feature phase
        0, 0, len(text), b"\x80\0\0\0\0\1", 0, 1, 0, 0, 1, 0,
    )  # fmt: skip
    connection = socket.create_connection(("127.0.0.1", 3260), timeout=30)
    connection.sendall(head + text + bytes(-len(text) % 4))
    answer = connection.recv(48, socket.MSG_WAITALL)
    # A login response with which the full feature phase begins, and no error.
    assert (answer[0], answer[1], answer[36:38]) == (0x23, 0x87, b"\0\0"), answer
    return connection
