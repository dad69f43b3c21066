# SPDX-License-Identifier: Apache-2.0
"""Small decisions of plans that a random change of the program must not pass unnoticed."""

from __future__ import annotations

import pytest

from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import Config, FabricSettings, Lun, StorageObject, Target, Tpg
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.plan import rtpi
from rtslib_ext.steps import luns
from targetcli.changes import part

IQN = "iqn.2003-01.org.example:store"
DISK = StorageObject("disk", RamDisk(1 << 20), wwn="0001")
TPG = Tpg(1, luns={0: Lun(0, DISK.key)})


@pytest.mark.parametrize(("number", "kept"), [(7, 7), (0, 0)])
def test_a_kept_registration_without_a_port_number_names_none(number: int, kept: int) -> None:
    lines = [
        "sa_res_key=1,target_node=other,tpgt=1,target_lun=0,port_rtpi=9",
        f"sa_res_key=1,target_node={IQN},tpgt=2,target_lun=0,port_rtpi=9",
        f"sa_res_key=1,target_node={IQN},tpgt=1,target_lun=0,port_rtpi={number}",
    ]
    target = Target("iscsi", IQN, {1: TPG})
    found = rtpi.kept_number(target, TPG, {DISK.key: DISK}, lambda serial: lines)
    assert found == kept


def test_a_state_that_changes_writes_the_status_again() -> None:
    """The kernel sets alua_tg_pt_status whenever alua_tg_pt_offline is written."""
    path = TpgPath.of(FABRICS["iscsi"], IQN, 1)
    have = Lun(0, DISK.key, alua={"alua_tg_pt_offline": "1", "alua_tg_pt_status": "1"})
    want = Lun(0, DISK.key, alua={"alua_tg_pt_offline": "0", "alua_tg_pt_status": "1"})
    texts = [step.text for step in luns.set_lun(path, have, want)]
    assert texts == ["set alua_tg_pt_offline=0", "set alua_tg_pt_status=1"]
    assert list(luns.set_lun(path, have, have)) == []


def test_a_part_that_is_replaced_leaves_the_rest() -> None:
    other = StorageObject("other", RamDisk(1 << 20), wwn="0002")
    have = Config(
        {other.key: other},
        {("iscsi", IQN): Target("iscsi", IQN, {1: TPG})},
        {"iscsi": FabricSettings("iscsi", discovery_enable=True)},
        {"group": "5"},
    )
    found = part.put(have, Config({DISK.key: DISK}, lu_groups={"more": "6"}))
    assert found.storage_objects == {other.key: other, DISK.key: DISK}
    assert (found.targets, found.fabrics) == (have.targets, have.fabrics)
    assert found.lu_groups == {"group": "5", "more": "6"}
