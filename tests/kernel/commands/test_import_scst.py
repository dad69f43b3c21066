# SPDX-License-Identifier: Apache-2.0
"""Files of SCST and ctld in the kernel: initiators see the same disks, and exports come back."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .harness import Shell, tree, value
from .initiator import logged_in
from .test_import import LIBRARIES, PORT, TGT, disk

A, B = "iqn.2003-01.org.example:a", "iqn.2003-01.org.example:b"
HOST, OTHER = "iqn.1994-05.com.example:host1", "iqn.1994-05.com.example:host2"
NAA = "60014051234567890123456789012345"

SCST = f"""
HANDLER vdisk_fileio {{
	DEVICE mail {{
		filename DISKS/mail.img
		blocksize 4096
		rotational 0
		naa_id 0x{NAA}
		t10_vend_id ACME
		prod_id "Big Disk"
		prod_rev_lvl 0123
	}}
}}
HANDLER vdisk_blockio {{
	DEVICE db {{
		filename RAM0
		usn S-1
	}}
}}
HANDLER vdisk_nullio {{
	DEVICE null {{
		size 1048576
	}}
}}
TARGET_DRIVER iscsi {{
	enabled 1
	TARGET {A} {{
		enabled 1
		rel_tgt_id 77
		GROUP hosts {{
			LUN 3 mail {{
				read_only 1
			}}
			LUN 9 db
			INITIATOR {HOST}
		}}
		GROUP others {{
			LUN 3 null
			INITIATOR {OTHER}
		}}
	}}
	TARGET {B} {{
		enabled 1
		alias "Store #1"
		IncomingUser "joe joesecret1234"
		OutgoingUser "us oursecret1234"
		HeaderDigest CRC32C,None
		QueuedCommands 32
		NopInInterval 20
		LUN 0 db
		GROUP hosts {{
			LUN 5 db
			INITIATOR {HOST}
		}}
	}}
}}
DEVICE_GROUP g {{
	DEVICE db
	TARGET_GROUP far {{
		group_id 7
		state nonoptimized
		TARGET {B}
	}}
}}
""".replace("#1", "\\#1")


@pytest.fixture
def scst(disks: Path, ram: list[str]) -> Path:
    with (disks / "mail.img").open("wb") as file:
        file.truncate(4 << 20)
    path = disks / "scst.conf"
    path.write_text(SCST.replace("DISKS", str(disks)).replace("RAM0", ram[0]))
    return path


def test_scst_conf(shell: Shell, scst: Path) -> None:
    shell.ok(f"import {scst}")
    with logged_in(HOST, A) as session:
        assert session.luns() == [3, 9]
        mail, db = disk(session, 3), disk(session, 9)
    assert (mail.vendor, mail.product, mail.revision) == (b"ACME    ", b"Big Disk        ", b"0123")
    assert (mail.naa.hex(), mail.block_size, mail.protected) == (NAA, 4096, True)
    assert (db.serial, db.vendor, db.protected) == (b"S-1", b"SCST_BIO", False)
    with logged_in(OTHER, A) as session:
        assert session.luns() == [3]
        assert disk(session, 3).product == b"null            "
    tpg = f"iscsi/{B}/tpgt_1"
    assert value(f"{tpg}/param/TargetAlias") == "Store #1"
    assert value(f"{tpg}/acls/{HOST}/auth/userid_mutual") == "us"
    assert value(f"{tpg}/acls/{HOST}/attrib/nopin_timeout") == "20"
    assert value(f"{tpg}/lun/lun_0/alua_tg_pt_gp").startswith("TG Port Alias: far\n")
    # A kernel before 6.4 has no number of the port, and a note about it.
    assert "Nothing to change" in shell.ok(f"import {scst}").rows


def test_an_export_to_scst_comes_back(shell: Shell, scst: Path, disks: Path) -> None:
    shell.ok(f"import {scst}")
    # LUNs of a target for all, as those of a group have numbers of SCST's own.
    shell.ok(f"/iscsi delete {A}")
    before, file = tree(), disks / "exported.conf"
    shell.ok(f"export {file} format=scst")
    assert file.stat().st_mode & 0o777 == 0o600
    shell.ok("clearconfig confirm=true")
    shell.ok(f"import {file}")
    assert tree() == before


def test_an_export_to_tgt_comes_back(shell: Shell, scst: Path, disks: Path) -> None:
    tgt = disks / "targets.conf"
    tgt.write_text(
        f"""<target {A}>
    <backing-store {disks}/mail.img>
        lun 4
        scsi_id {NAA}
        scsi_sn {NAA[7:]}
        vendor_id ACME
    </backing-store>
    initiator-name {HOST}
    incominguser joe joesecret1234
</target>
"""
    )
    shell.ok(f"import {tgt}")
    before, file = tree(), disks / "exported.conf"
    shell.ok(f"export {file} format=tgt")
    shell.ok("clearconfig confirm=true")
    shell.ok(f"import {file}")
    assert tree() == before


CTL = f"""
portal-group "pg1" {{
	tag "0x0001"
	discovery-auth-group "no-authentication"
	listen "127.0.0.1:3260"
}}
lun "vol1" {{
	ctl-lun "0"
	path "RAM0"
	blocksize "512"
	serial "0a1b2c000"
	device-id "iSCSI Disk      0a1b2c000                      "
	option "vendor" "TrueNAS"
	option "product" "iSCSI Disk"
	option "revision" "0123"
	option "naa" "0x6589cfc000000a1b2c3d4e5f60718293"
	option "rpm" "1"
}}
auth-group "ag4tg1_1" {{
	initiator-name "{HOST}"
}}
target "{A}" {{
	alias "store"
	portal-group "pg1" "ag4tg1_1"
	lun "6" "vol1"
}}
"""
UCL = f"""
portal-group {{ pg1 {{ listen = "127.0.0.1:3260", discovery-auth-group = no-authentication }} }}
lun {{ vol1 {{ path = "RAM0", serial = "0a1b2c000", blocksize = 512, options {{
  vendor = TrueNAS, product = "iSCSI Disk", revision = "0123", rpm = 1
  naa = "0x6589cfc000000a1b2c3d4e5f60718293" }} }} }}
auth-group {{ ag {{ initiator-name = "{HOST}" }} }}
target {{ "{A}" {{ alias = store, portal-group {{ name = pg1, auth-group-name = ag }}
  lun = [ {{ number = 6, name = vol1 }} ] }} }}
"""


def test_ctl_conf_in_both_forms(shell: Shell, disks: Path, ram: list[str]) -> None:
    file = disks / "ctl.conf"
    file.write_text(CTL.replace("RAM0", ram[0]))
    shell.ok(f"import {file}")
    with logged_in(HOST, A) as session:
        assert session.luns() == [6]
        found = disk(session, 6)
    assert (found.vendor, found.product, found.revision) == (
        b"TrueNAS ",
        b"iSCSI Disk      ",
        b"0123",
    )
    assert found.naa.hex() == "6589cfc000000a1b2c3d4e5f60718293"
    file.write_text(UCL.replace("RAM0", ram[0]))
    assert shell.ok(f"import {file}").rows[-1] == "Nothing to change"


@pytest.mark.long
def test_the_real_tgtd_exports_the_same_disks(shell: Shell, disks: Path, ram: list[str]) -> None:
    (disks / "mail.img").write_bytes(b"mail".ljust(4 << 20, b"."))
    shell.ok(f"/backstores/fileio create mail {disks}/mail.img")
    shell.ok(f"/backstores/block create db {ram[0]}")
    shell.ok("/backstores/fileio/mail set identity vendor_id=ACME product_id='Big Disk'")
    shell.ok(f"/iscsi create {A}")
    for number, name in ((3, "fileio/mail"), (9, "block/db")):
        shell.ok(f"/iscsi/{A}/tpg1/luns create /backstores/{name} {number}")
    shell.ok(f"/iscsi/{A}/tpg1/acls create {HOST}")
    with logged_in(HOST, A) as session:
        here = {lun: disk(session, lun) for lun in session.luns()}
    file = disks / "targets.conf"
    # A note says that tgt has no names of disks.
    assert shell(f"export {file} format=tgt").exit == 0
    shell.ok("clearconfig confirm=true")
    with tgtd(file), logged_in(HOST, A, PORT) as session:
        there = {lun: disk(session, lun) for lun in session.luns() if lun}
    assert there == here


@contextmanager
def tgtd(conf: Path) -> Iterator[None]:
    """The real tgtd exports a file, as long as the block lasts."""
    env = {**os.environ, "LD_LIBRARY_PATH": str(LIBRARIES)}
    env["PATH"] = f"{TGT}/usr/sbin:{env['PATH']}"
    control = ["--control-port", "7"]
    with subprocess.Popen(
        ["tgtd", "-f", "--iscsi", f"portal=127.0.0.1:{PORT}", *control], env=env
    ) as daemon:
        admin = ["perl", f"-I{TGT}/usr/share/perl5", f"{TGT}/usr/sbin/tgt-admin", "-C", "7"]
        try:
            while subprocess.run([*admin, "--show"], env=env, capture_output=True).returncode:
                time.sleep(0.05)
            subprocess.run([*admin, "--execute", "--conf", str(conf)], env=env, check=True)
            yield
        finally:
            daemon.kill()
