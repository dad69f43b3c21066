# SPDX-License-Identifier: Apache-2.0
"""What an initiator with I/O under way notices of work on what it uses."""

from __future__ import annotations

import mmap
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import INITIATOR, PORTAL, TARGET, Run, wait_for_disk

TPG = f"/iscsi/{TARGET}/tpg1"
DISK = "/backstores/fileio/disk1"
OTHER = "iqn.2003-01.org.example:more"
GUEST = "iqn.2003-01.org.example:host2"
MIB = 1 << 20
BLOCK = 64 * 1024

STORE = f"""
/backstores/fileio create disk1 /var/tmp/disk1.img 32M
/iscsi create {TARGET}
{TPG}/luns create /backstores/fileio/disk1
{TPG}/acls create {INITIATOR}
"""


@pytest.fixture(autouse=True)
def _new_disks() -> None:
    for name in ("disk1", "disk2"):
        Path(f"/var/tmp/{name}.img").unlink(missing_ok=True)


@pytest.fixture
def disk(target: Callable[[str], str], iscsiadm: Run) -> str:
    """The disk of a session without a secret."""
    target(STORE)
    iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", PORTAL)
    iscsiadm("-m", "node", "-T", TARGET, "-p", PORTAL, "--login")
    return wait_for_disk()


class Writer(threading.Thread):
    """Writes and reads back past every cache, until it is told to stop."""

    def __init__(self, disk: str) -> None:
        super().__init__()
        self.disk = disk
        self.rounds = 0
        self.failure: BaseException | None = None
        self.over = threading.Event()

    def run(self) -> None:
        handle = os.open(self.disk, os.O_RDWR | os.O_DIRECT)
        try:
            with mmap.mmap(-1, BLOCK) as wrote, mmap.mmap(-1, BLOCK) as read:
                while not self.over.is_set():
                    wrote[:] = bytes([self.rounds % 251 + 1]) * BLOCK
                    at = self.rounds % 16 * BLOCK
                    assert os.pwritev(handle, [wrote], at) == BLOCK
                    assert os.preadv(handle, [read], at) == BLOCK
                    assert read[:] == wrote[:]
                    self.rounds += 1
        except BaseException as err:  # what it was is told by the test's own thread
            self.failure = err
        finally:
            os.close(handle)


@contextmanager
def undisturbed(disk: str, iscsiadm: Run) -> Iterator[None]:
    """I/O all the while: none fails, and the session stays the same one."""
    session = iscsiadm("-m", "session").stdout
    writer = Writer(disk)
    writer.start()
    try:
        while writer.rounds < 20 and writer.failure is None:
            writer.over.wait(0.05)
        rounds, errors = writer.rounds, _errors(disk)
        yield
        while writer.rounds < rounds + 20 and writer.failure is None:
            writer.over.wait(0.05)
        # Before it is closed: udev then has the disk looked at again, and newer kernels ask for
        # a page that the target does not have (MODE SENSE of the I/O hints).
        failed = _errors(disk) - errors
    finally:
        writer.over.set()
        writer.join()
    assert writer.failure is None, writer.failure
    assert iscsiadm("-m", "session").stdout == session
    assert failed == 0


def _errors(disk: str) -> int:
    """How many commands of the disk failed (scsi_device, ioerr_cnt)."""
    return int(Path(f"/sys/block/{Path(disk).name}/device/ioerr_cnt").read_text(), 16)


def size_of(disk: str) -> int:
    """The size in bytes that the initiator knows of."""
    return int(subprocess.check_output(["blockdev", "--getsize64", disk]))


def test_resize_under_a_session(disk: str, target: Callable[[str], str], iscsiadm: Run) -> None:
    with undisturbed(disk, iscsiadm):
        target(f"{DISK} resize 48M\n")
        # The kernel raises no CAPACITY DATA HAS CHANGED: help tells to look again. Where udev
        # runs, it does so when a program that wrote to the disk closes it.
        sense = subprocess.run(["sg_turs", "-v", disk], capture_output=True, text=True, check=True)
        assert "changed" not in sense.stderr
        assert size_of(disk) == 32 * MIB
    iscsiadm("-m", "session", "--rescan")
    assert size_of(disk) == 48 * MIB
    with open(disk, "r+b", buffering=0) as file:
        file.seek(47 * MIB)
        file.write(b"x" * 4096)
        os.fsync(file.fileno())
    assert Path("/var/tmp/disk1.img").read_bytes()[47 * MIB :][:4096] == b"x" * 4096


def test_rescan_under_a_session(disk: str, target: Callable[[str], str], iscsiadm: Run) -> None:
    os.truncate("/var/tmp/disk1.img", 40 * MIB)
    with undisturbed(disk, iscsiadm):
        target("/backstores rescan\n")
    iscsiadm("-m", "session", "--rescan")
    assert size_of(disk) == 40 * MIB


def test_clones_disturb_nobody(disk: str, target: Callable[[str], str], iscsiadm: Run) -> None:
    with undisturbed(disk, iscsiadm):
        target(f"/iscsi clone {TARGET} {OTHER}\n{TPG}/acls clone {INITIATOR} {GUEST}\n")
    found = iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", PORTAL).stdout
    assert TARGET in found and OTHER in found
    iscsiadm("-m", "node", "-T", OTHER, "-p", PORTAL, "--login")
    serials = {
        subprocess.check_output(["sg_inq", "--page=0x80", path], text=True).splitlines()[-1]
        for path in map(str, Path("/dev").glob("sd?"))
    }
    assert len(serials) == 1


def test_a_session_stays_when_its_disk_is_renamed_or_replaced(
    disk: str, target: Callable[..., str], iscsiadm: Run
) -> None:
    with open(disk, "r+b", buffering=0) as file:
        file.write(b"data" * 1024)
    subprocess.run(["sync", disk], check=True)
    session = iscsiadm("-m", "session").stdout
    serial = subprocess.check_output(["sg_inq", "--page=0x83", disk])
    target(f"{DISK} rename disk2\n", "--yes")
    assert _read(disk) == b"data" * 1024
    Path("/var/tmp/disk2.img").write_bytes(b"copy" * (8 * MIB))
    target("/backstores/fileio/disk2 replace /var/tmp/disk2.img\n", "--yes")
    assert _read(disk) == b"copy" * 1024
    assert iscsiadm("-m", "session").stdout == session
    assert subprocess.check_output(["sg_inq", "--page=0x83", disk]) == serial


def _read(disk: str) -> bytes:
    """The first 4 KiB, not from the cache."""
    with mmap.mmap(-1, 4096) as page:
        handle = os.open(disk, os.O_RDONLY | os.O_DIRECT)
        try:
            os.preadv(handle, [page], 0)
        finally:
            os.close(handle)
        return page[:]
