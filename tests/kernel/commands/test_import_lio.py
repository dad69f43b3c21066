# SPDX-License-Identifier: Apache-2.0
"""Files of older tools of LIO, and of systems that have it, imported into the kernel."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit import test_import_ceph, test_import_lio, test_import_lio_utils, test_import_truenas

from .harness import Shell, value

HOST = "iqn.1994-05.com.example:host1"


def serial(prefix: str, name: str) -> str:
    (found,) = Path("/sys/kernel/config/target/core").glob(f"{prefix}_*/{name}")
    return value(f"core/{found.parent.name}/{name}/wwn/vpd_unit_serial").rpartition(": ")[2]


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def test_scsi_target_lio(shell: Shell, disks: Path, ram: list[str]) -> None:
    sparse(disks / "mail.img", 3 << 29)
    file = disks / "scsi_target.lio"
    text = test_import_lio.SAVED.replace("/dev/vg0/db", ram[0]).replace("/srv", str(disks))
    file.write_text(text.replace("192.0.2.10", "127.0.0.1").replace("2001:db8::10", "::1"))
    answer = shell.ok(f"import {file}")
    assert any(f"{file}:11: note: fabric_max_sectors" in row for row in answer.rows)
    tpg = f"iscsi/{test_import_lio.IQN}/tpgt_1"
    assert serial("fileio", "mail") == "0b8f35a1-62c4-4f7e-8d02-7c1e55f0a9d3"
    assert value(f"{tpg}/enable") == "1"
    assert value(f"{tpg}/acls/{HOST}/lun_4/write_protect") == "1"
    assert value(f"{tpg}/acls/{HOST}/auth/userid") == "user1"
    assert shell.ok(f"import {file}").rows[-1] == "Nothing to change"


def test_scripts_of_lio_utils(shell: Shell, disks: Path, ram: list[str]) -> None:
    tests = test_import_lio_utils
    sparse(disks / "logs.img", 1 << 30)
    first = tests.TCM_START.replace("/dev/rbd/rbd/guest", ram[0]).replace("/srv", str(disks))
    without_tape = first[: first.index("tcm_node --establishdev pscsi_2")]
    (disks / "tcm_start.sh").write_text(without_tape)
    second = tests.LIO_START.replace("192.0.2.1", "127.0.0.1").replace("2001:db8::1", "::1")
    (disks / "lio_start.sh").write_text(second)
    shell.ok(f"import {disks / 'lio_start.sh'}")
    tpg = f"iscsi/{tests.IQN}/tpgt_1"
    assert serial("iblock", "guest") == "5d3f21e0-8a1c-4c63-9c8b-2f00a6f1d7b4"
    assert value(f"{tpg}/lun/lun_0/alua_tg_pt_gp").startswith("TG Port Alias: far\n")
    assert value(f"{tpg}/acls/{tests.HOST}/cmdsn_depth") == "32"


def test_gateways_of_ceph(shell: Shell, disks: Path) -> None:
    file, saved = disks / "gateway.conf", disks / "saved.json"
    file.write_text(json.dumps(test_import_ceph.newest()))
    shell.ok(f"import {file} save={saved}")
    assert json.loads(saved.read_text())["storage_objects"][0]["dev"] == "/dev/rbd/rbd/a"


def test_answers_of_truenas(shell: Shell, disks: Path, ram: list[str]) -> None:
    sparse(disks / "file.img", 1 << 20)
    parts = test_import_truenas.answers()
    parts["extent"] = [
        {**parts["extent"][0], "disk": ram[0]},
        {**parts["extent"][1], "disk": ram[1]},
        {**parts["extent"][2], "path": str(disks / "file.img"), "filesize": "1048576"},
    ]
    for portal, address in zip(parts["portal"], ("127.0.0.1", "::1"), strict=True):
        portal["listen"] = [{"ip": address, "port": 3261}]
    (disks / "truenas.json").write_text(json.dumps(parts))
    shell.ok(f"import {disks / 'truenas.json'}")
    iqn = f"{test_import_truenas.BASE}:vms"
    (found,) = Path("/sys/kernel/config/target/core").glob("iblock_*/vm/wwn")
    assert (found / "company_id").read_text().strip() == "0x589cfc"
    assert serial("iblock", "vm") == f"{test_import_truenas.NAA[7:-1]}1"
    for tag in (1, 2):
        assert value(f"iscsi/{iqn}/tpgt_{tag}/enable") == "1"
    assert value(f"iscsi/{iqn}/tpgt_1/acls/{HOST}/auth/userid") == "joe"
