# SPDX-License-Identifier: Apache-2.0
"""The kernel's controls that older tools never showed: shown, checked, set, saved, restored."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext import schema
from rtslib_ext.kernel import paths
from tests.kernel import expected

from .harness import ETC, TARGET, Shell, tree, value

pytestmark = pytest.mark.differs_by_kernel

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
FILE = f"iscsi/{IQN}/tpgt_1"
I1, I2 = "iqn.2003-01.org.example:i1", "iqn.2003-01.org.example:i2"
LOOP = "/loopback/naa.5001405000000001"
LOOP_FILE = "loopback/naa.5001405000000001/tpgt_1"
R1 = "/backstores/ramdisk/r1"
SERIAL = "7b1ad3c2-0001"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with a storage object, an iSCSI TPG with two ACLs, and a loopback target."""
    shell.ok(f"/backstores/ramdisk create r1 1M wwn={SERIAL}")
    shell.ok(f"/iscsi create {IQN}")
    for wwn in (I1, I2):
        shell.ok(f"{TPG}/acls create {wwn}")
    shell.ok("/loopback create naa.5001405000000001")
    return shell


def home(shell: Shell, name: str = "r1", plugin: str = "ramdisk") -> str:
    found = paths.find_storage_object(shell.fs, plugin, name)
    assert found
    return found


def survives(shell: Shell) -> dict[str, str]:
    """Save, clear, restore, save: the same bytes and the same tree, which is returned."""
    before = tree()
    shell.ok("saveconfig ETC/1.json".replace("ETC", str(ETC)))
    shell.ok("clearconfig confirm=true")
    shell.ok(f"restoreconfig {ETC}/1.json clear_existing=true")
    shell.ok(f"saveconfig {ETC}/2.json")
    assert (ETC / "2.json").read_text() == (ETC / "1.json").read_text()
    after = tree()
    assert after == before
    return after


# -- storage objects ------------------------------------------------------------------------


def test_identity(user: Shell) -> None:
    answer = user.words(
        R1, "set", "identity", "vendor_id=ACME", "product_id=Rocket skates", "revision=7b",
        "company_id=0x00a098", "vpd_unit_serial=abc-1",
    )  # fmt: skip
    assert answer.rows == [
        "Parameter vendor_id is now 'ACME'.",
        "Parameter product_id is now 'Rocket skates'.",
        "Parameter revision is now '7b'.",
        "Parameter company_id is now '0x00a098'.",
        "Parameter vpd_unit_serial is now 'abc-1'.",
    ]
    found = {name: value(f"{home(user)}/wwn/{name}") for name in ("vendor_id", "company_id")}
    assert found == {"vendor_id": "ACME", "company_id": "0x00a098"}
    assert user.ok(f"{R1} get identity vpd_unit_serial revision").rows == [
        "vpd_unit_serial=abc-1 ",
        "revision=7b ",
    ]
    survives(user)
    assert user.ok(f"{R1} get identity product_id") == "product_id=Rocket skates \n"


HAS_TEXT = bool(expected.value("wwn has the file pd_text_id_info"))
NO_TEXT = "this kernel has no pd_text_id_info (needs Linux 7.0)"


def test_identifying_text(user: Shell) -> None:
    """What REPORT IDENTIFYING INFORMATION says of a disk."""
    user.ok("/backstores/ramdisk create r2 1M")
    line = f"{R1} set identity pd_text_id_info="
    assert "REPORT IDENTIFYING INFORMATION" in user.ok("help search pd_text")
    if not HAS_TEXT:
        user.refuses(f"{line}x", "Unknown parameter pd_text_id_info", NO_TEXT)
        return
    assert user.ok(f"{line}'rack 7, slot Ä'").rows == [
        "Parameter pd_text_id_info is now 'rack 7, slot Ä'."
    ]
    survives(user)
    assert "pd_text_id_info" in (ETC / "1.json").read_text()
    text = "pd_text_id_info takes text of at most 255 bytes without a line break"
    user.refuses(f"{line}{'x' * 256}", text)
    user.ok(f"{line}{'x' * 255}")
    user.ok("undo")
    user.ok(f"saveconfig {ETC}/2.json")
    assert (ETC / "1.json").read_text() == (ETC / "2.json").read_text()
    user.ok(f"{TPG}/luns create {R1}")
    user.refuses(f"{line}y", "pd_text_id_info cannot be changed while a LUN exports the object")
    user.ok(f"{TPG}/luns delete 0")
    user.ok(line)
    assert value(f"{home(user)}/wwn/pd_text_id_info") == ""
    would = f"~ {R1}: would set identity pd_text_id_info: not set ->"
    assert f"{would} rack 7, slot Ä" in user(f"diff {ETC}/1.json").rows
    user.ok(f"apply {ETC}/1.json", yes=True)
    assert value(f"{home(user)}/wwn/pd_text_id_info") == "rack 7, slot Ä"


def test_identifying_text_with_a_line_break(user: Shell) -> None:
    """The kernel takes one, from another program; it is kept, and shown in one line."""
    user.ok(f"saveconfig {ETC}/3.json")
    file = TARGET / home(user) / "wwn/pd_text_id_info"
    assert file.exists() == HAS_TEXT
    if HAS_TEXT:
        file.write_text("rack\n\tslot 7")
    text = "rack; slot 7" if HAS_TEXT else "not set"
    survives(user)
    shown = user(f"{R1} get identity pd_text_id_info")
    assert (shown == f"pd_text_id_info={text} \n") == HAS_TEXT
    change = f"~ {R1}: would set identity pd_text_id_info: {text} -> not set"
    assert user(f"diff {ETC}/3.json").rows.count(change) == HAS_TEXT


def test_identifying_text_of_a_file(user: Shell) -> None:
    """Of a newer kernel: on an older one it is no difference, and one line names it."""
    user.ok("/backstores/ramdisk create r2 1M")
    user.ok(f"saveconfig {ETC}/1.json")
    config = json.loads((ETC / "1.json").read_text())
    texts = {f"/backstores/ramdisk/r{n}": {"identity": {"pd_text_id_info": "x"}} for n in (1, 2)}
    config.setdefault("rtslib_ext", {})["storage_objects"] = texts
    (ETC / "2.json").write_text(json.dumps(config))
    note = f"Note: {R1} and 1 more: {NO_TEXT}; it was skipped"
    planned = user(f"diff {ETC}/2.json")
    applied = user.ok(f"apply {ETC}/2.json", yes=True)
    again = user.ok(f"diff {ETC}/2.json")
    restored = user.ok(f"restoreconfig {ETC}/2.json clear_existing=true")
    if HAS_TEXT:
        would = f"~ {R1}: would set identity pd_text_id_info: not set ->"
        assert planned.rows[0] == f"{would} x"
        assert again.rows == ["No differences"]
        assert restored.asides == []
        assert value(f"{home(user, 'r2')}/wwn/pd_text_id_info") == "x"
        config["rtslib_ext"]["storage_objects"] = {R1: {"identity": {"pd_text_id_info": "x" * 256}}}
        (ETC / "2.json").write_text(json.dumps(config))
        for line in (f"apply {ETC}/2.json", f"restoreconfig {ETC}/2.json clear_existing=true"):
            answer = user(line, yes=True)
            assert answer.exit == 1
            assert "pd_text_id_info takes text of at most 255 bytes" in answer.stderr
    else:
        assert planned.rows == again.rows == ["No differences", note]
        assert applied.rows == ["Nothing to change", note]
        assert restored.asides == [note]


@pytest.mark.parametrize("alias, product", [(0, "r1"), (1, "RAMDISK-MCP")])
def test_product_that_is_usual_with_the_other_alias(user: Shell, alias: int, product: str) -> None:
    user.ok(f"{R1} set attribute emulate_model_alias={alias}")
    user.ok(f"{R1} set identity product_id={product}")
    survives(user)
    assert user.ok(f"{R1} get identity product_id") == f"product_id={product} \n"


@pytest.mark.parametrize(
    "text, says",
    [
        ("vendor_id=123456789", "vendor_id takes 1 to 8 printable ASCII characters"),
        ("vendor_id=ACMÉ", "vendor_id takes 1 to 8 printable ASCII characters"),
        ("vendor_id=''", "vendor_id takes 1 to 8 printable ASCII characters"),
        ("vendor_id=' A'", "vendor_id takes 1 to 8 printable ASCII characters"),
        ("product_id=12345678901234567", "product_id takes 1 to 16 printable ASCII characters"),
        ("revision=12345", "revision takes 1 to 4 printable ASCII characters"),
        ("company_id=16777216", "company_id takes a number from 0 to 16777215"),
        ("company_id=-1", "company_id takes a number from 0 to 16777215"),
        ("vpd_unit_serial=''", "the unit serial number must not be empty"),
        (f"vpd_unit_serial={'x' * 254}", "vpd_unit_serial takes text of at most 253 bytes"),
        ("vpd_protocol_identifier=x", "Parameter vpd_protocol_identifier is read-only."),
    ],
)
def test_identity_is_checked(user: Shell, text: str, says: str) -> None:
    user.refuses(f"{R1} set identity revision=8 {text}", R1, says)


def test_identity_stays_while_exported(user: Shell) -> None:
    user.ok(f"{TPG}/luns create {R1}")
    for text in ("vendor_id=X", "product_id=X", "revision=X", "company_id=1", "vpd_unit_serial=X"):
        user.refuses(
            f"{R1} set identity {text}",
            f"{R1}: {text.partition('=')[0]} cannot be changed while a LUN exports the object",
            f"delete {TPG}/luns/lun0 first",
        )
    user.ok(f"{TPG}/luns delete 0")
    user.ok(f"{R1} set identity vendor_id=X")


def test_a_device_that_is_passed_through_tells_its_own(
    shell: Shell, scsi_disk: tuple[str, str]
) -> None:
    shell.ok(f"/backstores/pscsi create p1 {scsi_disk[0]}")
    p1 = "/backstores/pscsi/p1"
    assert shell.ok(f"{p1} get identity product_id vendor_id").rows == [
        "product_id=scsi_debug [ro]",
        "vendor_id=Linux [ro]",
    ]
    said = shell.ok(f"{p1} get identity vpd_assoc_logical_unit")
    assert said.startswith("vpd_assoc_logical_unit=T10 VPD Identifier Association: addressed")
    assert "NAA" in said and said.count("\n") == 1
    assert "hba_mode: 0" in shell.ok(f"{p1} info").rows
    shell.refuses(f"{p1} set identity vendor_id=X", "Parameter vendor_id is read-only.")
    mode = "mode=handled by the device itself [ro]\n"
    assert shell.ok(f"{p1} get reservations mode") == mode
    shell.refuses(f"{p1} set device alua_lu_gp=x", "the object does not support ALUA")
    survives(shell)
    assert "scsi_debug" not in (ETC / "1.json").read_text()


def test_alias(user: Shell) -> None:
    user.ok(f"{R1} set device alias='a note: 50%'")
    assert value(f"{home(user)}/alias") == "a note: 50%"
    survives(user)
    user.refuses(f"{R1} set device alias={'x' * 512}", "alias takes text of at most 511 bytes")
    user.ok(f"{R1} set device alias=")
    assert user.ok(f"{R1} get device alias") == "alias= \n"


def test_map_of_blocks(user: Shell) -> None:
    user.ok(f"{R1}/alua create mapped 3")
    user.ok(f"{R1} set device lba_map='8 4; 0 3 0:O 3:A; 4 7 0:A 3:O'")
    assert value(f"{home(user)}/lba_map") == "8 4\n0 3 0:O 3:A\n4 7 0:A 3:O"
    said = user.ok(f"{R1} get device lba_map")
    assert said == "lba_map=8 4; 0 3 0:O 3:A; 4 7 0:A 3:O \n"
    survives(user)
    user.refuses(f"{R1} set device lba_map=nonsense", f"{R1}: Cannot set device lba_map")


# -- logical unit groups --------------------------------------------------------------------


def test_logical_unit_groups(user: Shell) -> None:
    assert "lu_gps" not in user.ok("/backstores ls")
    assert user.ok("/backstores/lu_gps create g") == "Created LU group g with number 1.\n"
    assert user.ok("/backstores/lu_gps create h 7") == "Created LU group h with number 7.\n"
    assert user.ok("/backstores/lu_gps create i") == "Created LU group i with number 2.\n"
    assert user.ok(f"{R1} get device alua_lu_gp") == "alua_lu_gp=default_lu_gp \n"
    user.ok(f"{R1} set device alua_lu_gp=g")
    assert user.ok("/backstores/lu_gps/g info").rows == ["lu_gp_id: 1", "members:", R1]
    assert user.ok("/backstores/lu_gps/g get alua lu_gp_id") == "lu_gp_id=1 [ro]\n"
    assert user.ok("/backstores/lu_gps/g status").endswith(": Members: 1\n")
    assert user.ok("/backstores/lu_gps status").endswith(": LU Groups: 3\n")
    rows = user.ok("/backstores ls").rows
    assert any(row.strip("| ").startswith("o- lu_gps ...") for row in rows)
    survives(user)
    user.ok(f"{R1} set device alua_lu_gp=h")
    assert user.ok("/backstores/lu_gps delete g") == "Deleted LU group g.\n"
    assert "LU Group Alias: h" in value(f"{home(user)}/alua_lu_gp")
    assert user.ok("/backstores/lu_gps delete h") == "Deleted LU group h.\n"
    assert "LU Group Alias: default_lu_gp" in value(f"{home(user)}/alua_lu_gp")


def test_leaving_a_group_leaves_a_disk_that_works(user: Shell) -> None:
    """It is back in the default group, and its access state can be changed."""
    user.ok("/backstores/lu_gps create g")
    before = tree("core")
    user.ok(f"{R1} set device alua_lu_gp=g")
    user.ok(f"{R1} set device alua_lu_gp=default_lu_gp")
    assert tree("core") == before
    user.ok(f"{R1}/alua/default_tg_pt_gp set alua alua_access_state=1")
    user.ok(f"{R1} set device alua_lu_gp=g")
    user.ok(f"{R1} set device alua_lu_gp=")
    assert user.ok(f"{R1} get device alua_lu_gp") == "alua_lu_gp=default_lu_gp \n"


def test_a_group_changes_its_state_together(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r2 1M")
    user.ok("/backstores/lu_gps create g")
    for name in ("r1", "r2"):
        user.ok(f"/backstores/ramdisk/{name}/alua create half 9")
        user.ok(f"/backstores/ramdisk/{name} set device alua_lu_gp=g")
    user.ok(f"{R1}/alua/half set alua alua_access_state=2")
    other = user.ok("/backstores/ramdisk/r2/alua/half get alua alua_access_state")
    assert other == "alua_access_state=2 \n"
    survives(user)


def test_what_groups_refuse(user: Shell) -> None:
    groups = "/backstores/lu_gps"
    user.ok(f"{groups} create g 5")
    user.refuses(f"{groups} create g", f"{groups}: the logical unit group g already exists")
    user.refuses(f"{groups} create default_lu_gp", "default_lu_gp already exists")
    user.refuses(f"{groups} create h 5", "the number 5 belongs to g")
    user.refuses(f"{groups} create h 0", "must be between 1 and 65535, not 0")
    user.refuses(f"{groups} create a/b", "'a/b' is not a valid name")
    user.refuses(f"{groups} delete h", "there is no logical unit group h")
    user.refuses(f"{groups} delete default_lu_gp", "default_lu_gp cannot be deleted")
    user.refuses(f"{groups}/g set alua lu_gp_id=6", "Parameter lu_gp_id is read-only.")
    user.refuses(
        f"{R1} set device alias=x alua_lu_gp=h",
        f"{R1}: there is no logical unit group h (existing groups: default_lu_gp, g; ",
    )


def test_a_failure_puts_the_group_back(user: Shell) -> None:
    user.ok("/backstores/lu_gps create g")
    user.refuses(f"{R1} set device alua_lu_gp=g lba_map=nonsense", "lba_map")
    user.ok(f"{R1} set device alua_lu_gp=g")
    user.refuses(f"{R1} set device alua_lu_gp=default_lu_gp lba_map=nonsense", "lba_map")
    assert user.ok(f"{R1} get device alua_lu_gp") == "alua_lu_gp=g \n"


# -- initiators -----------------------------------------------------------------------------


def test_queue_depth(user: Shell) -> None:
    acl = f"{TPG}/acls/{I1}"
    answer = user.ok(f"{acl} set initiator cmdsn_depth=33")
    assert answer == "Parameter cmdsn_depth is now '33'.\n"
    assert value(f"{FILE}/acls/{I1}/cmdsn_depth") == "33"
    assert user.ok(f"{acl} info").rows == ["cmdsn_depth: 33", "wwns:", I1]
    for text in ("0", "513", "x", "''"):
        user.refuses(
            f"{acl} set initiator cmdsn_depth={text}",
            f"{acl}: Not setting cmdsn_depth! cmdsn_depth takes a number from 1 to 512 commands",
        )
    user.refuses(f"{acl} set initiator tag=x", "Parameter tag is read-only.")
    survives(user)
    assert value(f"{FILE}/acls/{I1}/cmdsn_depth") == "33"
    assert value(f"{FILE}/acls/{I2}/cmdsn_depth") == "64"


def test_queue_depth_of_a_tag(user: Shell) -> None:
    for wwn in (I1, I2):
        user.ok(f"{TPG}/acls tag {wwn} hosts")
    user.ok(f"{TPG}/acls/hosts set initiator cmdsn_depth=12")
    assert [value(f"{FILE}/acls/{wwn}/cmdsn_depth") for wwn in (I1, I2)] == ["12", "12"]


# -- TPGs and fabrics -----------------------------------------------------------------------


def test_nexus(user: Shell) -> None:
    new = "naa.5001405000000007"
    assert user.ok(f"{LOOP} set port nexus={new.upper()}") == f"Parameter nexus is now '{new}'.\n"
    assert value(f"{LOOP_FILE}/nexus") == new
    survives(user)
    user.ok(f"{LOOP}/luns create {R1}")
    user.ok(f"{LOOP} set port nexus={new}")
    user.refuses(
        f"{LOOP} set port nexus=naa.5001405000000008",
        f"{LOOP}: the nexus {new} cannot be changed while the TPG has LUNs (delete the LUNs",
    )
    user.refuses(f"{LOOP} set port nexus=host1", f"{LOOP}: Not setting nexus! WWN not valid as")
    user.ok(f"{LOOP}/luns delete 0")
    user.ok(f"{LOOP} set port nexus=")
    assert user.ok(f"{LOOP} get port nexus") == "nexus= \n"
    assert not user.fs.read_if_there(f"{LOOP_FILE}/nexus")


def test_nexus_that_was_taken_away_stays_away(user: Shell) -> None:
    with_it, without = ETC / "with.json", ETC / "without.json"
    user.ok(f"saveconfig {with_it}")
    name = value(f"{LOOP_FILE}/nexus")
    user.ok(f"{LOOP} set port nexus=")
    user.ok(f"saveconfig {without}")
    survives(user)
    assert user.fs.read_if_there(f"{LOOP_FILE}/nexus") is None
    assert " [None]" in user.ok(f"ls {LOOP}").rows[0]
    user.ok(f"diff {without}")
    for file, nexus in ((with_it, name), (without, None)):
        user.ok(f"apply {file}")
        assert user.fs.read_if_there(f"{LOOP_FILE}/nexus") == nexus
    # A file that does not say wants one, as those of targetcli-fb.
    saved = json.loads(without.read_text())
    del saved["rtslib_ext"]["tpgs"]
    without.write_text(json.dumps(saved))
    user.ok(f"restoreconfig {without} clear_existing=true")
    assert value(f"{LOOP_FILE}/nexus").startswith("naa.")


def test_a_failure_puts_the_nexus_back(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel is the one who refuses, after the nexus was changed."""
    monkeypatch.setattr(schema, "tpg", lambda name, fabric: None)
    user.refuses(
        f"{LOOP} set port nexus=naa.5001405000000008 transport_status=away",
        f"{LOOP}: Cannot set port transport_status: [Errno 22]",
    )


def test_transport_status(user: Shell) -> None:
    user.ok(f"{LOOP} set port transport_status=offline")
    assert value(f"{LOOP_FILE}/transport_status") == "offline"
    survives(user)
    user.refuses(f"{LOOP} set port address=1:0:1", "Parameter address is read-only.")


def test_cpus(user: Shell) -> None:
    possible = Path("/sys/devices/system/cpu/possible").read_text().strip()
    assert user.ok("/iscsi get fabric cpus_allowed_list") == f"cpus_allowed_list={possible} \n"
    assert user.ok("/iscsi set fabric cpus_allowed_list=0").exit == 0
    assert value("iscsi/cpus_allowed_list") == "0"
    beyond = int(possible.rpartition("-")[2]) + 1
    for text, says in (
        (str(beyond), f"there is no CPU {beyond}"),
        ("x", "'x' is not a list of CPUs"),
        ("''", "'' is not a list of CPUs"),
        ("3-0", "'3-0' is not a list of CPUs"),
    ):
        user.refuses(f"/iscsi set fabric cpus_allowed_list={text}", "/iscsi: Not setting", says)
    user.refuses("/iscsi set fabric lio_version=1", "Parameter lio_version is read-only.")
    survives(user)
    # It stays with the fabric, which outlives its targets.
    user.ok(f"/iscsi set fabric cpus_allowed_list={possible}")


def test_cpus_of_another_host(user: Shell) -> None:
    """The file is restored without the list, which is refused."""
    user.ok(f"saveconfig {ETC}/1.json")
    text = (ETC / "1.json").read_text()
    wanted = '"fabric_modules": [{"name": "iscsi", "cpus_allowed_list": "4000"}]'
    assert '"fabric_modules": []' in text
    (ETC / "2.json").write_text(text.replace('"fabric_modules": []', wanted))
    answer = user(f"restoreconfig {ETC}/2.json clear_existing=true")
    assert answer.exit == 1 and "there is no CPU 4000" in answer.stderr
    assert value(f"{FILE}/enable") == "1"


# -- LUNs -----------------------------------------------------------------------------------


def test_state_of_a_lun_is_checked_and_kept(user: Shell) -> None:
    user.ok(f"{TPG}/luns create {R1}")
    lun = f"{TPG}/luns/lun0"
    for name, takes in (
        ("alua_tg_pt_offline", "0 or 1"),
        ("alua_tg_pt_status", "0, 1 or 2"),
        ("alua_tg_pt_write_md", "0 or 1"),
    ):
        for text in ("3", "x", "''"):
            user.refuses(
                f"{lun} set alua {name}={text}", f"{lun}: Not setting {name}! {name} takes {takes}"
            )
    user.ok(f"{lun} set alua alua_tg_pt_write_md=yes alua_tg_pt_offline=on alua_tg_pt_status=1")
    assert user.ok(f"{lun} get alua").rows.count("alua_tg_pt_offline=1") == 1
    assert user.ok(f"{lun} get alua alua_tg_pt_status alua_tg_pt_write_md").rows == [
        "alua_tg_pt_status=1 ",
        "alua_tg_pt_write_md=1 ",
    ]
    assert user.ok(f"{lun} set alua alua_tg_pt_offline=0").rows
    user.ok(f"{lun} set alua alua_tg_pt_offline=1")
    survives(user)


def test_paths_with_their_states_in_words(user: Shell) -> None:
    user.ok(f"{TPG}/luns create {R1}")
    user.ok(f"{LOOP}/luns create {R1}")
    user.ok(f"{R1}/alua create far 5")
    user.ok(f"{R1}/alua/far set alua alua_access_state=1 preferred=1")
    user.ok(f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=far")
    near, far = f"{LOOP}/luns/lun0", f"{TPG}/luns/lun0"
    head, *rows = user.ok(f"{R1} paths").rows
    assert head.split() == ["STORAGE", "OBJECT", "LUN", "GROUP", "PORTALS", "STATE"]
    found = {row.split()[1]: " ".join(row.split()[2:]) for row in rows[:2]}
    state = "active/non-optimized, preferred"
    assert found[near] == "default_tg_pt_gp - active/optimized"
    assert found[far] in (f"far [::0]:3260 {state}", f"far 0.0.0.0:3260 {state}")
    assert sorted(rows[2:]) == [
        "active/non-optimized: use these ports when no better ones are left",
        "active/optimized: use these ports",
    ]
    user.ok(f"{far} set alua alua_tg_pt_offline=1")
    user.ok(f"{TPG} disable")
    (one,) = checked(user.ok(f"{far} paths", json=True))["data"]["paths"]
    assert (one["state"], one["state_name"], one["enabled"]) == (14, "offline", False)
    assert "offline, preferred (TPG disabled)" in user.ok(f"{TPG} paths")
    assert user.ok("/vhost paths") == "(no LUNs)\n"
    both = checked(user.ok("paths", json=True))["data"]["paths"]
    assert {item["lun"] for item in both} == {near, far}


# -- reservations ---------------------------------------------------------------------------


@pytest.fixture
def disk(user: Shell) -> str:
    """The storage object as a SCSI disk of this host."""
    subprocess.run(["modprobe", "-a", "sd_mod", "sg"], check=True)
    before = set(Path("/sys/class/scsi_generic").iterdir())
    user.ok(f"{LOOP}/luns create {R1}")
    for _ in range(100):
        found = set(Path("/sys/class/scsi_generic").iterdir()) - before
        if found:
            return f"/dev/{found.pop().name}"
        subprocess.run(["sleep", "0.05"], check=True)
    raise TimeoutError("the LUN brought no disk")


def persist(disk: str, *words: str) -> None:
    subprocess.run(["sg_persist", "--out", *words, disk], check=True, capture_output=True)


def reservations(user: Shell) -> dict[str, str]:
    rows = user.ok(f"{R1} get reservations").rows
    pairs = (row.removesuffix(" [ro]").partition("=") for row in rows if row.endswith(" [ro]"))
    return {name: text for name, _, text in pairs}


NONE = {
    "all_tgt_pts": "", "aptpl": "0", "aptpl_metadata": "", "generation": "0", "holder": "",
    "holder_tg_port": "", "mode": "persistent reservations", "registrants": "", "type": "",
}  # fmt: skip


def test_a_persistent_reservation_is_told(user: Shell, disk: str) -> None:
    initiator = value(f"{LOOP_FILE}/nexus")
    assert reservations(user) == NONE
    persist(disk, "--register", "--param-sark=abc123", "--param-aptpl")
    kept = f"1 in {ETC}/pr/aptpl_{SERIAL}"
    registered = {
        **NONE,
        "aptpl": "1",
        "aptpl_metadata": kept,
        "generation": "1",
        "registrants": f"{initiator} key 0xabc123",
    }
    assert reservations(user) == registered
    persist(disk, "--reserve", "--param-rk=abc123", "--prout-type=5")
    told = reservations(user)
    rtpi = told["holder_tg_port"].rpartition(" ")[2]
    assert rtpi.isdigit()
    assert told == {
        **registered,
        "all_tgt_pts": "0",
        "holder": initiator,
        "holder_tg_port": f"naa.5001405000000001 tpg1 lun0 rtpi {rtpi}",
        "type": "5 (Write Exclusive - Registrants Only: all may read, only registrants may write)",
    }
    user.refuses(f"{R1} set reservations holder=x", f"{R1}: Parameter holder is read-only.")
    _in_words(user, initiator)
    persist(disk, "--clear", "--param-rk=abc123")
    assert reservations(user)["registrants"] == reservations(user)["holder"] == ""


def _in_words(user: Shell, initiator: str) -> None:
    """The command reservations, at the objects above and beside."""
    said = user.ok("reservations")
    head, row, *more = said.rows
    assert head.split() == ["STORAGE", "OBJECT", "HOLDER", "TYPE", "KEYS"]
    assert row.split() == [R1, initiator, *"Write Exclusive - Registrants Only 1".split()]
    assert [text.strip() for text in more] == [
        "all may read, only registrants may write",
        "taken through naa.5001405000000001 tpg1 lun0",
        f"key 0xabc123: {initiator}",
        "1 registrations so far; they survive a restart",
        "1 registrations on disk",
    ]
    assert user.ok(f"{LOOP} reservations") == user.ok(f"{R1} reservations") == said
    assert user.ok("/iscsi reservations") == "(no reservations)\n"
    (found,) = checked(user.ok("reservations", json=True))["data"]["storage_objects"]
    assert (found["storage_object"], found["type"], found["holder"]) == (R1, 5, initiator)
    assert found["registrants"][0]["key"] == 0xABC123


@pytest.mark.parametrize(
    "code, words",
    [
        (1, "Write Exclusive: only the holder may write"),
        (3, "Exclusive Access: only the holder may read and write"),
        (6, "Exclusive Access - Registrants Only: only registrants may read and write"),
        (7, "Write Exclusive - All Registrants: all may read, "),
        (8, "Exclusive Access - All Registrants: only registrants may read and write; "),
    ],
)
def test_types_are_those_of_spc(user: Shell, disk: str, code: int, words: str) -> None:
    persist(disk, "--register", "--param-sark=77", "--param-alltgpt")
    persist(disk, "--reserve", "--param-rk=77", f"--prout-type={code}")
    assert reservations(user)["type"].startswith(f"{code} ({words}")
    assert reservations(user)["all_tgt_pts"] == "1"


def test_a_reservation_of_spc_2_and_none(user: Shell, disk: str) -> None:
    reserve6 = ["sg_raw", disk, "16", "00", "00", "00", "00", "00"]
    subprocess.run(reserve6, check=True, capture_output=True)
    told = reservations(user)
    assert (told["mode"], told["holder"]) == ("SPC-2 reservation", value(f"{LOOP_FILE}/nexus"))
    user.ok(f"{LOOP}/luns delete 0")
    user.ok(f"{R1} set attribute emulate_pr=0")
    assert reservations(user)["mode"] == "off (emulate_pr is 0)"
