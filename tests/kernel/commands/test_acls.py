# SPDX-License-Identifier: Apache-2.0
"""Node ACLs, their tags, and mapped LUNs."""

from __future__ import annotations

import os

import pytest

from .harness import TARGET, Shell, tree, value

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
ACLS = f"iscsi/{IQN}/tpgt_1/acls"
I1, I2, I3 = (f"iqn.2003-01.org.example:i{number}" for number in (1, 2, 3))


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user in a TPG that exports two LUNs."""
    shell.ok(f"/iscsi create {IQN}")
    shell.cwd = TPG
    for number, lun in ((1, 0), (2, 7)):
        shell.ok(f"/backstores/ramdisk create r{number} 1M")
        shell.ok(f"luns/ create /backstores/ramdisk/r{number} {lun}")
    return shell


def mapped(initiator: str) -> dict[int, tuple[int, str]]:
    """The mapped LUNs of an ACL: its number -> the TPG's, and whether it may only be read."""
    found = {}
    for folder in (TARGET / ACLS / initiator).glob("lun_*"):
        link = next(item for item in folder.iterdir() if item.is_symlink())
        lun = int(os.readlink(link).rpartition("lun_")[2])
        found[int(folder.name[4:])] = (lun, (folder / "write_protect").read_text().strip())
    return found


def test_create_maps_every_lun_under_its_number(user: Shell) -> None:
    assert user.ok(f"acls/ create {I1}").rows == [
        f"Created Node ACL for {I1}",
        "Created mapped LUN 0.",
        "Created mapped LUN 7.",
    ]
    assert mapped(I1) == {0: (0, "0"), 7: (7, "0")}
    assert user.ok("acls/ status") == f"Status for {TPG}/acls: ACLs: 1\n"
    assert user.ok(f"acls/{I1} status").endswith(": Mapped LUNs: 2\n")
    assert user.ok(f"ls acls/{I1}").rows[1].endswith(" [lun0 ramdisk/r1 (rw)]")


def test_create_without_mapping(user: Shell) -> None:
    answer = user.ok(f"acls/ create wwn={I1.upper()} add_mapped_luns=false")
    assert answer == f"Created Node ACL for {I1}\n"
    user.ok("set global auto_add_mapped_luns=false")
    assert user.ok(f"acls/ create {I2}") == f"Created Node ACL for {I2}\n"
    assert mapped(I1) == mapped(I2) == {}
    assert len(user.ok(f"acls/ create {I3} add_mapped_luns=true").rows) == 3


def test_delete(user: Shell) -> None:
    before = tree()
    user.ok(f"acls/ create {I1}")
    assert user.ok(f"acls/ delete {I1}") == f"Deleted Node ACL {I1}.\n"
    assert tree() == before


def test_mapped_luns(user: Shell) -> None:
    user.ok(f"acls/ create {I1} add_mapped_luns=false")
    user.cwd = f"{TPG}/acls/{I1}"
    assert user.ok("create 3 0") == "Created Mapped LUN 3.\n"
    assert user.ok("create mapped_lun4 lun7 write_protect=1") == "Created Mapped LUN 4.\n"
    answer = user.ok("create mapped_lun=0 tpg_lun_or_backstore=/backstores/ramdisk/r1")
    assert answer == "Created Mapped LUN 0.\n"
    assert mapped(I1) == {3: (0, "0"), 4: (7, "1"), 0: (0, "0")}
    assert user.ok("create 5 lun0").rows == [
        "Warning: TPG LUN 0 already mapped to this NodeACL",
        "Created Mapped LUN 5.",
    ]
    assert user.ok("mapped_lun4/ status").endswith("/mapped_lun4: lun7 ramdisk/r2 (ro)\n")
    rows = user.ok("mapped_lun4/ info").rows
    assert rows[1:] == ["index: 4", "tpg_lun: 7", "write_protect: True"]
    assert user.ok("delete 5") == "Deleted Mapped LUN 5.\n"
    assert user.ok("delete mapped_lun=mapped_lun4") == "Deleted Mapped LUN 4.\n"
    assert mapped(I1) == {3: (0, "0"), 0: (0, "0")}


def test_mapping_makes_what_is_missing(user: Shell, ram: list[str]) -> None:
    user.ok("/backstores/ramdisk create r3 1M")
    user.ok(f"acls/ create {I1}")
    user.ok(f"acls/ create {I2}")
    user.cwd = f"{TPG}/acls/{I1}"
    assert user.ok("create 9 /backstores/ramdisk/r3").rows == [
        "Created LUN 1.",
        "Created Mapped LUN 9.",
    ]
    assert user.ok(f"create 8 {ram[0]}").rows == [
        "Created storage object ram0.",
        "Created LUN 2.",
        "Created Mapped LUN 8.",
    ]
    assert mapped(I1) == {0: (0, "0"), 7: (7, "0"), 9: (1, "0"), 8: (2, "0")}
    assert mapped(I2) == {0: (0, "0"), 7: (7, "0")}


def test_authentication_in_the_summary(user: Shell) -> None:
    user.ok(f"acls/ create {I1} add_mapped_luns=false")
    user.ok("set attribute authentication=1")
    for change, summary in (
        ("pwd", "auth without credentials, Mapped LUNs: 0"),
        (f"acls/{I1} set auth userid=u", "auth without password, Mapped LUNs: 0"),
        (f"acls/{I1} set auth userid=u password=p", "1-way auth, Mapped LUNs: 0"),
        (f"acls/{I1} set auth mutual_userid=m mutual_password=q", "mutual auth, Mapped LUNs: 0"),
        ("set attribute generate_node_acls=1", "auth via tpg, Mapped LUNs: 0"),
        ("set attribute authentication=0", "Mapped LUNs: 0"),
    ):
        user.ok(change)
        assert user.ok(f"acls/{I1} status") == f"Status for {TPG}/acls/{I1}: {summary}\n"


ODD = "iqn.1991-05.com.microsoft:my_pc.example.org"
ODD_NOTE = (
    f"Note: {ODD} contains _, which RFC 3722 does not allow in iSCSI names; "
    "only an initiator with exactly this name can log in"
)


def test_names_that_others_chose_may_break_the_rfc(user: Shell) -> None:
    """The host has this name already; the kernel accepts it, and a restore does."""
    answer = user.ok(f"acls/ create {ODD.upper()}")
    assert answer.rows[0] == f"Created Node ACL for {ODD}" and answer.asides == [ODD_NOTE]
    assert user.ok(f"acls/ ensure {ODD}").asides == []
    user.ok(f"acls/ rename {ODD} {I1}")
    assert user.ok(f"acls/ create {I2}").asides == []
    assert ODD_NOTE in user.ok(f"acls/ clone {I2} {ODD}").asides
    user.ok(f"acls/ delete {ODD}")
    assert ODD_NOTE in user.ok(f"acls/ rename {I2} {ODD}").asides
    user.refuses("acls/ create iqn.1991-05", "WWN not valid as: iqn")
    user.refuses(f"/iscsi create {ODD}", "contains an underscore")
    user.refuses(f"/iscsi clone {IQN} {ODD}", "contains an underscore")


def test_info_hides_secrets(user: Shell) -> None:
    user.ok(f"acls/ create {I1}")
    user.ok(f"acls/{I1} set auth userid=u password=geheim mutual_userid=m mutual_password=geheim2")
    assert user.ok(f"acls/{I1} info").rows == [
        "chap_mutual_password: ***",
        "chap_mutual_userid: m",
        "chap_password: ***",
        "chap_userid: u",
        "cmdsn_depth: 64",
        "wwns:",
        I1,
    ]


# -- tags -----------------------------------------------------------------------------------


def test_tag_and_untag_say_nothing(user: Shell) -> None:
    user.ok(f"acls/ create {I1}")
    assert user.ok(f"acls/ tag {I1} web") == ""
    assert value(f"{ACLS}/{I1}/tag") == "web"
    assert user.ok("acls/web status").endswith(f"/web: ({I1}), Mapped LUNs: 2\n")
    assert user.ok("acls/ tag web db") == ""
    assert value(f"{ACLS}/{I1}/tag") == "db"
    assert user.ok("acls/ tag db db") == ""
    assert user.ok("acls/ untag wwn_or_tag=db") == ""
    assert value(f"{ACLS}/{I1}/tag") == ""
    assert user.ok(f"acls/ untag {I1}") == ""
    assert user.ok(f"acls/{I1} status").endswith(f"/{I1}: Mapped LUNs: 2\n")


def test_who_joins_a_tag_takes_what_it_has(user: Shell) -> None:
    user.ok(f"acls/ create {I1}")
    user.ok(f"acls/ create {I2} add_mapped_luns=false")
    user.ok(f"acls/{I1} set auth userid=u password=p")
    user.ok(f"acls/{I1} set attribute dataout_timeout=7")
    user.ok(f"acls/{I1} delete 7")
    user.ok(f"acls/{I1} create 5 7 write_protect=true")
    user.ok(f"acls/{I2} create 9 0")
    user.ok(f"acls/ tag {I1} web")
    user.ok(f"acls/ tag wwn_or_tag={I2} new_tag=web")
    assert mapped(I2) == mapped(I1) == {0: (0, "0"), 5: (7, "1")}
    assert value(f"{ACLS}/{I2}/auth/userid") == "u"
    assert value(f"{ACLS}/{I2}/auth/password") == "p"
    assert value(f"{ACLS}/{I2}/attrib/dataout_timeout") == "7"
    assert user.ok("acls/web status").endswith("/web: (group of 2), Mapped LUNs: 2\n")
    assert user.ok("acls/ status").endswith(": ACLs: 1\n")


def test_acls_of_a_tag_change_together(user: Shell) -> None:
    for name in (I1, I2):
        user.ok(f"acls/ create {name}")
        user.ok(f"acls/ tag {name} web")
    user.ok("acls/web set attribute dataout_timeout=9 nopin_timeout=11")
    user.ok("acls/web set auth userid=u2 password=p2")
    user.ok("acls/web create 3 lun0 write_protect=true")
    user.ok("acls/web delete 7")
    for name in (I1, I2):
        assert value(f"{ACLS}/{name}/attrib/dataout_timeout") == "9"
        assert value(f"{ACLS}/{name}/attrib/nopin_timeout") == "11"
        assert value(f"{ACLS}/{name}/auth/password") == "p2"
        assert mapped(name) == {0: (0, "0"), 3: (0, "1")}
    assert user.ok("acls/web info").rows == [
        "chap_password: ***", "chap_userid: u2", "cmdsn_depth: 64", "tag: web", "wwns:", I1, I2,
    ]  # fmt: skip
    assert user.ok("acls/ delete web") == "Deleted Node ACL web.\n"
    assert list((TARGET / ACLS).iterdir()) == []


def test_one_of_a_tag_can_be_deleted_by_its_name(user: Shell) -> None:
    for name in (I1, I2):
        user.ok(f"acls/ create {name}")
        user.ok(f"acls/ tag {name} web")
    assert user.ok(f"acls/ delete {I1}") == f"Deleted Node ACL {I1}.\n"
    assert [path.name for path in (TARGET / ACLS).iterdir()] == [I2]
    assert user.ok("acls/web status").endswith(f"/web: ({I2}), Mapped LUNs: 2\n")


def test_one_of_a_tag_has_a_path_of_its_own(user: Shell) -> None:
    for name in (I1, I2):
        user.ok(f"acls/ create {name}")
        user.ok(f"acls/ tag {name} web")
    user.ok("acls/web set auth userid=u password=one")
    user.ok(f"acls/{I2} set auth password=two mutual_userid=m mutual_password=three")
    assert [value(f"{ACLS}/{name}/auth/password") for name in (I1, I2)] == ["one", "two"]
    assert user.ok(f"acls/{I2} info").rows[-2:] == ["wwns:", I2]
    user.ok("set attribute authentication=1")
    assert user.ok("acls/web status").endswith(
        "/web: (group of 2), 1-way auth, mutual auth, Mapped LUNs: 2\n"
    )
    assert user.ok("acls/ ls").rows[0].endswith("[ACLs: 1]")
