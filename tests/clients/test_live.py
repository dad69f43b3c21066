# SPDX-License-Identifier: Apache-2.0
"""pin and drain, with the Linux initiator logged in and its I/O running."""

from __future__ import annotations

import mmap
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from documents import checked

from .conftest import INITIATOR, TARGET, Run

SECRET = "corr3ct horse"
TPG = f"/iscsi/{TARGET}/tpg1"
ACL = f"{TPG}/acls/{INITIATOR}"
FOLDER = Path(f"/sys/kernel/config/target/iscsi/{TARGET}/tpgt_1")

BASE = f"""
/backstores/fileio create disk1 /var/tmp/disk1.img 32M
/iscsi create {TARGET}
{TPG}/luns create /backstores/fileio/disk1
{TPG} set attribute authentication=1
"""
OPEN = f"""{BASE}
{TPG} set attribute generate_node_acls=1 demo_mode_write_protect=0
{TPG} set auth userid=host1 password='{SECRET}'
"""
CACHED = "cache_dynamic_acls is 1 now"
CLOSED = f"""{BASE}
{TPG}/acls create {INITIATOR}
{ACL} set auth userid=host1 password='{SECRET}'
"""


@pytest.fixture(autouse=True)
def _new_disk() -> None:
    Path("/var/tmp/disk1.img").unlink(missing_ok=True)


def targetcli(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "targetcli", *words]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@contextmanager
def writing(disk: str, *, stubborn: bool = False) -> Iterator[list[OSError]]:
    """Somebody who writes past every cache until an error comes, or in spite of them."""
    done, errors = threading.Event(), []
    handle = os.open(disk, os.O_RDWR | os.O_DIRECT)
    page = mmap.mmap(-1, 4096)

    def write() -> None:
        while not done.is_set():
            try:
                os.pwritev(handle, [page], 0)
            except OSError as err:
                errors.append(err)
                if not stubborn:
                    return
            time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.3)
    try:
        yield errors
    finally:
        done.set()
        writer.join()
        os.close(handle)


def connections() -> list[str]:
    """The initiator's ends of its connections to the portal."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sorted(row[1] for row in rows if row[2].endswith(":0CBC") and row[3] == "01")


def sid() -> str:
    found = re.search(r"LIO Session ID: (\d+)", (FOLDER / f"acls/{INITIATOR}/info").read_text())
    assert found
    return found[1]


def test_pin_keeps_the_session(
    target: Callable[..., str], log_in: Callable[..., str], iscsiadm: Run
) -> None:
    target(OPEN, note=CACHED)
    disk = log_in("host1", SECRET)
    with writing(disk) as errors:
        said = targetcli(f"{TPG}/acls", "pin", INITIATOR, "--dry-run")
        assert said.returncode == 0 and f"+ {ACL}: would create ACL" in said.stdout
        assert not (FOLDER / f"acls/{INITIATOR}").exists()
        before = connections()
        said = targetcli(f"{TPG}/acls", "pin", INITIATOR)
        assert (said.returncode, said.stderr) == (0, "")
        assert SECRET not in said.stdout
        first = sid()
        time.sleep(0.5)
        # An initiator that logs in again comes from another port.
        assert connections() == before and len(before) == 1
    assert errors == []
    assert (FOLDER / f"acls/{INITIATOR}/lun_0/write_protect").read_text() == "0\n"
    assert (FOLDER / "dynamic_sessions").read_text().strip("\0\n") == ""
    # What it was let in with lets it in again, where nobody else is let in any more.
    iscsiadm("-m", "node", "-u")
    targetcli(TPG, "set", "attribute", "generate_node_acls=0")
    with writing(log_in("host1", SECRET)) as errors:
        assert sid() != first
    assert errors == []


def test_pin_keeps_what_is_read_only(
    target: Callable[..., str], log_in: Callable[..., str]
) -> None:
    target(OPEN.replace("demo_mode_write_protect=0", "demo_mode_write_protect=1"), note=CACHED)
    disk = Path(log_in("host1", SECRET))
    assert targetcli(TPG, "pin").returncode == 0
    assert (FOLDER / f"acls/{INITIATOR}/lun_0/write_protect").read_text() == "1\n"
    assert Path(f"/sys/block/{disk.name}/ro").read_text() == "1\n"
    assert targetcli(f"{TPG}/acls", "pin", INITIATOR).returncode == 1


@pytest.mark.parametrize(
    ("path", "name", "gone"),
    [
        (f"{TPG}/luns", "lun0", "lun/lun_0"),
        ("/backstores/fileio", "disk1", "lun/lun_0"),
        ("/iscsi", TARGET, "."),
    ],
)
def test_drain_with_io_running(
    target: Callable[..., str], log_in: Callable[..., str], path: str, name: str, gone: str
) -> None:
    """The one path there is ends: the writer sees an error and leaves, then it is taken away."""
    target(CLOSED)
    with writing(log_in("host1", SECRET)) as errors:
        said = targetcli(path, "drain", name)
        assert said.returncode == 1 and f"{INITIATOR} (session " in said.stderr
        assert errors == []
        said = targetcli("--json", path, "drain", name, "--dry-run")
        told = checked(said.stdout)["data"]
        assert told["disturbs"][0]["initiator"] == INITIATOR
        assert any(
            "wait until initiators send no commands" in step["text"] for step in told["plan"]
        )
        assert errors == []
        said = targetcli("--yes", path, "drain", name, "--timeout", "60s", "--other-paths")
        assert (said.returncode, said.stderr) == (0, "")
        assert len(errors) == 1
    assert not (FOLDER / gone).exists()


def test_drain_that_takes_too_long_puts_all_back(
    target: Callable[..., str], log_in: Callable[..., str]
) -> None:
    target(CLOSED)
    with writing(log_in("host1", SECRET), stubborn=True) as errors:
        said = targetcli(
            "--yes", f"{TPG}/luns", "drain", "lun0", "--timeout", "3s", "--other-paths"
        )
        assert said.returncode == 1
        assert (
            "initiators still sent commands after 3 s; the previous state was restored"
            in said.stderr
        )
        assert errors
        time.sleep(0.5)
        count = len(errors)
        time.sleep(1)
        assert len(errors) == count
    (group,) = Path("/sys/kernel/config/target/core").glob("*/disk1/alua/default_tg_pt_gp")
    assert (group / "alua_access_state").read_text() == "0\n"
    assert (FOLDER / "lun/lun_0/alua_tg_pt_offline").read_text() == "0\n"


def test_drain_of_one_of_two_lets_the_other_be(
    target: Callable[..., str], log_in: Callable[..., str]
) -> None:
    """The group has another LUN in it, so only this one goes offline."""
    other = "iqn.2003-01.org.example:other"
    target(
        f"{CLOSED}\n/iscsi create {other}\n"
        f"/iscsi/{other}/tpg1/luns create /backstores/fileio/disk1\n"
    )
    with writing(log_in("host1", SECRET)) as errors:
        said = targetcli("--yes", f"/iscsi/{other}/tpg1/luns", "drain", "lun0")
        assert (said.returncode, said.stderr) == (0, "")
        assert "waited until initiators send no commands" in said.stdout
        time.sleep(0.3)
    assert errors == []


def test_drain_of_a_busy_single_path_stops_and_puts_all_back(
    target: Callable[..., str], log_in: Callable[..., str]
) -> None:
    """The writer leaves after its first error: that is not the silence to wait for."""
    target(CLOSED)
    with writing(log_in("host1", SECRET)):
        said = targetcli("--yes", f"{TPG}/luns", "drain", "lun0", "--timeout", "60s")
        assert said.returncode == 1
        assert f"commands arrived and failed, and {INITIATOR} has no other path" in said.stderr
    (group,) = Path("/sys/kernel/config/target/core").glob("*/disk1/alua/default_tg_pt_gp")
    assert (group / "alua_access_state").read_text() == "0\n"
    assert (FOLDER / "lun/lun_0").is_dir()
