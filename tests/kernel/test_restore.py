# SPDX-License-Identifier: Apache-2.0
"""Bringing up what is missing, and what becomes of the rest when a part cannot be had."""

from __future__ import annotations

import errno
import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext import restore, savefile
from rtslib_ext.config.backing import FileIO, RamDisk
from rtslib_ext.config.model import AluaGroup, Auth, Config, FabricSettings, StorageObject
from rtslib_ext.errors import InvalidValue, KernelRefused
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel import setup
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.transaction import apply, clear
from rtslib_ext.transaction.executor import Outcome

IQN = "iqn.2003-01.org.example:store"
TPG = f"iscsi/{IQN}/tpgt_1"


def disk(number: int) -> dict[str, Any]:
    """A storage object."""
    return {"name": f"disk{number}", "plugin": "ramdisk", "size": 4096, "wwn": f"000{number}"}


def document(disks: int, hosts: int) -> Config:
    """A target with so many LUNs, all of them mapped to so many hosts."""
    luns = [
        {"index": n, "storage_object": f"/backstores/ramdisk/disk{n}", "alias": f"lun{n}"}
        for n in range(disks)
    ]
    mapped = [{"index": n, "tpg_lun": n, "alias": f"map{n}"} for n in range(disks)]
    acls = [
        {"node_wwn": f"iqn.2003-01.org.example:host{n}", "mapped_luns": mapped}
        for n in range(hosts)
    ]
    portals = [{"ip_address": "127.0.0.1", "port": 3260 + n} for n in range(hosts)]
    tpg = {"tag": 1, "luns": luns, "node_acls": acls, "portals": portals}
    whole = {
        "storage_objects": [disk(n) for n in range(disks)],
        "targets": [{"fabric": "iscsi", "wwn": IQN, "tpgs": [tpg]}],
    }
    return savefile.loads(json.dumps(whole)).config


def run(fs: ConfigFS, want: Config, *, keep: bool = False) -> Outcome:
    """Restore, without a failure."""
    outcome = restore.restore(fs, want, keep=keep)
    assert [str(failure) for failure in outcome.failures] == []
    return outcome


@pytest.fixture
def fs(configfs: object) -> ConfigFS:
    """The kernel, with nothing configured."""
    return ConfigFS()


def test_what_is_missing_is_made(fs: ConfigFS) -> None:
    run(fs, document(2, 1))
    running = Reader(fs).config()
    run(fs, document(4, 2), keep=True)
    grown = Reader(fs).config()
    tpg = grown.targets[("iscsi", IQN)].tpgs[1]
    assert (len(grown.storage_objects), len(tpg.luns), len(tpg.portals)) == (4, 4, 2)
    assert [len(acl.mapped_luns) for acl in tpg.acls.values()] == [4, 4]
    before = running.targets[("iscsi", IQN)].tpgs[1]
    assert {index: tpg.luns[index] for index in before.luns} == before.luns


def test_what_is_there_is_not_touched(fs: ConfigFS) -> None:
    run(fs, document(2, 1))
    fs.write(f"{TPG}/attrib/login_timeout", "20")
    saved = savefile.dumps(Reader(fs).config())
    outcome = run(fs, document(2, 1), keep=True)
    assert outcome.done == []
    assert savefile.dumps(Reader(fs).config()) == saved


def test_the_observer_is_told_what_changed(fs: ConfigFS) -> None:
    run(fs, document(2, 1))
    attributes = Reader(fs).config().storage_objects[("ramdisk", "disk0")].attributes
    clear.everything(fs)
    so = StorageObject("r1", RamDisk(1 << 20), attributes={**attributes, "emulate_caw": "0"})
    told: list[str] = []
    outcome = restore.restore(fs, Config({so.key: so}), lambda step: told.append(step.text))
    # A new object has the other attributes already.
    assert told == ["create ramdisk r1 on memory", "set emulate_caw=0"]
    assert [step.text for step in outcome.done] == told
    clear.everything(fs, lambda step: told.append(step.text))
    assert told[2:] == ["delete ramdisk r1"]


def test_clearing_leaves_the_kernel_as_it_was(fs: ConfigFS) -> None:
    """With settings of the fabric, groups and links that belong to no single target."""
    run(fs, document(1, 1))
    clear.everything(fs)
    empty = Reader(fs).config()
    want = document(2, 2)
    (disk0, disk1) = want.storage_objects.values()
    group = AluaGroup("group", 7, {"alua_access_type": "1"})
    disk0 = replace(disk0, lu_group="together", alua_groups={"group": group})
    fabric = FabricSettings("iscsi", Auth("user", "secretsecret", "", ""), True)
    want = replace(
        want,
        storage_objects={disk0.key: disk0, disk1.key: disk1},
        fabrics={"iscsi": fabric},
        lu_groups={"together": "5"},
    )
    run(fs, want)
    running = Reader(fs).config()
    assert (running.lu_groups, running.fabrics["iscsi"].discovery_enable) == (
        {"together": "5"},
        True,
    )
    assert clear.everything(fs).failures == []
    assert Reader(fs).config() == empty


def test_a_lun_without_its_disk_leaves_the_others(fs: ConfigFS) -> None:
    want = document(3, 1)
    objects = dict(want.storage_objects)
    del objects[("ramdisk", "disk1")]
    outcome = restore.restore(fs, Config(objects, want.targets))
    assert [str(failure) for failure in outcome.failures] == [
        f"/iscsi/{IQN}/tpg1/luns/lun1: create LUN 1 (ramdisk/disk1): "
        "there is no storage object /backstores/ramdisk/disk1"
    ]
    assert [step.path for step in outcome.skipped] == [
        f"/iscsi/{IQN}/tpg1/acls/iqn.2003-01.org.example:host0/mapped_lun1"
    ]
    tpg = Reader(fs).config().targets[("iscsi", IQN)].tpgs[1]
    assert (sorted(tpg.luns), tpg.enable) == ([0, 2], True)


def test_a_ramdisk_that_does_not_fit_into_memory_is_refused(fs: ConfigFS) -> None:
    """By the check, before the kernel sees it; the rest of the file is restored."""
    objects = [StorageObject("huge", RamDisk(1 << 50)), StorageObject("small", RamDisk(1 << 20))]
    outcome = restore.restore(fs, Config({so.key: so for so in objects}))
    (failure,) = outcome.failures
    assert failure.step.path == "/backstores/ramdisk/huge"
    assert "bytes of free memory" in str(failure)
    assert list(Reader(fs).config().storage_objects) == [("ramdisk", "small")]
    plan = apply.prepare(fs, Config({so.key: so for so in objects}))
    with pytest.raises(InvalidValue, match="bytes of free memory"):
        apply.perform(fs, plan)
    assert list(Reader(fs).config().storage_objects) == [("ramdisk", "small")]


def test_ramdisks_that_fit_each_but_not_together(fs: ConfigFS) -> None:
    objects = [StorageObject(f"r{number}", RamDisk(48 << 20)) for number in range(60)]
    outcome = restore.restore(fs, Config({so.key: so for so in objects}))
    made = Reader(fs).config().storage_objects
    assert 2 < len(made) < 60 and len(made) + len(outcome.failures) == 60
    assert all("free memory" in str(failure) for failure in outcome.failures)
    assert clear.everything(fs).failures == []


def test_clear_leaves_nothing(fs: ConfigFS) -> None:
    run(fs, document(3, 2))
    assert clear.everything(fs).failures == []
    assert Reader(fs).config().is_empty
    assert fs.directories("core") == ["alua"]


class Held(ConfigFS):
    """A tree in which a mapped LUN cannot be taken away."""

    def unlink(self, path: str) -> None:
        if "host1/lun_0/" in path:
            raise KernelRefused("it is held", errno=errno.EBUSY, operation="unlink", file=path)
        super().unlink(path)


def test_a_lun_that_is_still_mapped_is_not_cut_off(fs: ConfigFS) -> None:
    run(fs, document(2, 2))
    outcome = clear.everything(Held())
    path = f"/iscsi/{IQN}/tpg1"
    refused = {failure.step.path: str(failure.error) for failure in outcome.failures}
    assert refused[f"{path}/luns/lun0"] == "it is still mapped"
    assert f"{path}/luns/lun1" not in refused
    tpg = Reader(fs).config().targets[("iscsi", IQN)].tpgs[1]
    assert tpg.luns[0].storage_object == ("ramdisk", "disk0") and list(tpg.luns) == [0]
    assert [list(acl.mapped_luns) for acl in tpg.acls.values()] == [[0]]
    assert clear.everything(fs).failures == []


@pytest.mark.long
def test_a_thousand_luns_for_two_hosts(fs: ConfigFS) -> None:
    run(fs, document(1000, 2))
    saved = savefile.dumps(Reader(fs).config())
    assert clear.everything(fs).failures == []
    run(fs, savefile.loads(saved).config)
    assert savefile.dumps(Reader(fs).config()) == saved


def test_what_an_acl_takes_from_its_tpg(fs: ConfigFS) -> None:
    def target(number: int, of_tpg: str, of_acl: str) -> dict[str, Any]:
        acl = {"node_wwn": "iqn.2003-01.org.example:host", "attributes": {"default_erl": of_acl}}
        tpg = {"tag": 1, "attributes": {"default_erl": of_tpg}, "node_acls": [acl]}
        return {"fabric": "iscsi", "wwn": f"{IQN}{number}", "tpgs": [tpg]}

    # What the first new ACL has says nothing of the next one.
    targets = [target(1, "0", "0"), target(2, "2", "0"), target(3, "2", "2")]
    want = savefile.loads(json.dumps({"targets": targets})).config
    run(fs, want)
    values = [
        acl.attributes["default_erl"]
        for item in Reader(fs).config().targets.values()
        for acl in item.tpgs[1].acls.values()
    ]
    assert values == ["0", "0", "2"]


def test_folders_of_the_kernel_are_made(fs: ConfigFS) -> None:
    assert fs.read("dbroot") == setup.DBROOT
    folders = [Path(setup.DBROOT, name) for name in ("pr", "alua")]
    for folder in folders:
        shutil.rmtree(folder)
    run(fs, document(1, 0))
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700, 0o700]


def test_file_that_is_a_link_to_a_device(fs: ConfigFS, tmp_path: Path) -> None:
    subprocess.run(["modprobe", "brd", "rd_nr=4", "rd_size=16384"], check=True)
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to("/dev/ram0")
    file.write_bytes(bytes(1 << 20))
    objects = [
        # A new object has it of its device, which says nothing of the next one.
        StorageObject(name, FileIO(str(dev), 1 << 20), attributes={"is_nonrot": "1"})
        for name, dev in (("a", link), ("z", file))
    ]
    run(fs, Config({so.key: so for so in objects}))
    found = Reader(fs).config().storage_objects
    assert [so.attributes["is_nonrot"] for so in found.values()] == ["1", "1"]
