# SPDX-License-Identifier: Apache-2.0
"""The Linux initiator: disks, data, sessions, reservations, over a save and a restore."""

from __future__ import annotations

import hashlib
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from documents import checked

from .conftest import INITIATOR, PORTAL, TARGET, Run

SECRET = "corr3ct horse"

STORE = f"""
/backstores/fileio create disk1 /var/tmp/disk1.img 32M
/iscsi create {TARGET}
/iscsi/{TARGET}/tpg1/luns create /backstores/fileio/disk1
/iscsi/{TARGET}/tpg1/acls create {INITIATOR}
/iscsi/{TARGET}/tpg1 set attribute authentication=1
/iscsi/{TARGET}/tpg1/acls/{INITIATOR} set auth userid=host1 password='{SECRET}'
"""

LIFE = STORE + "saveconfig\n"

REBOOT = "clearconfig confirm=true\nrestoreconfig\n"


@pytest.fixture(autouse=True)
def _new_disk() -> None:
    Path("/var/tmp/disk1.img").unlink(missing_ok=True)


def test_data_is_there_after_a_restore(
    target: Callable[[str], str], log_in: Callable[..., str], iscsiadm: Run
) -> None:
    target(LIFE)
    disk = log_in("host1", SECRET)
    written = bytes(range(256)) * 4096
    with open(disk, "r+b", buffering=0) as file:
        file.write(written)
    subprocess.run(["sync", disk], check=True)
    iscsiadm("-m", "node", "-u")
    assert "Configuration restored" in target(REBOOT)
    with open(log_in("host1", SECRET), "rb") as file:
        assert hashlib.sha256(file.read(len(written))).digest() == hashlib.sha256(written).digest()


def test_a_file_system_survives(
    target: Callable[[str], str], log_in: Callable[..., str], iscsiadm: Run
) -> None:
    target(LIFE)
    disk = log_in("host1", SECRET)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    iscsiadm("-m", "node", "-u")
    target(REBOOT)
    subprocess.run(["fsck.ext4", "-n", log_in("host1", SECRET)], check=True)


def test_a_wrong_secret_is_refused(
    target: Callable[[str], str], log_in: Callable[..., str], iscsiadm: Run
) -> None:
    target(LIFE)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        log_in("host1", "wrong-secret-12")
    assert "authorization failure" in caught.value.stderr
    assert "(no open sessions)" in target("sessions\n")


def test_sessions_tells_who_is_logged_in(
    target: Callable[..., str], log_in: Callable[..., str]
) -> None:
    target(LIFE)
    disk = log_in("host1", SECRET)
    _check_what_the_initiator_sees(target, disk)
    said = target("sessions detail\n")
    assert "session-state: LOGGED_IN" in said
    assert f"    name: {INITIATOR} (authenticated)\n" in said
    assert "    mapped-lun: 0 backstore: fileio/disk1 mode: rw\n" in said
    assert "    address: 127.0.0.1 (TCP)  cid: 0 connection-state: LOGGED_IN\n" in said


def _check_what_the_initiator_sees(target: Callable[..., str], disk: str) -> None:
    """Whatever the initiator shows of its disk leads back to the storage object."""
    pages = (["sg_inq", "--export", f"--page={page}", disk] for page in ("0x80", "0x83"))
    shown = "".join(subprocess.check_output(words, text=True) for words in pages)
    values = dict(line.split("=", 1) for line in shown.splitlines())
    wwid = Path(f"/sys/block/{Path(disk).name}/device/wwid").read_text().strip()
    names = [wwid, values["SCSI_IDENT_LUN_NAA_REGEXT"], values["SCSI_IDENT_SERIAL"], disk]
    lines = "\n".join(f"what {name}" for name in names)
    for line in target(f"{lines}\n", "--json").splitlines():
        (found,) = checked(f"{line}\n")["data"]["found"]
        assert found["nodes"] == ["storage object fileio/disk1"], found


def test_sessions_as_json(target: Callable[..., str], log_in: Callable[..., str]) -> None:
    target(LIFE)
    log_in("host1", SECRET)
    lines = target("set global auto_save_on_exit=false\nsessions\nsessions detail\n", "--json")
    few, all_of_it = [checked(f"{line}\n")["data"]["sessions"] for line in lines.splitlines()[1:]]
    target("set global auto_save_on_exit=true\n")
    (session,) = all_of_it
    assert few == [{**session, "mapped_luns": None}]
    assert (session["initiator"], session["target"], session["tpg"]) == (INITIATOR, TARGET, 1)
    assert (session["state"], session["authenticated"]) == ("LOGGED_IN", True)
    assert (session["portals"], session["luns"]) == ([PORTAL], [0])
    assert session["authentication"] == "CHAP" and session["since"] is not None
    (lun,) = session["mapped_luns"]
    assert lun == {
        "index": 0,
        "storage_object": "/backstores/fileio/disk1",
        "write_protect": False,
    }
    (connection,) = session["connections"]
    assert connection["address"] == "127.0.0.1" and connection["transport"] == "TCP"


def test_an_acl_tells_its_session(target: Callable[[str], str], log_in: Callable[..., str]) -> None:
    """Another queue depth ends the session; the initiator comes back on its own."""
    acl = f"/iscsi/{TARGET}/tpg1/acls/{INITIATOR}"
    target(LIFE)
    log_in("host1", SECRET)
    said = target(f"{acl} info\n")
    assert "cmdsn_depth: 64\n" in said
    found = re.search(rf"session: {INITIATOR} sid (\d+) LOGGED_IN from 127.0.0.1 TCP\n", said)
    assert found
    target(f"{acl} set initiator cmdsn_depth=16\n")
    for _ in range(100):
        again = re.search(r"session: \S+ sid (\d+) LOGGED_IN", target(f"{acl} info\n"))
        if again and again[1] != found[1]:
            return
        time.sleep(0.1)
    raise AssertionError("the initiator did not log in again")


def test_a_session_without_an_acl_is_told(
    target: Callable[..., str], log_in: Callable[..., str], iscsiadm: Run
) -> None:
    tpg = f"/iscsi/{TARGET}/tpg1"
    store = "\n".join(line for line in STORE.splitlines() if "/acls" not in line)
    target(
        f"{store}\n{tpg} set attribute generate_node_acls=1 demo_mode_write_protect=0\n"
        f"{tpg} set auth userid=host1 password='{SECRET}'\n",
        note="cache_dynamic_acls is 1 now",
    )
    log_in("host1", SECRET)
    assert f"name: {INITIATOR} (dynamic)\ttarget: {TARGET} tpg: 1\n" in target("sessions\n")
    assert f"dynamic_sessions={INITIATOR} [ro]\n" in target(f"{tpg} get port\n")
    iscsiadm("-m", "node", "-u")
    assert "(no open sessions)" in target("sessions\n")


def test_a_registration_is_told_with_its_session(
    target: Callable[[str], str], log_in: Callable[..., str]
) -> None:
    target(LIFE)
    disk = log_in("host1", SECRET)
    register = ["sg_persist", "--out", "--register", "--param-sark=abc123"]
    subprocess.run([*register, disk], check=True)
    said = target("/backstores/fileio/disk1 get reservations registrants\n")
    assert re.search(rf"registrants={INITIATOR},i,0x[0-9a-f]{{12}} key 0xabc123 \[ro\]", said)


def test_discovery_needs_a_secret_when_told(target: Callable[[str], str], iscsiadm: Run) -> None:
    target(LIFE + "/iscsi set discovery_auth userid=finder password=finders-keepers enable=1\n")
    with pytest.raises(subprocess.CalledProcessError):
        iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", PORTAL)
    target("/iscsi set discovery_auth enable=0\n")
    found = iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", PORTAL)
    assert TARGET in found.stdout


def test_reservations_are_brought_back(
    target: Callable[[str], str], log_in: Callable[..., str], iscsiadm: Run
) -> None:
    target(LIFE)
    disk = log_in("host1", SECRET)
    register = ["sg_persist", "--out", "--register", "--param-sark=abc123", "--param-aptpl"]
    subprocess.run([*register, disk], check=True)
    reserve = ["sg_persist", "--out", "--reserve", "--param-rk=abc123", "--prout-type=1"]
    subprocess.run([*reserve, disk], check=True)
    iscsiadm("-m", "node", "-u")
    target(REBOOT)
    again = log_in("host1", SECRET)
    read = ["sg_persist", "--in", "--read-reservation", again]
    said = subprocess.run(read, check=True, capture_output=True, text=True).stdout
    assert "Key=0xabc123" in said
    assert "Write Exclusive" in said


def test_the_target_proves_itself_too(
    target: Callable[[str], str], log_in: Callable[..., str]
) -> None:
    acl = f"/iscsi/{TARGET}/tpg1/acls/{INITIATOR}"
    target(STORE + f"{acl} set auth mutual_userid=store mutual_password=target-secret\n")
    with pytest.raises(subprocess.CalledProcessError):
        log_in("host1", SECRET, username_in="store", password_in="another-secret")
    assert log_in("host1", SECRET, username_in="store", password_in="target-secret")
    assert "  LOGGED_IN  mutual\n" in target("sessions format=table\n")


def test_write_protection_reaches_the_host(
    target: Callable[[str], str], log_in: Callable[..., str]
) -> None:
    acl = f"/iscsi/{TARGET}/tpg1/acls/{INITIATOR}"
    target(STORE + f"{acl} delete 0\n{acl} create 0 lun0 write_protect=true\n")
    disk = log_in("host1", SECRET)
    assert Path(f"/sys/block/{Path(disk).name}/ro").read_text() == "1\n"
