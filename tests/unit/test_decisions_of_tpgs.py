# SPDX-License-Identifier: Apache-2.0
"""Small decisions about TPGs and their numbers that a random change must not pass unnoticed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rtslib_ext.config.backing import FileIO, RamDisk
from rtslib_ext.config.model import (
    Config,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.errors import InvalidValue
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel import paths
from rtslib_ext.kernel import rtpi as numbers
from rtslib_ext.kernel.configfs import ConfigFS, ConfigfsPath
from rtslib_ext.plan import diff, purge
from rtslib_ext.reading.reader import Reader
from rtslib_ext.staging import default_groups
from rtslib_ext.staging.tree import StagedFS
from rtslib_ext.steps import Context, rtpi
from rtslib_ext.steps.operations import Write
from rtslib_ext.transaction import incomplete
from rtslib_ext.usage import host_paths, port_numbers

IQN = "iqn.2003-01.org.example:store"
HOST = "iqn.2003-01.org.example:host"
DISK = StorageObject("disk", RamDisk(1 << 20), wwn="0001")
NOWHERE = ConfigFS("/nonexistent")


def tpg_in(folder: Path, fabric: str, wwn: str, **files: str) -> ConfigfsPath:
    """Make the directory of a TPG with these files."""
    path = paths.tpg(FABRICS[fabric], wwn, 1)
    (folder / path).mkdir(parents=True)
    for name, text in files.items():
        (folder / path / name).write_text(f"{text}\n")
    return path


def change_of(have: Tpg, want: Tpg, shown: str | None = None) -> list[str]:
    """Return the texts of the steps from a target with one TPG to that with the other."""
    before, after = (
        Config({DISK.key: DISK}, {("iscsi", IQN): Target("iscsi", IQN, {1: tpg})})
        for tpg in (have, want)
    )
    found = diff.plan(
        before,
        after,
        lambda key: ConfigfsPath("core/rd_mcp_0/disk"),
        paths.HbaAllocator(NOWHERE),
        look=lambda file: shown,
    )
    return [f"{step.path.removeprefix(f'/iscsi/{IQN}')} {step.text}" for step in found.steps]


# -- plans ----------------------------------------------------------------------------------------


def test_a_lun_that_is_not_wanted_is_only_deleted() -> None:
    have = Tpg(1, luns={0: Lun(0, DISK.key), 1: Lun(1, DISK.key)})
    want = Tpg(1, luns={1: Lun(1, DISK.key)})
    assert change_of(have, want) == ["/tpg1/luns/lun0 delete LUN 0 (ramdisk/disk)"]


def test_only_a_number_that_was_set_is_given_away_before_the_new_one() -> None:
    want = Tpg(1, enable=False, files={"rtpi": "7"})
    assert change_of(Tpg(1, enable=False), want, "5") == ["/tpg1 set rtpi=0x7"]
    had = Tpg(1, enable=False, files={"rtpi": "5"})
    assert change_of(had, want, "5") == ["/tpg1 set rtpi=0x0", "/tpg1 set rtpi=0x7"]


def test_a_setting_that_changes_the_product_is_undone_with_it() -> None:
    file = FileIO("/disk.img", 1 << 20)
    have = StorageObject("disk", file, wwn="1", attributes={"emulate_model_alias": "0"})
    want = StorageObject("disk", file, wwn="1", attributes={"emulate_model_alias": "1"})
    found = diff.plan(
        Config({have.key: have}),
        Config({want.key: want}),
        lambda key: ConfigfsPath("core/fileio_0/disk"),
        paths.HbaAllocator(NOWHERE),
    )
    undone = [item for step in found.steps for item in step.undo or () if isinstance(item, Write)]
    assert "product_id" in [paths.name_of(item.file) for item in undone]


def test_an_enabled_tpg_is_disabled_before_its_content_is_deleted(tmp_path: Path) -> None:
    for fabric, wwn, enable in (("iscsi", IQN, "1"), ("iscsi", f"{IQN}2", "0")):
        tpg_in(tmp_path, fabric, wwn, enable=enable)
        (tmp_path / paths.tpg(FABRICS[fabric], wwn, 1) / "lun/lun_0").mkdir(parents=True)
    reader = Reader(ConfigFS(str(tmp_path)))
    for wwn, disables in ((IQN, ["disable"]), (f"{IQN}2", [])):
        words = [step.text.split()[0] for step in purge.target(reader, FABRICS["iscsi"], wwn)]
        assert words == [*disables, "delete", "delete", "delete"]


def test_only_luns_of_the_document_are_deleted_as_incomplete(tmp_path: Path) -> None:
    """Another program may create one at the same moment."""
    folder = tmp_path / tpg_in(tmp_path, "iscsi", IQN, enable="0") / "lun"
    for number in (0, 5):
        (folder / f"lun_{number}").mkdir(parents=True)
    target = Target("iscsi", IQN, {1: Tpg(1, luns={0: Lun(0, DISK.key)})})
    incomplete.remove(Context(ConfigFS(str(tmp_path))), Config(targets={target.key: target}))
    assert [one.name for one in folder.iterdir()] == ["lun_5"]


# -- relative target port identifiers -------------------------------------------------------------


def test_only_a_tpg_with_a_number_and_without_enable_is_unregistered(tmp_path: Path) -> None:
    wwns = [f"naa.600140500000000{number}" for number in range(3)]
    with_number = tpg_in(tmp_path, "loopback", wwns[0], rtpi="7")
    tpg_in(tmp_path, "loopback", wwns[1], rtpi="0")
    tpg_in(tmp_path, "loopback", wwns[2])
    tpg_in(tmp_path, "iscsi", IQN, rtpi="9", enable="0")
    found = list(port_numbers.unregistered(ConfigFS(str(tmp_path))))
    assert found == [(7, with_number)]


@pytest.mark.parametrize(
    ("text", "is_set", "writes", "has_numbers"),
    [("7", True, 1, True), ("0", True, 0, True), ("7", False, 0, True), (None, False, 0, False)],
)
def test_only_a_number_that_was_set_is_written_again(
    text: str | None, is_set: bool, writes: int, has_numbers: bool, tmp_path: Path
) -> None:
    tpg = tpg_in(tmp_path, "iscsi", IQN, **({"rtpi": text} if text else {}))
    fs = ConfigFS(str(tmp_path))
    if is_set:
        numbers.mark(fs, tpg, is_set=True)
    before = fs.changes
    assert rtpi.keep(Context(fs), tpg) is has_numbers
    assert fs.changes - before == writes


def test_a_number_is_checked_only_where_it_is_set(tmp_path: Path) -> None:
    """0, as which one that the kernel chooses is noted, is no valid number."""
    tpg = tpg_in(tmp_path, "iscsi", IQN, rtpi="5", enable="0")
    fs = ConfigFS(str(tmp_path))
    numbers.mark(fs, tpg, is_set=True)
    rtpi.SetRtpi(tpg, "0", "5", "/iscsi", is_set=False, was_set=True).do(Context(fs))
    assert not numbers.is_set(fs, tpg)
    assert (tmp_path / tpg / "rtpi").stat().st_mode & stat.S_ISVTX == 0
    with pytest.raises(InvalidValue):
        rtpi.SetRtpi(tpg, "0x10000", "5", "/iscsi").do(Context(fs))


# -- staged objects -------------------------------------------------------------------------------


def test_the_root_of_the_tree_is_always_there() -> None:
    fs = StagedFS(NOWHERE)
    assert fs.is_dir(ConfigfsPath(""))
    assert fs.is_dir(ConfigfsPath(paths.CORE))
    assert not fs.is_dir(ConfigfsPath("iscsi"))


def test_a_staged_storage_object_has_the_files_of_one() -> None:
    files = default_groups.files("core/fileio_0/disk")
    assert {"control", "enable", "info", "udev_path"} <= files.keys()


# -- paths of hosts -------------------------------------------------------------------------------


def test_hosts_are_looked_for_in_all_tpgs_of_all_targets() -> None:
    """A target without ACLs, and a TPG that is disabled, do not end it."""
    acl = NodeAcl(HOST, mapped_luns={0: MappedLun(0, 0)})
    portals = {"192.0.2.1:3260": Portal("192.0.2.1", 3260)}
    off, on = (
        Tpg(tag, enable=tag == 2, luns={0: Lun(0, DISK.key)}, acls={HOST: acl}, portals=portals)
        for tag in (1, 2)
    )
    targets = [Target("loopback", "naa.6001405000000001", {1: Tpg(1)})]
    targets.append(Target("iscsi", IQN, {1: off, 2: on}))
    config = Config({DISK.key: DISK}, {one.key: one for one in targets})
    (found,) = host_paths.of_config(Reader(NOWHERE), config, lambda address: True)
    assert (found.host, found.expected, found.state) == (HOST, 1, host_paths.NONE)
