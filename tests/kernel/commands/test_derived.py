# SPDX-License-Identifier: Apache-2.0
"""Identities that are derived from names: what new objects get on the kernel, and what meets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext.config import inquiry
from rtslib_ext.config.derived import Derived

from .. import expected
from .harness import ETC, TARGET, Shell

pytestmark = pytest.mark.differs_by_kernel
HAS_RTPI = bool(expected.value("a TPG has the file rtpi"))
IQN = "iqn.2003-01.org.example:disks"
TPG = f"/iscsi/{IQN}/tpg1"
POOL = Derived("pool1", 1)


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user on the first node of a pair."""
    shell.ok("set global identity_namespace=pool1")
    shell.ok("set global identity_node=1")
    return shell


def serial(name: str) -> str:
    (found,) = TARGET.glob(f"core/rd_mcp_*/{name}/wwn/vpd_unit_serial")
    return found.read_text().rpartition(": ")[2].strip()


def test_new_objects_have_what_the_page_says(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r1 1M")
    assert serial("r1") == POOL.serial(("ramdisk", "r1"))
    user.ok("/backstores/ramdisk create r2 1M wwn=mine")
    assert serial("r2") == "mine"
    user.ok(f"/iscsi create {IQN}")
    user.ok(f"{TPG}/acls create {IQN}:h")
    index = POOL.lun(("ramdisk", "r1"))
    user.ok(f"{TPG}/luns create /backstores/ramdisk/r1")
    assert f"lun{index} " in user.ok(f"{TPG}/luns ls")
    assert f"mapped_lun{index} " in user.ok(f"{TPG}/acls ls")
    answer = user("identity", json=True)
    rows = {(row["path"], row["what"]): row for row in checked(answer)["data"]["identities"]}
    assert rows["/backstores/ramdisk/r1", "serial"]["same"]
    assert not rows["/backstores/ramdisk/r2", "serial"]["same"]
    assert rows[f"{TPG}/luns/lun{index}", "lun"]["same"]
    if HAS_RTPI:
        port = rows[TPG, "rtpi"]
        assert port["running"] == port["derived"] == POOL.rtpi("iscsi", IQN, 1) == 39041
    assert answer.exit == 1
    user.ok(f"{TPG} identity")


def test_a_group_gets_the_derived_number(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r1 1M")
    user.ok(f"/iscsi create {IQN}")
    user.ok(f"group create web {IQN}:h")
    user.ok("group map web r1")
    index = POOL.lun(("ramdisk", "r1"))
    assert f"mapped_lun{index} " in user.ok(f"{TPG}/acls ls")


def test_what_meets_is_refused(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r1 1M")
    user.ok(f"/backstores/ramdisk create r2 1M wwn={POOL.serial(('ramdisk', 'r3'))}")
    text = "/backstores/ramdisk/r2 has the serial number that is derived for ramdisk/r3"
    user.refuses("/backstores/ramdisk create r3 1M", text, "wwn=SERIAL")
    user.ok(f"/iscsi create {IQN}")
    index = POOL.lun(("ramdisk", "r1"))
    user.ok(f"{TPG}/luns create /backstores/ramdisk/r2 {index}")
    text = f"LUN {index}, which is derived for ramdisk/r1, is another storage object"
    user.refuses(f"{TPG}/luns create /backstores/ramdisk/r1", text, "on each node the same")
    if HAS_RTPI:
        other = f"{IQN}2"
        number = POOL.rtpi("iscsi", other, 1)
        user.ok(f"{TPG} disable")
        user.ok(f"{TPG} set port rtpi={number}")
        user.refuses(f"/iscsi create {other}", f"{TPG} has rtpi {number}", "set port rtpi=1)")


def test_apply_completes_a_file(user: Shell, tmp_path: Path) -> None:
    user.ok("/backstores/ramdisk create r1 1M wwn=mine")
    user.ok(f"/iscsi create {IQN}")
    user.ok(f"saveconfig {ETC}/all.json")
    saved = json.loads((ETC / "all.json").read_text())
    for item in saved["storage_objects"]:
        del item["wwn"]
    saved.get("rtslib_ext", {}).get("tpgs", {}).pop(TPG, None)
    (ETC / "all.json").write_text(json.dumps(saved))
    # Existing objects stay as they are.
    assert user.ok(f"diff {ETC}/all.json") == "No differences\n"
    user.ok("clearconfig confirm=true")
    user.ok(f"apply {ETC}/all.json")
    assert serial("r1") == POOL.serial(("ramdisk", "r1"))
    (ETC / "all.json").unlink()
    if HAS_RTPI:
        assert user.ok(f"{TPG} get port rtpi") == "rtpi=0x9881 \n"


def test_apply_refuses_what_meets(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r1 1M")
    user.ok("/backstores/ramdisk create r2 1M")
    user.ok(f"/iscsi create {IQN}")
    user.ok(f"saveconfig {ETC}/all.json")
    text = (ETC / "all.json").read_text()
    saved = json.loads(text)
    user.ok("clearconfig confirm=true")
    first, second = saved["storage_objects"]
    first["wwn"] = second.pop("wwn")
    (ETC / "all.json").write_text(json.dumps(saved))
    said = f"/backstores/ramdisk/{first['name']} has the serial number that is derived for it"
    user.refuses(f"apply {ETC}/all.json", said, 'the key "wwn"')
    saved = json.loads(text)
    saved.get("rtslib_ext", {}).get("tpgs", {}).pop(TPG, None)
    other = {**saved["targets"][0], "wwn": f"{IQN}2"}
    number = POOL.rtpi("iscsi", IQN, 1)
    other["tpgs"] = [{**other["tpgs"][0], "portals": []}]
    saved["targets"].append(other)
    tpgs = saved.setdefault("rtslib_ext", {}).setdefault("tpgs", {})
    tpgs[f"/iscsi/{IQN}2/tpg1"] = {"files": {"rtpi": f"{number:#x}"}}
    (ETC / "all.json").write_text(json.dumps(saved))
    said = f"/iscsi/{IQN}2/tpg1 has rtpi {number}, which is derived for it"
    user.refuses(f"apply {ETC}/all.json", said, "rtpi in the file")
    (ETC / "all.json").unlink()


def test_values_of_the_preferences(shell: Shell) -> None:
    assert shell("set global identity_node=9").exit == 1
    assert shell("identity").stderr.startswith("no namespace is set")
    assert inquiry.naa(POOL.serial(("fileio", "disk1"))).startswith("naa.6001405")
