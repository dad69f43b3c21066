# SPDX-License-Identifier: Apache-2.0
"""What a restore could not create: found, recorded, kept, and dropped with what held it."""

from __future__ import annotations

from pathlib import Path

from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import (
    AluaGroup,
    Auth,
    Config,
    FabricSettings,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.savefile import loads, unrestored
from rtslib_ext.savefile.unrestored import Unrestored

IQN, INITIATOR = "iqn.2003-01.org.example:a", "iqn.2003-01.org.example:i"
KEY = ("iscsi", IQN)
TARGET = f"/iscsi/{IQN}"
TPG = f"{TARGET}/tpg1"
R1, R2 = (StorageObject(name, RamDisk(4096)) for name in ("r1", "r2"))


def config(**changes: object) -> Config:
    """Two LUNs for one initiator; the arguments are fields of the TPG."""
    acl = NodeAcl(INITIATOR, {n: MappedLun(n, n) for n in (0, 1)}, auth=Auth("u", "p", "", ""))
    tpg = Tpg(
        1,
        enable=True,
        attributes={"authentication": "1"},
        luns={0: Lun(0, R1.key), 1: Lun(1, R2.key)},
        portals={"127.0.0.1:3260": Portal("127.0.0.1", 3260)},
        acls={INITIATOR: acl},
    )
    target = Target("iscsi", IQN, {1: replace(tpg, **changes)}, {"x": "1"})
    return Config({R1.key: R1, R2.key: R2}, {KEY: target}, lu_groups={"g": "7"})


WANT = config()


def recorded(found: Unrestored, folder: Path) -> Unrestored:
    """The same, once it was written and read."""
    file = str(folder / "run" / "unrestored.json")
    unrestored.store(file, found)
    return unrestored.load(file)


def check(have: Config, paths: set[str], folder: Path) -> None:
    """What must be missing; with it, the wanted configuration must be complete again."""
    found = unrestored.find(WANT, have, have.storage_objects)
    assert set(found.paths) == paths
    again = recorded(found, folder)
    assert set(again.paths) == paths
    left = unrestored.remaining(again, have, have.storage_objects)
    assert set(left.paths) == paths
    kept = unrestored.keep(have, left)
    assert unrestored.find(WANT, kept, kept.storage_objects) == Unrestored()
    assert {so.name for so in kept.storage_objects.values()} == {"r1", "r2"}
    tpg = kept.targets[KEY].tpgs[1]
    assert tpg.enable is True and tpg.attributes == {"authentication": "1"}
    assert tpg.acls[INITIATOR].auth.password == "p"


def test_nothing_is_missing(tmp_path: Path) -> None:
    check(WANT, set(), tmp_path)


def test_everything_is_missing(tmp_path: Path) -> None:
    paths = {R1.path, R2.path, "/backstores/lu_gps/g", TARGET}
    check(Config(), {str(path) for path in paths}, tmp_path)


def test_parts_are_missing(tmp_path: Path) -> None:
    portal, acl = f"{TPG}/portals/127.0.0.1:3260", f"{TPG}/acls/{INITIATOR}"
    check(config(portals={}), {portal}, tmp_path)
    check(config(acls={}), {acl}, tmp_path)
    check(config(enable=False), {f"{TPG}/enable"}, tmp_path)
    check(config(enable=False, portals={}), {f"{TPG}/enable", portal}, tmp_path)
    target = replace(WANT.targets[KEY], tpgs={})
    check(replace(WANT, targets={KEY: target}), {TPG}, tmp_path)


def test_disabled_later_is_not_enabled_by_a_save(tmp_path: Path) -> None:
    found = recorded(unrestored.find(WANT, config(portals={}), WANT.storage_objects), tmp_path)
    have = config(portals={}, enable=False)
    kept = unrestored.keep(have, unrestored.remaining(found, have, have.storage_objects))
    assert kept.targets[KEY].tpgs[1].enable is False
    assert kept.targets[KEY].tpgs[1].portals


def test_dropped_with_what_held_it(tmp_path: Path) -> None:
    have = config(enable=False, portals={})
    found = recorded(unrestored.find(WANT, have, have.storage_objects), tmp_path)
    assert found.paths
    for gone in (
        replace(WANT, targets={}),
        replace(WANT, targets={KEY: replace(WANT.targets[KEY], tpgs={})}),
    ):
        assert not unrestored.remaining(found, gone, gone.storage_objects)


def test_created_by_hand_is_not_missing(tmp_path: Path) -> None:
    found = recorded(unrestored.find(WANT, Config(), {}), tmp_path)
    have = config(luns={}, acls={})
    left = unrestored.remaining(found, have, have.storage_objects)
    assert not left


def test_mapped_luns_of_a_missing_acl_do_not_lead_to_another_disk(tmp_path: Path) -> None:
    have = config(acls={}, luns={0: Lun(0, R1.key)})
    found = recorded(unrestored.find(WANT, have, {R1.key: R1}), tmp_path)
    other = config(acls={}, luns={0: Lun(0, R1.key), 1: Lun(1, R1.key)})
    left = unrestored.remaining(found, other, {R1.key: R1})
    acl = left.part.targets[KEY].tpgs[1].acls[INITIATOR]
    assert list(acl.mapped_luns) == [0]


GROUP = AluaGroup("standby", 5, {"alua_access_state": "2"})
FULL = replace(
    R1,
    wwn="11",
    attributes={"emulate_tpu": "1", "block_size": "4096"},
    alua_groups={"standby": GROUP},
    identity={"vendor_id": "A"},
    lu_group="g",
)
PLAIN = replace(R1, wwn="11", attributes={"emulate_tpu": "0", "block_size": "4096"})
GROUP_PATH = f"{R1.path}/alua/standby"
REFUSED = {
    f"{R1.path}/emulate_tpu",
    f"{R1.path}/vendor_id",
    f"{R1.path}/alua_lu_gp",
    GROUP_PATH,
    f"{TPG}/luns/lun0/alua_tg_pt_gp_name",
    f"{TPG}/MaxConnections",
    f"{TPG}/rtpi",
    f"{TPG}/acls/{INITIATOR}/dataout_timeout",
    f"{TPG}/acls/{INITIATOR}/password",
    f"{TARGET}/fabric_prot_type",
    "/iscsi/discovery_auth enable",
}


def with_settings(so: StorageObject, *, whole: bool) -> Config:
    """The configuration with settings of each kind, or with what a kernel left of them."""
    acl = NodeAcl(
        INITIATOR,
        {0: MappedLun(0, 0)},
        attributes={"dataout_timeout": "7" if whole else "3"},
        auth=Auth("u", "p" if whole else "", "", ""),
    )
    tpg = Tpg(
        1,
        enable=True,
        parameters={"MaxConnections": "2" if whole else "1"},
        files={"rtpi": "9" if whole else "1"},
        luns={0: Lun(0, R1.key, alua_group="standby" if whole else "default_tg_pt_gp")},
        acls={INITIATOR: acl},
    )
    target = Target("iscsi", IQN, {1: tpg}, {"fabric_prot_type": "1" if whole else "0"})
    fabric = FabricSettings("iscsi", discovery_enable=whole)
    return Config({R1.key: so}, {KEY: target}, {"iscsi": fabric}, {"g": "7"})


WHOLE, LEFT = with_settings(FULL, whole=True), with_settings(PLAIN, whole=False)


def test_refused_settings_of_each_kind_are_kept(tmp_path: Path) -> None:
    found = unrestored.find(WHOLE, LEFT, LEFT.storage_objects, REFUSED)
    assert set(found.paths) == REFUSED
    again = recorded(found, tmp_path)
    left = unrestored.remaining(again, LEFT, LEFT.storage_objects)
    assert set(left.paths) == REFUSED and left.instead == found.instead
    assert unrestored.keep(LEFT, left) == WHOLE


def test_settings_that_were_not_refused_are_not_kept(tmp_path: Path) -> None:
    found = unrestored.find(WHOLE, LEFT, LEFT.storage_objects, {f"{TPG}/rtpi"})
    assert found.paths == (f"{TPG}/rtpi",)
    kept = unrestored.keep(LEFT, recorded(found, tmp_path))
    assert kept.targets[KEY].tpgs[1].files == {"rtpi": "9"}
    assert kept.storage_objects == LEFT.storage_objects


def test_settings_that_were_set_are_not_missing(tmp_path: Path) -> None:
    found = recorded(unrestored.find(WHOLE, LEFT, LEFT.storage_objects, REFUSED), tmp_path)
    assert not unrestored.remaining(found, WHOLE, WHOLE.storage_objects)


def test_setting_that_was_changed_since_is_dropped(tmp_path: Path) -> None:
    names = {f"{R1.path}/block_size", f"{R1.path}/emulate_tpu"}
    have = replace(PLAIN, attributes={"emulate_tpu": "0", "block_size": "512"})
    before = replace(LEFT, storage_objects={R1.key: have})
    found = recorded(unrestored.find(WHOLE, before, {R1.key}, names), tmp_path)
    assert set(found.paths) == names
    have = replace(PLAIN, attributes={"emulate_tpu": "0", "block_size": "1024"})
    now = replace(LEFT, storage_objects={R1.key: have})
    left = unrestored.remaining(found, now, {R1.key})
    assert left.paths == (f"{R1.path}/emulate_tpu",)
    kept = unrestored.keep(now, left).storage_objects[R1.key]
    assert kept.attributes == {"emulate_tpu": "1", "block_size": "1024"}


def test_settings_of_other_objects_in_the_place_are_dropped(tmp_path: Path) -> None:
    found = recorded(unrestored.find(WHOLE, LEFT, LEFT.storage_objects, REFUSED), tmp_path)
    # A fabric is never gone: its settings are those it has once it is loaded.
    assert unrestored.remaining(found, Config(), {}).paths == ("/iscsi/discovery_auth enable",)
    another = replace(LEFT, storage_objects={R1.key: replace(PLAIN, wwn="22")})
    left = unrestored.remaining(found, another, {R1.key})
    assert left.paths and not any(path.startswith(R1.path) for path in left.paths)
    tpg = replace(LEFT.targets[KEY].tpgs[1], luns={0: Lun(0, R2.key)})
    other = replace(LEFT, targets={KEY: replace(LEFT.targets[KEY], tpgs={1: tpg})})
    left = unrestored.remaining(found, other, {R1.key})
    assert not any("/luns/" in path for path in left.paths)


def test_record_ends_when_nothing_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "unrestored.json"
    unrestored.store(str(file), unrestored.find(WANT, Config(), {}))
    assert file.stat().st_mode & 0o777 == 0o600
    unrestored.store(str(file), Unrestored())
    assert not file.exists()
    unrestored.store(str(file), Unrestored())
    assert unrestored.load(str(file)) == Unrestored()


def test_mark_in_a_file_must_be_a_list_of_texts() -> None:
    for value in ("1", '["/a", 1]', '"x"'):
        found = loads(f'{{"storage_objects": [], "rtslib_ext": {{"unrestored": {value}}}}}')
        (problem,) = found.problems
        assert problem.where == "rtslib_ext.unrestored"
