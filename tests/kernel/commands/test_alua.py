# SPDX-License-Identifier: Apache-2.0
"""Target port groups: made, set, put under LUNs, deleted."""

from __future__ import annotations

import pytest

from rtslib_ext.kernel import paths

from .harness import Shell, tree, value

IQN = "iqn.2003-01.org.example:a"
LUN = f"/iscsi/{IQN}/tpg1/luns/lun0"
GROUPS = "/backstores/ramdisk/r1/alua"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user at the groups of an exported storage object."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"/iscsi/{IQN}/tpg1/luns create /backstores/ramdisk/r1")
    shell.cwd = GROUPS
    return shell


def of_group(shell: Shell, group: str, name: str) -> str:
    return value(f"{paths.find_storage_object(shell.fs, 'ramdisk', 'r1')}/alua/{group}/{name}")


def test_create_and_delete(user: Shell) -> None:
    before = tree()
    assert user.ok("create g1 16") == "Created ALUA TPG g1.\n"
    assert of_group(user, "g1", "tg_pt_gp_id") == "16"
    assert user.ok("create name=g2 tag=65535") == "Created ALUA TPG g2.\n"
    assert user.ok("status") == f"Status for {GROUPS}: ALUA Groups: 3\n"
    rows = user.ok("ls").rows
    assert rows[0].endswith(" [ALUA Groups: 3]")
    assert rows[1].startswith("  o- default_tg_pt_gp ...")
    assert rows[1].endswith(" [ALUA state: Active/optimized]")
    assert user.ok("delete g1") == ""
    assert user.ok("delete name=g2") == ""
    assert tree() == before


def test_what_is_refused(user: Shell) -> None:
    user.ok("create g1 16")
    user.refuses("create g1 17", GROUPS, "This ALUATargetPortGroup already exists in configFS")
    user.refuses("create g2 16", GROUPS, "Cannot set id to 16: g1 has it")
    user.refuses("create g2 0", GROUPS, "tag must be between 1 and 65535, not 0")
    user.refuses("create g2 65536", GROUPS, "tag must be between 1 and 65535, not 65536")
    user.refuses("create g2 x", GROUPS, "'x' is not a NUMBER")
    user.refuses("create g2", GROUPS, "Missing required parameter tag")
    user.refuses("create g/2 2", GROUPS, "'g/2' is not a valid name")
    user.refuses("delete g2", GROUPS, "Invalid ALUA group name")
    user.refuses("delete default_tg_pt_gp", GROUPS, "Can not delete default_tg_pt_gp")


@pytest.mark.parametrize(
    "state, summary",
    [
        (0, "Active/optimized"),
        (1, "Active/non-optimized"),
        (2, "Standby"),
        (3, "Unavailable"),
        (14, "Offline"),
    ],
)
def test_states(user: Shell, state: int, summary: str) -> None:
    user.ok("create g1 16")
    answer = user.ok(f"g1/ set alua alua_access_type=1 alua_access_state={state}")
    assert answer.rows[1] == f"Parameter alua_access_state is now '{state}'."
    assert of_group(user, "g1", "alua_access_state") == str(state)
    assert user.ok("g1/ status") == f"Status for {GROUPS}/g1: ALUA state: {summary}\n"


def test_settings_of_a_group(user: Shell) -> None:
    user.ok("create g1 16")
    user.cwd = f"{GROUPS}/g1"
    wanted = {
        "alua_access_status": "1", "alua_access_type": "2", "alua_support_offline": "0",
        "alua_support_lba_dependent": "1",
        "alua_support_standby": "0", "alua_support_unavailable": "0", "preferred": "1",
        "alua_write_metadata": "1", "implicit_trans_secs": "5", "nonop_delay_msecs": "20",
        "trans_delay_msecs": "7", "alua_support_transitioning": "0",
        "alua_support_active_nonoptimized": "0", "alua_support_active_optimized": "1",
    }  # fmt: skip
    words = " ".join(f"{name}={text}" for name, text in wanted.items())
    assert user.ok(f"set alua {words}").rows == [
        f"Parameter {name} is now '{text}'." for name, text in wanted.items()
    ]
    assert of_group(user, "g1", "alua_access_type") == "Explicit"
    assert of_group(user, "g1", "trans_delay_msecs") == "7"
    assert user.ok("get alua preferred alua_access_type").rows == [
        "preferred=1 ",
        "alua_access_type=2 ",
    ]
    assert user.ok("get alua members tg_pt_gp_id").rows == ["members= [ro]", "tg_pt_gp_id=16 [ro]"]


def test_what_cannot_be_set(user: Shell) -> None:
    user.ok("create g1 16")
    user.cwd = f"{GROUPS}/g1"
    for name in ("members", "tg_pt_gp_id"):
        user.refuses(f"set alua {name}=1", f"{GROUPS}/g1: Parameter {name} is read-only.")
    user.refuses("set alua preferred=2", "Not setting preferred! preferred takes 0 or 1, not '2'")
    user.refuses("set alua nosuch=1", "Unknown parameter nosuch in group 'alua'.")
    user.ok("set alua alua_access_type=2")
    user.refuses("set alua preferred=1 alua_access_state=2", "[Errno 22]", "alua_access_state")


def test_group_of_a_lun(user: Shell) -> None:
    user.ok("create g1 16")
    file = f"iscsi/{IQN}/tpgt_1/lun/lun_0"
    answer = user.ok(f"{LUN} set alua alua_tg_pt_gp_name=g1")
    assert answer == "Parameter alua_tg_pt_gp_name is now 'g1'.\n"
    assert "TG Port Alias: g1" in value(f"{file}/alua_tg_pt_gp")
    assert user.ok(f"{LUN} status").endswith(": ramdisk/r1 (g1)\n")
    assert user.ok(f"{LUN} get alua alua_tg_pt_gp_name") == "alua_tg_pt_gp_name=g1 \n"
    assert user.ok("g1/ get alua members") == f"members=iSCSI/{IQN}/tpgt_1/lun_0 [ro]\n"
    user.refuses(
        f"{LUN} set alua alua_tg_pt_gp_name=nosuch",
        f"{LUN}: there is no target port group nosuch",
        "its storage object has: ",
    )
    assert user.ok("delete g1") == ""
    assert user.ok(f"{LUN} status").endswith(": ramdisk/r1 (default_tg_pt_gp)\n")


def test_state_of_a_lun(user: Shell) -> None:
    answer = user.ok(
        f"{LUN} set alua alua_tg_pt_offline=1 alua_tg_pt_status=2 alua_tg_pt_write_md=1"
    )
    assert answer.rows == [
        "Parameter alua_tg_pt_offline is now '1'.",
        "Parameter alua_tg_pt_status is now '2'.",
        "Parameter alua_tg_pt_write_md is now '1'.",
    ]
    text = value(f"iscsi/{IQN}/tpgt_1/lun/lun_0/alua_tg_pt_gp")
    assert "TG Port Secondary Access State: Offline" in text
    assert "TG Port Secondary Access Status: Altered by Implicit ALUA" in text
    user.refuses(f"{LUN} set alua alua_tg_pt_offline=2", f"{LUN}: Not setting alua_tg_pt_offline!")


def test_pass_through_has_no_groups(shell: Shell, scsi_disk: tuple[str, str]) -> None:
    shell.ok(f"/backstores/pscsi create p1 {scsi_disk[0]}")
    assert shell.ok("/backstores/pscsi/p1/alua status").endswith(": ALUA Groups: 0\n")
    shell.refuses("/backstores/pscsi/p1/alua create g1 1", "Backend does not support ALUA setup")


def test_draining_one_of_an_lu_group_leaves_the_others(user: Shell) -> None:
    """The state of a target port group is that of all objects in the LU group."""
    for line in (
        "/backstores/ramdisk create r2 1M",
        f"/iscsi/{IQN}/tpg1/luns create /backstores/ramdisk/r2",
        "/backstores/lu_gps create lg1 5",
        "/backstores/ramdisk/r1 set device alua_lu_gp=lg1",
        "/backstores/ramdisk/r2 set device alua_lu_gp=lg1",
    ):
        user.ok(line)
    other = paths.find_storage_object(user.fs, "ramdisk", "r2")
    user.ok("/backstores/ramdisk drain r1", yes=True)
    assert value(f"{other}/alua/default_tg_pt_gp/alua_access_state") == "0"
