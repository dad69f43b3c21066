# SPDX-License-Identifier: Apache-2.0
"""Edits of a configuration change one object, and nothing else."""

from __future__ import annotations

import pytest

from rtslib_ext.config import refactor
from rtslib_ext.config.backing import FileIO
from rtslib_ext.config.model import (
    AluaGroup,
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

DISK, OTHER = ("fileio", "disk"), ("fileio", "other")
TARGET = ("iscsi", "iqn.2003-01.org.example:a")
HOST, GUEST = "iqn.2003-01.org.example:host", "iqn.2003-01.org.example:guest"
ACL = NodeAcl(
    HOST,
    {3: MappedLun(3, 0, True, "link1")},
    {"dataout_timeout": "5"},
    Auth("u", "secret"),
    tag="web",
    cmdsn_depth="16",
)
TPG = Tpg(
    1,
    True,
    luns={0: Lun(0, DISK, "link2", "g1"), 1: Lun(1, OTHER, "link3")},
    portals={"[::0]:3260": Portal("[::0]", 3260)},
    acls={HOST: ACL},
    files={"rtpi": "7", "other": "1"},
)
CONFIG = Config(
    {
        DISK: StorageObject(
            "disk", FileIO("/d", 1024), "serial", {"a": "1"}, {"g1": AluaGroup("g1", 7)}
        ),
        OTHER: StorageObject("other", FileIO("/o", 1024), "serial2"),
    },
    {TARGET: Target(*TARGET, {1: TPG, 2: Tpg(2, luns={5: Lun(5, DISK, "link4")})})},
)


def test_replace_backing_changes_what_is_behind_only() -> None:
    backing = FileIO("/new", 2048)
    after = refactor.replace_backing(CONFIG, DISK, backing)
    assert after.storage_objects[DISK] == replace(CONFIG.storage_objects[DISK], backing=backing)
    assert refactor.replace_backing(after, DISK, FileIO("/d", 1024)) == CONFIG


def test_rename_storage_object_takes_its_luns_along() -> None:
    after = refactor.rename_storage_object(CONFIG, DISK, "new")
    assert list(after.storage_objects) == [("fileio", "new"), OTHER]
    exported = {
        (tag, index): lun.storage_object
        for tag, tpg in after.targets[TARGET].tpgs.items()
        for index, lun in tpg.luns.items()
    }
    assert exported == {(1, 0): ("fileio", "new"), (1, 1): OTHER, (2, 5): ("fileio", "new")}
    assert refactor.rename_storage_object(after, ("fileio", "new"), "disk") == CONFIG


@pytest.mark.parametrize(
    ("named", "identity", "expected"),
    [
        (False, {}, {}),
        (True, {}, {"product_id": "disk"}),
        (True, {"vendor_id": "V"}, {"vendor_id": "V", "product_id": "disk"}),
        (True, {"product_id": "own"}, {"product_id": "own"}),
        (False, {"product_id": "own"}, {"product_id": "own"}),
        (True, {"product_id": "new"}, {}),
    ],
)
def test_a_renamed_storage_object_says_the_same_of_itself(
    named: bool, identity: dict[str, str], expected: dict[str, str]
) -> None:
    so = StorageObject(
        "disk", FileIO("/d", 1024), "s", {"emulate_model_alias": "01"[named]}, identity=identity
    )
    after = refactor.rename_storage_object(Config({DISK: so}), DISK, "new")
    assert after.storage_objects["fileio", "new"].identity == expected
    back = refactor.rename_storage_object(after, ("fileio", "new"), "disk")
    assert back.storage_objects[DISK] == so


def test_rename_acl_keeps_all_it_has() -> None:
    after = refactor.rename_acl(CONFIG, TARGET, 1, HOST, GUEST)
    assert after.targets[TARGET].tpgs[1].acls == {GUEST: replace(ACL, wwn=GUEST)}
    assert refactor.rename_acl(after, TARGET, 1, GUEST, HOST) == CONFIG


def test_clone_acl_copies_no_secret_unless_asked() -> None:
    expected = NodeAcl(
        GUEST, {3: MappedLun(3, 0, True)}, {"dataout_timeout": "5"}, Auth(), None, "16"
    )
    after = refactor.clone_acl(CONFIG, TARGET, 1, HOST, GUEST)
    assert after.targets[TARGET].tpgs[1].acls == {HOST: ACL, GUEST: expected}
    after = refactor.clone_acl(CONFIG, TARGET, 1, HOST, GUEST, credentials=True)
    assert after.targets[TARGET].tpgs[1].acls[GUEST] == replace(expected, auth=ACL.auth)


def test_clone_target_exports_the_same_with_links_and_ports_of_its_own() -> None:
    wwn = "iqn.2003-01.org.example:b"
    after = refactor.clone_target(CONFIG, TARGET, wwn)
    assert after.targets[TARGET] == CONFIG.targets[TARGET]
    assert after.storage_objects == CONFIG.storage_objects
    found = after.targets["iscsi", wwn]
    assert found.wwn == wwn
    assert found.tpgs[1] == replace(
        TPG,
        luns={0: Lun(0, DISK, None, "g1"), 1: Lun(1, OTHER)},
        acls={HOST: replace(ACL, mapped_luns={3: MappedLun(3, 0, True)})},
        files={"other": "1"},
    )
