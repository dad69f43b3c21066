# SPDX-License-Identifier: Apache-2.0
"""group, groups, hosts: what initiators of a group see, on the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import checked

from targetcli.completion import complete
from targetcli.language import grammar

from .harness import ETC, Shell, tree
from .initiator import logged_in

A, B = (f"iqn.2003-01.org.example:{name}" for name in "ab")
H1, H2, H3 = (f"iqn.1994-05.com.example:h{number}" for number in (1, 2, 3))
ACLS = f"/iscsi/{A}/tpg1/acls"
R1, R2 = "/backstores/ramdisk/r1", "/backstores/ramdisk/r2"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with two targets and two disks."""
    for number in (1, 2):
        shell.ok(f"/backstores/ramdisk create r{number} {number}M wwn=serial{number}")
    for port, iqn in ((3260, A), (3261, B)):
        shell.ok("/ set global auto_add_default_portal=false")
        shell.ok(f"/iscsi create {iqn}")
        shell.ok(f"/iscsi/{iqn}/tpg1/portals create 127.0.0.1 {port}")
    return shell


def seen(shell: Shell, host: str) -> dict[str, list[tuple[int, str, bool]]]:
    """What an initiator sees: by TPG, the number, the storage object, whether it is read-only."""
    answer = shell(f"/ hosts {host}", json=True)
    return {
        item["tpg"].split(":")[-1]: [
            (lun["lun"], lun["storage_object"].rpartition("/")[2], lun["write_protect"])
            for lun in item["luns"]
        ]
        for item in checked(answer)["data"]["hosts"]
    }


def test_a_group_from_its_first_day_to_its_last(user: Shell) -> None:
    before = tree()
    user.ok("/ group create web")
    assert tree() == before
    user.ok("/ group map web r1")
    user.ok(f"/ group map web {R2} 7 write_protect=true")
    assert tree() == before
    user.ok(f"/ group join web {H1} target=*")
    luns = [(0, "r1", False), (7, "r2", True)]
    assert seen(user, H1) == {"a/tpg1": luns, "b/tpg1": luns}
    user.ok(f"/ group join web {H2},{H3}")
    assert seen(user, H3) == {"a/tpg1": luns, "b/tpg1": luns}
    assert user.ok("/ groups web").rows[-2:] == [
        "  0  ramdisk/r1      1.0MiB  rw    serial1",
        "  7  ramdisk/r2      2.0MiB  ro    serial2",
    ]
    user.ok("/ group unmap web 0")
    assert seen(user, H2) == {"a/tpg1": luns[1:], "b/tpg1": luns[1:]}
    # Nobody has r1 any more.
    (left,) = user.ok(f"/iscsi/{A}/tpg1/luns ls").rows[1:]
    assert "ramdisk/r2" in left
    user.ok(f"/ group leave web {H1},{H2},{H3}")
    assert seen(user, H1) == {"a/tpg1": [], "b/tpg1": []}
    # The group, its targets and its LUN are still known.
    user.ok(f"/ group join web {H2}")
    assert seen(user, H2) == {"a/tpg1": luns[1:], "b/tpg1": luns[1:]}
    user.ok("/ group delete web")
    assert user.ok("/ groups") == "(no groups)\n"
    assert not (ETC / "groups.json").exists()


def test_each_change_is_undone_whole(user: Shell) -> None:
    user.ok("/ group create web target=*")
    user.ok("/ group map web r1")
    states = [tree()]
    for line in (
        f"/ group join web {H1}",
        "/ group map web r2",
        f"/ group leave web {H1}",
        f"/ group join web {H2}",
        "/ group delete web",
    ):
        user.ok(line)
        states.append(tree())
    for state in reversed(states[:-1]):
        user.ok("/ undo")
        assert tree() == state
    assert user.ok("/ groups").rows[1].split()[:3] == ["web", "0", "1"]


def test_a_failure_changes_nothing(user: Shell) -> None:
    user.ok(f"/ group create web {H1} target=*")
    user.ok(f"{ACLS} create {H3}")
    user.ok(f"{ACLS}/{H3} create 0 {R2}")
    user.ok("/ group map web r1")
    user.refuses(f"/ group join web {H3}", f"{H3} has LUNs that the group web does not have: 0")
    user.ok(f"/ group join web {H3} replace=true")
    assert seen(user, H3) == {"a/tpg1": [(0, "r1", False)], "b/tpg1": [(0, "r1", False)]}


def test_what_is_refused(user: Shell) -> None:
    user.ok("/ group create web")
    for line, *texts in (
        ("/ group create web", "there is a group web already"),
        (f"/ group create db {H1} {H2}", "several initiators are separated by commas"),
        ("/ group create a.b", "'.' not permitted in tag names."),
        ("/ group join db h", "there is no group db", "group create db"),
        ("/ group join webb h", "did you mean web?"),
        (f"/ group join web {H1}", f"{H1} has no ACL yet, and there are 2 TPGs", "target='*'"),
        ("/ group join web host1", "no target at which an initiator named host1", "such as iqn."),
        (f"/ group join web {H1} target=*:c", "no target with ACLs matches *:c"),
        ("/ group join web naa.600 target=*", "is not the name of an initiator"),
        ("/ group join web", "the initiator to join is missing"),
        ("/ group map web r3", "there is no storage object r3"),
        ("/ group map web /backstores/ramdisk/r", "there is no storage object", "did you mean"),
        ("/ group unmap web r1", "the group web does not have r1"),
        ("/ group add web x", "group has no action add", "group join does that"),
        ("/ igroup show web", "groups shows groups"),
        ("/ groups db", "there is no group db"),
        ("/ hosts x", "there is no initiator x", "hosts lists them"),
    ):
        user.refuses(line, *texts)


def test_members_that_are_logged_in_are_asked_for(user: Shell) -> None:
    user.ok(f"/ group create web {H1} target={A}")
    user.ok("/ group map web r1")
    with logged_in(H1, A) as session:
        assert session.luns() == [0]
        assert user.ok("/ groups web").rows[1].endswith("logged in")
        user.refuses(f"/ group leave web {H1}", f"{H1}", "targetcli --yes")
        user.ok("/ group map web r2")
        assert session.luns() == [0, 1]
        user.ok("/ group unmap web r1", yes=True)
        assert session.luns() == [1]
        # The initiator still knows LUN 0 as r1.
        user.ok("/backstores/ramdisk create r9 1M")
        user.ok("/ group map web r9")
        assert session.luns() == [1, 2]


def test_an_existing_access_stays_unless_another_is_given(user: Shell) -> None:
    user.ok(f"/ group create web {H1} target={A}")
    user.ok("/ group map web r1 write_protect=true")
    user.refuses("/ group map web r1", "ramdisk/r1 is LUN 0 of the group web already")
    user.ok("/ group map web r1 write_protect=false")
    assert seen(user, H1) == {"a/tpg1": [(0, "r1", False)]}


def test_hosts_of_another_fabric(user: Shell) -> None:
    user("/tcm_fc create naa.2000000000000001")
    host = "naa.1000000000000007"
    user.ok(f"/ group create web {H1} target={A}")
    user.ok("/ group map web r1 3")
    user.ok(f"/ group join web {host} target=naa.*")
    # A WWN of an adapter joins where adapters are, the name of an iSCSI host where those are.
    user.ok(f"/ group join web {host[:-1]}8")
    user.ok(f"/ group join web {H2}")
    luns = [(3, "r1", False)]
    assert seen(user, f"{host[:-1]}*") == {"/tcm_fc/naa.2000000000000001": luns}
    assert seen(user, H2) == {"a/tpg1": luns}
    user.ok("/ group delete web")
    assert user.ok("/tcm_fc/naa.2000000000000001/luns ls").rows[1:] == []


def test_a_new_member_may_need_a_secret(user: Shell) -> None:
    user.ok(f"/iscsi/{A}/tpg1 set attribute authentication=1")
    answer = user.ok(f"/ group create web {H1} target={A}")
    assert f"Note: {ACLS}/{H1} needs a secret to log in: {ACLS}/{H1} set auth" in answer.stderr


def test_other_users_see_groups_with_members(user: Shell) -> None:
    user.ok("/ group create web")
    user.ok(f"/ group create db {H1} target={A}")
    assert [row.split()[0] for row in user.ok("/ groups", is_root=False).rows] == ["GROUP", "db"]
    assert user("/ group delete db", is_root=False).exit == 1


def test_a_guest_sees_what_demo_mode_shows(user: Shell) -> None:
    user.ok(f"/iscsi/{A}/tpg1 set attribute generate_node_acls=1")
    user.ok(f"/ group create web {H1} target={A}")
    assert (
        f"/iscsi/{A}/tpg1 lets initiators without an ACL in" in user.ok("/ group map web r1").stderr
    )
    with logged_in(H3, A):
        row = user.ok(f"/ hosts {H3}").rows[1]
        assert row.split()[:6] == [H3, "-", "0", "ramdisk/r1", "1.0MiB", "ro"]
        assert row.endswith("logged in, no ACL")


def test_a_transaction_sees_its_own_groups(user: Shell) -> None:
    before = tree()
    env = user.env()
    from targetcli import session
    from targetcli.changes.transaction import Transaction

    transaction = Transaction.for_batch(env)
    for line in ("group create web", "group map web r1", f"group join web {H1} target=*"):
        assert session.run_line(env, lambda line=line: grammar.parse(line)) is not None  # type: ignore[misc]
    assert tree() == before and not (ETC / "groups.json").exists()
    transaction.close()
    transaction.perform()
    assert seen(user, H1) == {name: [(0, "r1", False)] for name in ("a/tpg1", "b/tpg1")}


def test_names_are_completed(user: Shell) -> None:
    user.ok(f"/ group create web {H1} target=*")
    user.ok(f"{ACLS} create {H2}")

    def completed(text: str) -> set[str]:
        context = grammar.complete_context(text, len(text))
        return {item.value for item in complete.complete(user.env(), context)}

    assert "web" in completed("group join w")
    assert {H2} <= completed("group join web ") and H1 not in completed("group join web ")
    assert completed("group leave web iqn") == {H1}
    assert R1 in completed("group map web /backstores/ramdisk/")
    assert {H1, "web"} <= completed("hosts ")


def test_a_renamed_disk_stays_in_a_group_without_members(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r3 1M nullio=true")
    user.ok("/ group create web target=*")
    user.ok("/ group map web r3")
    user.ok("/backstores/ramdisk rename r3 r4")
    user.ok(f"/ group join web {H1}")
    assert seen(user, H1)["a/tpg1"] == [(0, "r4", False)]


def test_a_damaged_record_is_told(user: Shell, tmp_path: Path) -> None:
    user.ok("/ group create web")
    (ETC / "groups.json").write_text("{")
    user.refuses("/ groups", "groups.json is damaged")
    (ETC / "groups.json").unlink()


def test_a_pattern_maps_several_storage_objects_as_one_plan(user: Shell) -> None:
    for name in ("disk10", "disk2"):
        user.ok(f"/backstores/ramdisk create {name} 1M")
    user.ok(f"/ group create web {H1} target=*")
    before = tree()
    assert "Plan: 8 to create." in user.ok("/ group map web 'disk*' dry_run=true")
    assert tree() == before
    user.ok("/ group map web 'disk*' write_protect=true")
    luns = [(0, "disk2", True), (1, "disk10", True)]
    assert seen(user, H1) == {"a/tpg1": luns, "b/tpg1": luns}
    user.refuses("/ group map web disk*", "the group web has all 2 storage objects already")
    user.ok("/ group map web ramdisk/*")
    assert len(seen(user, H1)["a/tpg1"]) == 4
    user.ok("/ undo")
    user.ok("/ undo")
    assert tree() == before
    user.refuses("/ group map web disk* 7", "matches 2 storage objects, and lun is the number of")
    user.refuses("/ group map web x*", "no storage object matches x*")
    # A group without members gets them when a host joins it.
    user.ok("/ group create db target=*")
    user.ok("/ group map db /backstores/ramdisk/*")
    user.ok("/ group unmap db r*")
    user.ok(f"/ group join db {H2}")
    assert seen(user, H2)["b/tpg1"] == [(0, "disk2", False), (1, "disk10", False)]
