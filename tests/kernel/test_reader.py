# SPDX-License-Identifier: Apache-2.0
"""Reading while others take objects away: an object is there whole, or not at all."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from rtslib_ext import restore, savefile
from rtslib_ext.config.model import Config, StorageObject, Tpg
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigFS, Entry, explain
from rtslib_ext.reading.reader import Reader

IQN = "iqn.2003-01.org.example:store"
HOST = "iqn.2003-01.org.example:host"
TPG = f"iscsi/{IQN}/tpgt_1"
R1 = f"{next(paths.hba_candidates('ramdisk', 'r1'))}/r1"
WHOLE = {
    "storage_objects": [
        {
            "name": name,
            "plugin": "ramdisk",
            "size": 1 << 20,
            "alua_tpgs": [{"name": "g", "tg_pt_gp_id": 5, "preferred": 1}],
        }
        for name in ("r1", "r2")
    ],
    "targets": [
        {
            "fabric": "iscsi",
            "wwn": IQN,
            "tpgs": [
                {
                    "tag": 1,
                    "chap_userid": "u",
                    "luns": [{"index": 0, "storage_object": "/backstores/ramdisk/r1"}],
                    "portals": [{"ip_address": "127.0.0.1", "port": 3260}],
                    "node_acls": [
                        {
                            "node_wwn": HOST,
                            "tag": "hosts",
                            "mapped_luns": [{"index": 0, "tpg_lun": 0, "write_protect": True}],
                        }
                    ],
                }
            ],
        }
    ],
}


class Vanishing(ConfigFS):
    """The kernel, as it is when an object goes before so many looks at it and what is in it."""

    def __init__(self, gone: str, looks: int) -> None:
        super().__init__()
        self.gone = gone
        self.looks = looks

    def _is_gone(self, path: str) -> bool:
        if f"{path}/".startswith(f"{self.gone}/"):
            self.looks -= 1
        return self.looks < 0 and f"{path}/".startswith(f"{self.gone}/")

    def _look(self, operation: str, path: str) -> None:
        if self._is_gone(path):
            raise explain(operation, path, OSError(errno.ENOENT, os.strerror(errno.ENOENT)))

    def scan(self, path: str) -> list[Entry]:
        self._look("scan", path)
        found = super().scan(path)
        if self.looks < 0:
            return [entry for entry in found if f"{path}/{entry.name}" != self.gone]
        return found

    def read(self, path: str) -> str:
        self._look("read", path)
        return super().read(path)

    def readlink(self, path: str) -> str:
        self._look("readlink", path)
        return super().readlink(path)

    def is_dir(self, path: str) -> bool:
        return not self._is_gone(path) and super().is_dir(path)

    def exists(self, path: str) -> bool:
        return not self._is_gone(path) and super().exists(path)

    def modes(self, path: str, names: Iterable[str]) -> dict[str, int]:
        self._look("stat", path)
        return super().modes(path, names)


@pytest.fixture
def saved(configfs: Path) -> Config:
    """What runs, with some of everything."""
    restore.restore(ConfigFS(), savefile.loads(json.dumps(WHOLE)).config)
    found = Reader(ConfigFS()).config()
    assert len(found.storage_objects) == 2 and found.targets[("iscsi", IQN)].tpgs[1].acls
    return found


@pytest.mark.parametrize(
    "gone",
    [
        R1,
        f"{R1}/alua/g",
        f"iscsi/{IQN}",
        TPG,
        f"{TPG}/lun/lun_0",
        f"{TPG}/np/127.0.0.1:3260",
        f"{TPG}/acls/{HOST}",
        f"{TPG}/acls/{HOST}/lun_0",
    ],
)
def test_object_that_vanishes_is_not_read_by_half(saved: Config, gone: str) -> None:
    counting = Vanishing(gone, 1 << 30)
    assert Reader(counting).config() == saved
    total = (1 << 30) - counting.looks
    assert total >= 2
    for looks in range(total):
        found = Reader(Vanishing(gone, looks)).config()
        assert all(_is_part(so, saved) for so in found.storage_objects.values()), (gone, looks)
        for target in found.targets.values():
            assert target.parameters == saved.targets[target.key].parameters
            for tpg in target.tpgs.values():
                assert _is_part_of(tpg, saved.targets[target.key].tpgs[tpg.tag]), (gone, looks)


def _is_part(so: StorageObject, saved: Config) -> bool:
    """Whether it is as it was, or without a group that went."""
    had = saved.storage_objects[so.key]
    groups = {name: had.alua_groups[name] for name in so.alua_groups}
    return so == replace(had, alua_groups=groups)


def _is_part_of(tpg: Tpg, had: Tpg) -> bool:
    """Whether a TPG is as it was, but for objects below it that went as a whole."""
    acls = {
        wwn: replace(
            had.acls[wwn],
            mapped_luns={index: had.acls[wwn].mapped_luns[index] for index in acl.mapped_luns},
        )
        for wwn, acl in tpg.acls.items()
    }
    luns = {index: had.luns[index] for index in tpg.luns}
    portals = {name: had.portals[name] for name in tpg.portals}
    return tpg == replace(had, luns=luns, portals=portals, acls=acls)


def test_nothing_is_looked_for_again_that_stays(saved: Config) -> None:
    fs = ConfigFS()
    assert Reader(fs).config() == saved
    before = fs.calls["stat"]
    for number in range(3, 9):
        so = {"name": f"r{number}", "plugin": "ramdisk", "size": 4096}
        restore.restore(ConfigFS(), savefile.loads(json.dumps({"storage_objects": [so]})).config)
    more = ConfigFS()
    assert len(Reader(more).config().storage_objects) == 8
    assert more.calls["stat"] == before
