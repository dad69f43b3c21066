# SPDX-License-Identifier: Apache-2.0
"""A configuration with an object under another's key is refused when it is created."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import (
    AluaGroup,
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
from rtslib_ext.errors import InvalidValue
from rtslib_ext.fast_dataclasses import replace

DISK = StorageObject("disk1", RamDisk(1 << 20))
WWN = "iqn.2003-01.org.example:a"
ANY: Any = "anything"
TPG = Tpg(1, luns={0: Lun(0, DISK.key)})


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: Config({("ramdisk", "disk2"): DISK}),
            "storage_objects[('ramdisk', 'disk2')] is the StorageObject ('ramdisk', 'disk1')",
        ),
        (
            lambda: Config({ANY: DISK}),
            "storage_objects['anything'] is the StorageObject ('ramdisk', 'disk1')",
        ),
        (
            lambda: Config(targets={("loopback", WWN): Target("iscsi", WWN)}),
            f"targets[('loopback', '{WWN}')] is the Target ('iscsi', '{WWN}')",
        ),
        (
            lambda: Config(fabrics={"srpt": FabricSettings("iscsi")}),
            "fabrics['srpt'] is the FabricSettings 'iscsi'",
        ),
        (
            lambda: Config({DISK.key: ANY}),
            "storage_objects[('ramdisk', 'disk1')] is a str, not a StorageObject",
        ),
        (lambda: Target("iscsi", WWN, {2: TPG}), f"/iscsi/{WWN}: tpgs[2] is the Tpg 1"),
        (lambda: Tpg(1, luns={1: Lun(0, DISK.key)}), "TPG 1: luns[1] is the Lun 0"),
        (lambda: Tpg(1, luns={ANY: Lun(0, DISK.key)}), "TPG 1: luns['anything'] is the Lun 0"),
        (lambda: replace(TPG, luns={0: ANY}), "TPG 1: luns[0] is a str, not a Lun"),
        (
            lambda: Tpg(1, portals={"[::1]": Portal("[::1]", 3260)}),
            "TPG 1: portals['[::1]'] is the Portal '[::1]:3260'",
        ),
        (
            lambda: Tpg(2, acls={f"{WWN}b": NodeAcl(WWN)}),
            f"TPG 2: acls['{WWN}b'] is the NodeAcl '{WWN}'",
        ),
        (
            lambda: NodeAcl(WWN, {0: MappedLun(1, 0)}),
            f"ACL {WWN}: mapped_luns[0] is the MappedLun 1",
        ),
        (
            lambda: replace(DISK, alua_groups={"a": AluaGroup("b", 1)}),
            "/backstores/ramdisk/disk1: alua_groups['a'] is the AluaGroup 'b'",
        ),
        (lambda: Lun(3, ANY), "LUN 3: the storage object is 'anything', not (plugin, name)"),
        (lambda: Lun(3, ANY[:1]), "LUN 3: the storage object is 'a', not (plugin, name)"),
    ],
)
def test_a_wrong_key_is_refused_at_once(make: Callable[[], object], text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        make()
    assert str(refused.value) == text


def test_right_keys_are_taken() -> None:
    portal, acl = Portal("[::1]", 3260), NodeAcl(WWN, {7: MappedLun(7, 0)})
    tpg = replace(TPG, portals={portal.name: portal}, acls={acl.wwn: acl})
    target = Target("iscsi", WWN, {1: tpg})
    disk = replace(DISK, alua_groups={"a": AluaGroup("a", 1)})
    fabrics = {"iscsi": FabricSettings("iscsi")}
    config = Config({disk.key: disk}, {target.key: target}, fabrics, {"group1": "1"})
    assert config.targets[target.key].tpgs[1].acls[WWN].mapped_luns == {7: MappedLun(7, 0)}
