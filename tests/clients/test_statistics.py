# SPDX-License-Identifier: Apache-2.0
"""What the kernel counts, against what initiators did: docs/STATISTICS.md says the same."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from kernel.commands.initiator import Refused, logged_in, until

from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics import counted, counters, facts, mib
from rtslib_ext.statistics.columns import LUN, MAPPED_LUN, MIB, SESSION, STORAGE_OBJECT
from rtslib_ext.statistics.facts import Value
from rtslib_ext.statistics.logins import since_boot
from targetcli.exporter import scrape
from targetcli.exporter.saved import Files

from .conftest import INITIATOR, PORTAL, TARGET, Run, wait_for_disk
from .test_libiscsi import HOST, tool, url

TPG = f"/iscsi/{TARGET}/tpg1"
STORE = f"""
/backstores/ramdisk create r 64M
/iscsi create {TARGET}
{TPG}/luns create /backstores/ramdisk/r
{TPG}/acls create {INITIATOR}
{TPG}/acls create {HOST}
"""
TRAFFIC = (STORAGE_OBJECT, LUN, MAPPED_LUN)


def read() -> dict[tuple[str, str], dict[str, Value]]:
    """All counters by kind and path."""
    objects = counted.objects(Reader(ConfigFS()))
    rows = counters.read(ConfigFS(), objects)
    return {(row.kind, row.path): dict(facts.of(row).values) for row in rows}


def of(kind: str) -> dict[str, Value]:
    """The counters of the only object of a kind that has commands, or of the target."""
    (found,) = (
        values for (each, _), values in read().items() if each == kind and values.get("commands", 1)
    )
    return found


def grown(before: dict[str, Value], after: dict[str, Value]) -> dict[str, float]:
    return {name: (after[name] or 0) - (before[name] or 0) for name in before}


def text(kind: str, name: str) -> str | None:
    """The value of a MIB object, of the first object of its kind."""
    found = mib.read(ConfigFS(), counted.objects(Reader(ConfigFS()), "/", (kind,)))
    return next(value for row, value in next(found).values if row.name == name)


def dd(*words: str) -> None:
    subprocess.run(["dd", *words], check=True, capture_output=True)


@pytest.fixture
def disk(target: Callable[..., str], iscsiadm: Run) -> Iterator[str]:
    """The disk of a host that is logged in and asks nothing any more."""
    target(STORE)
    iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", PORTAL)
    iscsiadm("-m", "node", "-T", TARGET, "-p", PORTAL, "--login")
    found = wait_for_disk()
    last: Value = -1
    while last != (last := of(LUN)["commands"]):
        time.sleep(0.3)
    yield found


def test_bytes_and_commands(disk: str, iscsiadm: Run) -> None:
    before = {kind: of(kind) for kind in (*TRAFFIC, SESSION)}
    dd("if=/dev/zero", f"of={disk}", "bs=1M", "count=10", "oflag=direct")
    dd("if=/dev/zero", f"of={disk}", "bs=512", "count=1", "oflag=direct")
    dd(f"if={disk}", "of=/dev/null", "bs=1M", "count=5", "iflag=direct")
    after = {kind: of(kind) for kind in (*TRAFFIC, SESSION)}
    for kind in TRAFFIC:
        found = grown(before[kind], after[kind])
        # The 512 bytes more are cut off.
        assert (found["written_bytes"], found["read_bytes"]) == (10 * MIB, 5 * MIB), kind
        assert found["commands"] == 10 + 1 + 5, kind
    found = grown(before[SESSION], after[SESSION])
    assert found["sent_bytes"] == 5 * MIB
    # Without the immediate data: 64 KiB of each MiB, and the 512 bytes.
    assert found["received_bytes"] == 10 * (MIB - 65536)
    # The status of a read comes with its last data.
    assert (found["commands"], found["responses"]) == (10 + 1 + 5, 10 + 1)
    _resets(before[STORAGE_OBJECT])
    _reserved(disk)
    iscsiadm("-m", "node", "-u")
    until(lambda: (SESSION, f"{TPG}/acls/{INITIATOR}") not in read())
    assert of(MAPPED_LUN)["written_bytes"] == 10 * MIB
    target = of("target")
    assert (target["logins"], target["logouts"], target["sessions"]) == (1, 1, 0)


def _resets(before: dict[str, Value]) -> None:
    (generic,) = Path("/sys/class/iscsi_session").glob("session*/device/target*/*/scsi_generic/*")
    subprocess.run(["sg_reset", "-d", f"/dev/{generic.name}"], check=True, capture_output=True)
    assert grown(before, of(STORAGE_OBJECT))["resets"] == 1
    for name in ("scsiTgtDevResets", "scsiLuInResets"):
        assert text(STORAGE_OBJECT, name) == str(of(STORAGE_OBJECT)["resets"])


def _reserved(disk: str) -> None:
    """The exporter names the holder of a reservation, and its type."""
    persist = ("sg_persist", "--out", "--param-rk=1")
    # The first command after the reset is told of it (unit attention).
    subprocess.run(("sg_turs", disk), capture_output=True, check=False)
    for words in (("sg_persist", "--out", "--register", "--param-sark=1"), (*persist, "--reserve")):
        kind = ("--prout-type=5",) if "--reserve" in words else ()
        subprocess.run((*words, *kind, disk), capture_output=True, check=True)
    chunks = scrape.scrape(ConfigFS(), Files("/nonexistent", "/nonexistent"), None)
    (found,) = (item.samples for item in chunks if item.metric.name == "lio_reservation_info")
    assert found == [
        (("ramdisk/r", INITIATOR, "Write Exclusive - Registrants Only"), 1),
    ]
    subprocess.run((*persist, "--clear", disk), capture_output=True, check=True)


def refusals() -> dict[str, Value]:
    values = read()["target", f"/iscsi/{TARGET}"]
    return {name: value for name, value in values.items() if "refused" in name and value}


def refused(initiator: str, target: str) -> None:
    with pytest.raises(Refused), logged_in(initiator, target):
        pass


def test_each_refused_login_is_counted_once(target: Callable[..., str]) -> None:
    target(f"{STORE}{TPG}/acls/{HOST} set auth userid=u password=corr3ct-horse\n")
    tpg = Path("/sys/kernel/config/target/iscsi", TARGET, "tpgt_1")
    assert text("target", "iscsiTgtLastIntrFailureAddr") == "(einval)"
    refused("iqn.2003-01.org.example:nobody", TARGET)
    assert refusals() == {"refused_logins": 1, "refused_unknown_initiator": 1}
    assert text("target", "iscsiTgtLastIntrFailureName") == "Unknown"
    assert text("target", "iscsiTgtLoginFailures") == "2"
    refused(HOST, f"{TARGET}x")
    (tpg / "enable").write_text("0")
    with pytest.raises((Refused, OSError)), logged_in(HOST, TARGET):
        pass
    (tpg / "enable").write_text("1")
    assert refusals() == {"refused_logins": 1, "refused_unknown_initiator": 1}
    (tpg / "attrib/authentication").write_text("1")
    assert tool("iscsi-inq", "-i", HOST, url(0), USERNAME="u", PASSWORD="wr0ng-horse").returncode
    assert refusals() == {
        "refused_logins": 2,
        "refused_unknown_initiator": 1,
        "refused_wrong_secret": 1,
    }
    assert text("target", "iscsiTgtLastIntrFailureName") == HOST
    assert text("target", "iscsiTgtLastFailureType") == "6"
    assert text("target", "iscsiTgtLastIntrFailureAddrType") == "ipv6"
    failed = int(text("target", "iscsiTgtLastFailureTime") or 0)
    ago = uptime() - since_boot(failed, uptime())
    assert 0 <= ago < 30
    assert tool("iscsi-ls", "-i", HOST, "iscsi://127.0.0.1:3260").returncode == 0
    assert refusals()["refused_logins"] == 2 and of("target")["logins"] == 0


def uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def test_sessions_and_how_they_end(target: Callable[..., str]) -> None:
    before = uptime()
    target(STORE)
    _times(before)
    with ExitStack() as several:
        for number in range(3):
            several.enter_context(logged_in(INITIATOR, TARGET, isid=number + 1))
        several.enter_context(logged_in(HOST, TARGET)).luns()
        until(lambda: of("target")["sessions"] == 4)
        assert of("target")["logins"] == 4
        assert len([1 for kind, _ in read() if kind == SESSION]) == 2
        assert text(MAPPED_LUN, "scsiAttIntrPortIdentifier") is not None
    # They closed their connections without a logout.
    until(lambda: of("target")["sessions"] == 0)
    with logged_in(HOST, TARGET, HeaderDigest="CRC32C") as connection:
        until(lambda: of("target")["sessions"] == 1)
        connection.connection.sendall(bytes(48) + b"none")
        until(lambda: of("target")["sessions"] == 0)
    found = of("target")
    assert (found["logouts"], found["abnormal_logouts"], found["digest_errors"]) == (0, 0, 0)
    assert text(MAPPED_LUN, "scsiAuthIntrAttachedTimes") == "1"
    assert text(MAPPED_LUN, "scsiAttIntrPortIdentifier") is None


def _times(before: float) -> None:
    """They are hundredths of a second since boot."""
    found = (
        text(STORAGE_OBJECT, "scsiLuLastCreation"),
        text(MAPPED_LUN, "scsiAuthIntrLastCreation"),
    )
    made, mapped = (since_boot(int(each or 0), uptime()) for each in found)
    assert before - 0.1 <= made <= mapped <= uptime()
    assert text(STORAGE_OBJECT, "scsiDevicePortNumber") == "1"
    assert text(STORAGE_OBJECT, "scsiTgtDeviceStatus") == "activated"
    assert text(LUN, "scsiDeviceIndex") == text(STORAGE_OBJECT, "scsiDeviceIndex")
