# SPDX-License-Identifier: Apache-2.0
"""What a restore could not create: found, recorded, kept, and dropped with what held it."""

from __future__ import annotations

from pathlib import Path

from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import (
    Auth,
    Config,
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
