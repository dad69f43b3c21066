# SPDX-License-Identifier: Apache-2.0
"""import: initiators see the same disks as at the other target, and nothing is done unasked."""

from __future__ import annotations

import os
import platform
import re
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext import savefile
from rtslib_ext.config import inquiry

from .harness import ETC, Shell, tree
from .initiator import Connected, logged_in
from .test_collecting import Session

A, B, C = (f"iqn.2003-01.org.example:{name}" for name in "abc")
HOST = "iqn.1994-05.com.example:host1"
ROOT = Path(__file__).parents[3]
TGT = ROOT / ".kernels/tgt"
PORT = 3277
LIBRARIES = TGT / "usr/lib" / f"{platform.machine()}-linux-gnu"

TARGETS = f"""
include ETC/more.conf
<target {A}>
    backing-store DISKS/disk10
    backing-store DISKS/disk2       # LUN 2, although it comes first by number
    vendor_id MyCompany Inc.
</target>
"""
MORE = f"""
<target {B}>
    <backing-store DISKS/b>
        lun 5
        scsi_id my:ID0123456789abc
        scsi_sn SN-1
        product_id "Two words"
        product_rev 12345
        block-size 4096
        write-cache off
        readonly 1
    </backing-store>
    <backing-store DISKS/c>
    </backing-store>
    initiator-name {HOST}
</target>
<target {C}>
    backing-store DISKS/d
    incominguser host1 secret12chars
</target>
"""
SIZES = {"disk10": 1 << 20, "disk2": 3 << 20, "b": 4 << 20, "c": 2 << 20, "d": 1 << 20}


@pytest.fixture
def conf(disks: Path) -> Path:
    """The file of another target, and its disks: each begins with its name."""
    for name, size in SIZES.items():
        (disks / name).write_bytes(name.encode().ljust(size, b"."))
    for name, text in (("targets.conf", TARGETS), ("more.conf", MORE)):
        (ETC / name).write_text(text.replace("DISKS", str(disks)).replace("ETC", str(ETC)))
    return ETC / "targets.conf"


@dataclass(frozen=True)
class Disk:
    """A disk as an initiator sees it; ``serial`` is without the blanks around it."""

    vendor: bytes
    product: bytes
    revision: bytes
    serial: bytes
    naa: bytes
    blocks: int
    block_size: int
    data: bytes
    protected: bool


def disk(session: Connected, lun: int) -> Disk:
    # The first command may be answered by a unit attention.
    session.read(bytes(6), lun, 0)
    data = session.read(struct.pack(">BBBHB", 0x12, 0, 0, 96, 0), lun)
    pages = {
        page: session.read(struct.pack(">BBBHB", 0x12, 1, page, 255, 0), lun)[4:]
        for page in (0x80, 0x83)
    }
    last, size = struct.unpack(
        ">QI", session.read(struct.pack(">BB8xIxx", 0x9E, 0x10, 32), lun)[:12]
    )
    block = session.read(struct.pack(">BxIxHx", 0x28, 0, 1), lun, size)
    sense = session.read(struct.pack(">BBBBBB", 0x1A, 8, 8, 0, 255, 0), lun)
    return Disk(
        data[8:16],
        data[16:32],
        data[32:36],
        pages[0x80].strip(b" \0"),
        next(naa6(pages[0x83])),
        last + 1,
        size,
        block,
        bool(sense[2] & 0x80),
    )


def naa6(page: bytes) -> Iterator[bytes]:
    """The designators of the type NAA 6 (SPC-4 section 7.8.6)."""
    while page:
        kind, length = page[1] & 0xF, page[3]
        if kind == 3 and page[4] >> 4 == 6:
            yield page[4 : 4 + length]
        page = page[4 + length :]


def seen(port: int) -> dict[str, dict[int, Disk]]:
    """The disks of each target by LUN; LUN 0 is a controller of tgt."""
    found = {}
    for target in (A, B):
        with logged_in(HOST, target, port) as session:
            found[target] = {lun: disk(session, lun) for lun in session.luns() if lun}
    return found


@pytest.fixture
def tgt(conf: Path) -> Iterator[Path]:
    """The real tgtd exports the file."""
    env = {**os.environ, "LD_LIBRARY_PATH": str(LIBRARIES)}
    env["PATH"] = f"{TGT}/usr/sbin:{env['PATH']}"
    portal = ["--iscsi", f"portal=127.0.0.1:{PORT}", "--control-port", "7"]
    with (ETC / "tgtd.log").open("w") as log:
        daemon = subprocess.Popen(["tgtd", "-f", *portal], env=env, stdout=log, stderr=log)
    admin = ["perl", f"-I{TGT}/usr/share/perl5", f"{TGT}/usr/sbin/tgt-admin", "-C", "7"]
    try:
        for _ in range(100):
            done = subprocess.run([*admin, "--show"], env=env, capture_output=True)
            if not done.returncode:
                break
            time.sleep(0.05)
        subprocess.run([*admin, "--execute", "--conf", str(conf)], env=env, check=True)
        (ETC / "dump.conf").write_bytes(
            subprocess.run([*admin, "--dump"], env=env, check=True, capture_output=True).stdout
        )
        yield conf
    finally:
        daemon.kill()
        daemon.wait()


@pytest.mark.long
def test_initiators_see_the_same_disks_as_those_of_tgtd(shell: Shell, tgt: Path) -> None:
    there = seen(PORT)
    assert {target: list(luns) for target, luns in there.items()} == {A: [1, 2], B: [1, 5]}
    shell.ok(f"import {tgt}")
    for port in (PORT, 3260):
        assert logs_in(port, "secret12chars") and not logs_in(port, "secret12other")
    here = seen(3260)
    assert {target: list(luns) for target, luns in here.items()} == {A: [1, 2], B: [1, 5]}
    for target, luns in there.items():
        for lun, old in luns.items():
            new = here[target][lun]
            # The serial number and the NAA identifier cannot both stay: the remarks say so.
            assert new == Disk(**{**vars_of(old), "serial": new.serial})
            assert new.serial.decode() == new.naa.hex()[7:]
    shell.ok("clearconfig confirm=true")
    shell.ok(f"import {tgt} keep=serial")
    for target, luns in seen(3260).items():
        for lun, new in luns.items():
            old = there[target][lun]
            assert (new.serial, new.vendor, new.data) == (old.serial, old.vendor, old.data)
    # A dump has neither LUN numbers nor passwords.
    dumped = shell(f"import {ETC}/dump.conf --dry-run")
    assert dumped.exit == 3 and f"/iscsi/{B}/tpg1/luns/lun2" in dumped
    assert "lost: the password of host1 is not in the file" in dumped
    assert "changed: a dump has no LUN numbers" in dumped


def logs_in(port: int, password: str) -> bool:
    """Whether libiscsi's initiator logs in to the target that has a user."""
    url = f"iscsi://host1%{password}@127.0.0.1:{port}/{C}/1"
    return not subprocess.run(["iscsi-inq", url], capture_output=True).returncode


def vars_of(found: Disk) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def test_what_is_lost_needs_a_yes(shell: Shell, conf: Path) -> None:
    conf.write_text(conf.read_text() + f"<target {A}>\ninitiator-address 192.0.2.1\n</target>\n")
    before = tree()
    refused = shell(f"import {conf}")
    assert refused.exit == 1 and f"{conf}:9: lost: " in refused
    refusal = "Refused, nothing was changed: 1 thing cannot be expressed: see the lost ones above"
    assert refusal in refused.stderr and "lost:" not in refused.stderr
    assert f"{conf}:9: lost: " in shell(f"--json import {conf}")
    assert tree() == before
    assert shell(f"import {conf} --dry-run").exit == 3
    assert shell(f"--dry-run import {conf}").exit == 3
    assert tree() == before
    done = shell(f"import {conf}", yes=True)
    assert done.exit == 3 and " allow 192.0.2.1" in done
    assert shell(f"import {conf}", yes=True).rows[-1] == "Nothing to change"


def test_a_file_that_is_not_of_the_format_changes_nothing(shell: Shell, conf: Path) -> None:
    before = tree()
    conf.write_text(f"{conf.read_text()}\n<target x\n")
    shell.refuses(f"import {conf}", f"{conf}:9: expected an option, or a block as <target NAME>")
    shell.refuses(f"import {ETC}/nowhere", f"{ETC}/nowhere does not exist")
    shell.refuses(f"import {conf} format=fstab", "there is no format 'fstab'")
    conf.write_text(f"Target {A}\nLun 0 Path=/dev/ram0\n")
    shell.refuses(f"import {conf} format=tgt", f"{conf} has no configuration in the format tgt")
    assert tree() == before


def test_names_that_exist_are_not_taken(shell: Shell, conf: Path, disks: Path) -> None:
    shell.ok(f"/backstores/fileio create b {disks}/other.img 1M")
    shell.ok(f"import {conf}")
    assert "/backstores/fileio/b_2" in shell.ok(f"/iscsi/{B}/tpg1/luns/lun5 info")


def test_a_save_file_is_written_and_the_kernel_left_alone(shell: Shell, conf: Path) -> None:
    before = tree()
    out = ETC / "imported.json"
    found = checked(shell.ok(f"import {conf} save={out}", json=True))["data"]
    assert (found["format"], found["file"], found["written"]) == ("tgt", str(out), True)
    assert {one["severity"] for one in found["remarks"]} == {"changed", "note"}
    assert tree() == before and shell(f"diff {out}").exit == 1
    shell.ok(f"restoreconfig {out}")
    assert shell(f"import {conf}").rows[-1] == "Nothing to change"


def test_documents(shell: Shell, conf: Path) -> None:
    planned = checked(shell.ok(f"import {conf} --dry-run", json=True))["data"]
    assert planned["plan"] and planned["remarks"][0]["file"] == str(conf)
    done = checked(shell.ok(f"import {conf}", json=True))
    assert done["data"]["remarks"] == planned["remarks"] and done["changes"]


def test_a_direct_store_has_the_identity_of_its_device(
    shell: Shell, conf: Path, scsi_disk: tuple[str, str]
) -> None:
    conf.write_text(f"<target {A}>\n    direct-store {scsi_disk[0]}\n</target>\n")
    out = ETC / "imported.json"
    shell.ok(f"import {conf} save={out} keep=serial")
    (so,) = savefile.loads(out.read_text()).config.storage_objects.values()
    asked = subprocess.run(
        ["sg_inq", scsi_disk[0]], capture_output=True, text=True, check=True
    ).stdout
    found = dict(re.findall(r"^ (Vendor|Product) identification: (.*?) *$", asked, re.MULTILINE))
    shown = {**inquiry.defaults("block", so.name, named=False), **so.identity}
    assert shown["vendor_id"] == found["Vendor"] and shown["product_id"] == found["Product"]


def test_in_a_transaction_the_remarks_are_before_the_plan(shell: Shell, conf: Path) -> None:
    before = tree()
    user = Session(shell.env())
    user("begin")
    queued = user(f"import {conf}")
    assert "changed: the serial number changes" in "\n".join(queued[:3])
    assert queued[-1].startswith("Queued: ") and tree() == before
    user("commit")
    assert shell(f"import {conf}").rows[-1] == "Nothing to change"
