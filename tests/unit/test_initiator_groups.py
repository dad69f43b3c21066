# SPDX-License-Identifier: Apache-2.0
"""Groups of initiators: who is a member, who sees what, and what a change of them leaves."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rtslib_ext.config import initiator_groups as groups
from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.initiator_groups import Group, GroupLun, Place
from rtslib_ext.config.model import Config, Lun, MappedLun, NodeAcl, StorageObject, Target, Tpg
from rtslib_ext.errors import Exists, InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel.host_files import RealHostFiles
from rtslib_ext.steps import kept_groups
from rtslib_ext.steps.host_files import SetEntry

A, B = (("iscsi", f"iqn.2003-01.org.example:{name}") for name in "ab")
AT_A, AT_B = (A, 1), (B, 1)
H1, H2, H3 = (f"iqn.1994-05.com.example:h{number}" for number in (1, 2, 3))
R1, R2, R3 = (("ramdisk", f"r{number}") for number in (1, 2, 3))


def world(**tpgs: Tpg) -> Config:
    """Two targets and three storage objects."""
    objects = {key: StorageObject(key[1], RamDisk(1 << 20), key[1]) for key in (R1, R2, R3)}
    targets = {key: Target(*key, {1: tpgs.get(key[1][-1], Tpg(1))}) for key in (A, B)}
    return Config(objects, targets)


def acl(wwn: str, tag: str | None = None, **luns: int) -> NodeAcl:
    """An ACL; m3=0 maps LUN 0 as 3."""
    mapped = {int(name[1:]): MappedLun(int(name[1:]), lun) for name, lun in luns.items()}
    return NodeAcl(wwn, mapped, tag=tag)


def tpg(*acls: NodeAcl, luns: tuple[tuple[str, str], ...] = (), **attributes: str) -> Tpg:
    exported = {index: Lun(index, key) for index, key in enumerate(luns)}
    return Tpg(1, luns=exported, acls={item.wwn: item for item in acls}, attributes=attributes)


def sees(config: Config, place: Place, wwn: str) -> dict[int, str]:
    at = groups.tpg_at(config, place)
    return {index: lun.storage_object[1] for index, lun in groups.seen(at, at.acls[wwn]).items()}


def found(config: Config, name: str = "web") -> Group:
    return groups.of_config(config, {})[name]


def test_a_group_is_the_tag_of_its_members() -> None:
    config = world(
        a=tpg(acl(H1, "web", m0=0), acl(H2, "web", m0=0), acl(H3), luns=(R1,)),
        b=tpg(acl(H1, "web", m0=1), luns=(R2, R1)),
    )
    assert found(config) == Group("web", {0: GroupLun(0, R1)}, (AT_A, AT_B), (H1, H2))
    kept = {"web": Group("web"), "db": Group("db", places=(AT_A,))}
    assert groups.of_config(config, kept) == {"db": kept["db"], "web": found(config)}
    # A TPG was deleted meanwhile.
    gone = {"db": Group("db", places=(AT_A, (A, 7)))}
    assert groups.of_config(config, gone)["db"].places == (AT_A,)


def test_a_member_with_other_luns_is_marked() -> None:
    config = world(a=tpg(acl(H1, "web", m0=0), acl(H2, "web", m1=0), luns=(R1,)))
    assert found(config).differing == ((AT_A, H1), (AT_A, H2))


def test_a_new_member_gets_an_acl_and_the_luns_everywhere() -> None:
    config = world(a=tpg(acl(H1, "web", m4=0), luns=(R1,)), b=tpg(acl(H1, "web", m4=0), luns=(R1,)))
    after = groups.join(config, found(config), H2, (AT_A, AT_B))
    assert sees(after, AT_A, H2) == sees(after, AT_B, H2) == {4: "r1"}
    assert found(after).members == (H1, H2)
    with pytest.raises(Exists, match="already"):
        groups.join(after, found(after), H2, (AT_A, AT_B))


def test_the_first_member_of_a_new_group_brings_its_luns() -> None:
    config = world(a=tpg(acl(H1, m3=0), luns=(R1,)))
    after = groups.join(config, Group("web"), H1, (AT_A,))
    assert found(after).luns == {3: GroupLun(3, R1)}


def test_own_luns_of_a_new_member_go_only_if_that_is_said() -> None:
    config = world(a=tpg(acl(H1, "web", m0=0), acl(H2, m0=0, m5=1), luns=(R1, R2)))
    with pytest.raises(InvalidValue, match=r"does not have: 5 \(ramdisk/r2\)") as told:
        groups.join(config, found(config), H2, (AT_A,))
    assert told.value.hint.startswith("replace=true")
    after = groups.join(config, found(config), H2, (AT_A,), replaces=True)
    assert sees(after, AT_A, H2) == {0: "r1"}


def test_an_initiator_is_in_one_group_of_a_tpg() -> None:
    config = world(a=tpg(acl(H1, "web"), acl(H2, "db")))
    with pytest.raises(Exists, match="in the group db") as told:
        groups.join(config, found(config), H2, (AT_A,))
    assert told.value.hint == f"group leave db {H2}"


def test_a_kept_group_gives_its_luns_to_the_first_member() -> None:
    kept = Group("web", {0: GroupLun(0, R2), 7: GroupLun(7, R1, True)}, (AT_A,))
    config = world(a=tpg(luns=(R3,)))
    after = groups.join(config, kept, H1, (AT_A,))
    assert found(after).luns == kept.luns
    # LUN 0 of the TPG is another disk: the LUN there has another number, the initiator's stays.
    assert {index: lun.storage_object for index, lun in after.targets[A].tpgs[1].luns.items()} == {
        0: R3,
        1: R2,
        7: R1,
    }
    with pytest.raises(NotFound, match="LUN 0 of the group, fileio/gone, does not exist"):
        groups.join(config, Group("web", {0: GroupLun(0, ("fileio", "gone"))}), H1, (AT_A,))


def test_who_leaves_loses_the_luns_and_keeps_the_acl() -> None:
    config = world(a=tpg(acl(H1, "web", m0=0), acl(H2, "web", m0=0), luns=(R1,)))
    after = groups.leave(config, found(config), H2)
    assert sees(after, AT_A, H2) == {} and found(after).members == (H1,)
    after = groups.leave(config, found(config), H2, keeps=True)
    assert sees(after, AT_A, H2) == {0: "r1"} and found(after).members == (H1,)
    with pytest.raises(NotFound, match="not in the group") as told:
        groups.leave(config, found(config), H3)
    assert told.value.hint == f"its members: {H1}, {H2}"


def test_a_number_is_free_for_all_members() -> None:
    config = world(a=tpg(acl(H1, "web", m0=0), luns=(R1,)), b=tpg(acl(H2, "web", m1=0), luns=(R2,)))
    group = found(config)
    assert groups.choose_number(config, group, R3, None) == 2
    assert groups.choose_number(config, group, R3, None, lambda number: number > 4) == 5
    # Some see it already: the others get it under the same number.
    assert groups.choose_number(config, group, R2, None) == 1
    with pytest.raises(Exists, match="LUN 1 is ramdisk/r2"):
        groups.choose_number(config, group, R3, 1)
    with pytest.raises(Exists, match="has ramdisk/r2 as LUN 1") as told:
        groups.choose_number(config, group, R2, 9)
    assert told.value.hint == "group unmap web /backstores/ramdisk/r2"
    with pytest.raises(LioError, match="all LUNs"):
        groups.choose_number(config, group, R3, None, lambda number: False)


def test_map_completes_and_changes_the_access() -> None:
    config = world(
        a=tpg(acl(H1, "web", m1=0), luns=(R2,)), b=tpg(acl(H2, "web"), luns=(R1, R1, R3))
    )
    after = groups.map_lun(config, found(config), GroupLun(1, R2))
    assert sees(after, AT_B, H2) == sees(after, AT_A, H1) == {1: "r2"}
    assert after.targets[B].tpgs[1].acls[H2].mapped_luns[1] == MappedLun(1, 3)
    with pytest.raises(Exists, match="already"):
        groups.map_lun(after, found(after), GroupLun(1, R2))
    after = groups.map_lun(after, found(after), GroupLun(1, R2, True))
    assert found(after).luns == {1: GroupLun(1, R2, True)} and not found(after).differing


@pytest.mark.parametrize("demo", ["0", "1"])
def test_unmap_deletes_luns_that_nobody_has_afterwards(demo: str) -> None:
    config = world(
        a=tpg(
            acl(H1, "web", m0=0, m1=1, m2=2),
            acl(H3, m0=2),
            luns=(R1, R2, R3),
            generate_node_acls=demo,
        )
    )
    after = groups.unmap(config, found(config), frozenset({0, 2}))
    assert sees(after, AT_A, H1) == {1: "r2"} and sees(after, AT_A, H3) == {0: "r3"}
    # LUN 0 is the members' alone; LUN 2 another initiator has, too.
    assert list(after.targets[A].tpgs[1].luns) == ([0, 1, 2] if demo == "1" else [1, 2])


def test_ten_thousand_luns_take_as_long_each_as_a_thousand() -> None:
    def seconds(number: int) -> float:
        keys = [("ramdisk", f"r{index}") for index in range(number)]
        objects = {key: StorageObject(key[1], RamDisk(1 << 20), key[1]) for key in keys}
        config = Config(objects, {A: Target(*A, {1: tpg(luns=(keys[-1],))})})
        kept = Group("web", {index: GroupLun(index, key) for index, key in enumerate(keys)})
        start = time.process_time()
        after = groups.join(config, kept, H1, (AT_A,))
        assert len(found(after).luns) == number
        return time.process_time() - start

    fastest = [min(seconds(number) for _ in range(3)) for number in (1000, 10_000)]
    assert fastest[1] < 25 * fastest[0]


# -- groups without members -----------------------------------------------------------------


def test_the_record_of_a_group_comes_back(tmp_path: Path) -> None:
    from rtslib_ext.kernel.configfs import ConfigFS
    from rtslib_ext.steps import Context

    file = kept_groups.file_beside(f"{tmp_path}/saveconfig.json")
    host, context = RealHostFiles(), Context(ConfigFS(str(tmp_path)))
    assert kept_groups.read(host, file) == {}
    web = Group("web", {7: GroupLun(7, R1, True)}, (AT_A,))
    first = kept_groups.keep(file, "web", None, web)
    first.do(context)
    kept_groups.keep(file, "db", None, Group("db")).do(context)
    assert kept_groups.read(host, file) == {"web": web, "db": Group("db")}
    assert (tmp_path / "groups.json").stat().st_mode & 0o777 == 0o600
    # Undoing one leaves what others did since.
    assert first.roll_back(context) == []
    assert kept_groups.read(host, file) == {"db": Group("db")}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"web": []}',
        '{"web": {"luns": [{"index": -1, "storage_object": ["a", "b"]}], "tpgs": []}}',
        '{"web": {"luns": [{"index": 0, "storage_object": "ab3"}], "tpgs": []}}',
        '{"web": {"luns": [], "tpgs": [["iscsi", "a"]]}}',
    ],
)
def test_a_damaged_record_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "groups.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(LioError, match=r"groups.json is damaged"):
        kept_groups.read(RealHostFiles(), str(file))


def test_the_operation_is_its_own_inverse() -> None:
    step = kept_groups.keep("/f", "web", Group("web"), None)
    (operation,) = step.operations
    assert isinstance(operation, SetEntry)
    back = operation.inverse()
    assert back == replace(operation, text=operation.before, before=operation.text)
