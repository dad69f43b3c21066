# SPDX-License-Identifier: Apache-2.0
"""resize, rescan and replace, on a storage object that is exported."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext.config.model import Config
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Context, backstores
from rtslib_ext.transaction import apply as applying

from .conftest import Loop
from .harness import ETC, Shell, differences, done, tree

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
HOST = "iqn.2003-01.org.example:host"
MIB = 1 << 20
LOOK_AGAIN = "initiators see the new size after a rescan; on Linux: iscsiadm -m session --rescan"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with a target that one host may log in to."""
    for line in (
        "set global auto_add_default_portal=false",
        f"/iscsi create {IQN}",
        f"{TPG}/acls create {HOST}",
    ):
        shell.ok(line)
    return shell


@pytest.fixture
def disk(user: Shell, disks: Path) -> Path:
    """A file of a MiB that the host sees, with settings of its own."""
    file = disks / "d1.img"
    for line in (
        f"/backstores/fileio create d1 {file} 1M wwn=serial-1",
        "/backstores/fileio/d1 set attribute emulate_tpu=1",
        "/backstores/fileio/d1/alua create g1 7",
        f"{TPG}/luns create /backstores/fileio/d1",
        f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=g1",
    ):
        user.ok(line)
    return file


def running() -> Config:
    return Reader(ConfigFS()).config()


def goes_back(before: Config, shown: dict[str, str]) -> None:
    """Apply what ran before: it is there again, file for file."""
    fs = ConfigFS()
    change = applying.prepare(fs, before)
    assert change.plan
    applying.perform(fs, change)
    assert not applying.differences(fs, change)
    assert differences(tree(), shown) == []


# -- resize -----------------------------------------------------------------------------------


def test_resize_grows_file_and_lun(user: Shell, disk: Path) -> None:
    before, shown = running(), tree()
    expected = [
        "~ /backstores/fileio/d1: would set size: 1.0MiB -> 2.0MiB",
        "Plan: 1 to change.",
        f"Note: /backstores/fileio/d1: {LOOK_AGAIN}",
    ]
    assert user.ok("/backstores/fileio/d1 resize 2M --dry-run").rows == expected
    assert (tree(), disk.stat().st_size) == (shown, MIB)
    assert user.ok("/backstores/fileio/d1 resize 2 M").rows == done(expected)
    assert disk.stat().st_size == 2 * MIB
    assert "(2.0MiB)" in user.ok("/backstores/fileio/d1 status")
    (other,) = differences(tree(), shown)
    assert "/d1/info: " in other
    user.ok("/ saveconfig")
    (saved,) = json.loads((ETC / "saveconfig.json").read_text())["storage_objects"]
    assert saved["size"] == 2 * MIB
    assert user.ok("/backstores/fileio/d1 resize 2M") == "Nothing to change\n"
    goes_back(before, shown)


def test_a_step_of_resize_can_be_taken_back(user: Shell, disk: Path) -> None:
    shown = tree()
    document = checked(user.ok("/backstores/fileio/d1 resize 3M", json=True))
    assert document["data"]["plan"] == [
        {
            "action": "update",
            "path": "/backstores/fileio/d1",
            "text": f"set size={3 * MIB}",
            "setting": "size",
            "before": MIB,
            "after": 3 * MIB,
        }
    ]
    assert [item["path"] for item in document["changes"]] == ["/backstores/fileio/d1"]
    fs = ConfigFS()
    (file,) = Reader(fs).storage_object_paths("fileio")
    so = running().storage_objects["fileio", "d1"]
    assert backstores.grow(so, file, MIB, 3 * MIB).roll_back(Context(fs)) == []
    assert differences(tree(), shown) == []
    assert disk.stat().st_size == 3 * MIB


def test_resize_makes_nothing_smaller(user: Shell, disk: Path) -> None:
    user.refuses("/backstores/fileio/d1 resize 512K", "shrinking it to 524288 would lose data")
    assert disk.stat().st_size == MIB


def test_resize_by_an_amount(user: Shell, disk: Path) -> None:
    path = "/backstores/fileio/d1"
    planned = [f"~ {path}: would set size: 1.0MiB -> 3.0MiB"]
    assert user.ok(f"{path} resize +2M --dry-run").rows[:1] == planned
    assert user.ok(f"{path} resize size=+2M dry_run=true").rows[:1] == planned
    assert user.ok(f"{path} resize +2 M").rows[:1] == done(planned)
    assert disk.stat().st_size == 3 * MIB
    user.refuses(f"{path} resize -1M", f"shrinking it to {2 * MIB} would lose data")
    user.refuses(f"{path} resize -9G", "shrinking it to 0 would lose data")
    user.refuses(f"{path} resize ++1M", "Cannot interpret size, wrong format: +1M")
    assert user.ok(f"{path} resize +0") == "Nothing to change\n"


def test_resize_that_the_file_system_refuses(user: Shell, disk: Path) -> None:
    user.refuses("/backstores/fileio/d1 resize 8E", "out of range")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, limits[1]))
    try:
        user.refuses("/backstores/fileio/d1 resize 3M", "Could not expand file", "/d1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert disk.stat().st_size == MIB


def test_resize_of_a_file_that_is_gone(user: Shell, disk: Path) -> None:
    disk.unlink()
    user.refuses("/backstores/fileio/d1 resize 2M", "no longer exists", "replace")
    assert not disk.exists()


def test_resize_with_protection_information(user: Shell, disks: Path) -> None:
    file = disks / "d2.img"
    user.ok(f"/backstores/fileio create d2 {file} 1M")
    user.ok("/backstores/fileio/d2 set attribute pi_prot_type=1")
    user.refuses("/backstores/fileio/d2 resize 2M", "it has protection information")
    assert file.stat().st_size == MIB
    os.truncate(file, 2 * MIB)
    assert "it has protection information" in user("/backstores/fileio/d2 rescan").stderr


def test_resize_of_memory(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r1 1M")
    user.refuses("/backstores/ramdisk/r1 resize 2M", "a ramdisk cannot be enlarged")


@pytest.mark.parametrize("kind", ["block", "fileio"])
def test_a_device_that_grew(user: Shell, disks: Path, loop: Loop, kind: str) -> None:
    device = loop()
    user.ok(f"/backstores/{kind} create b1 {device}")
    path = f"/backstores/{kind}/b1"
    user.ok(f"{TPG}/luns create {path}")
    user.refuses(f"{path} resize 2M", f"the size is that of the device {device}")
    os.truncate(disks / "loop0.img", 2 * MIB)
    subprocess.run(["losetup", "--set-capacity", device], check=True)
    noticed = f"Note: {path}: {device} has {2 * MIB} bytes; {LOOK_AGAIN}"
    assert user.ok(f"{path} resize").rows == ["Nothing to change", noticed]
    assert "(2.0MiB)" in user.ok(f"{path} status")


# -- rescan -----------------------------------------------------------------------------------


def test_rescan_finds_what_grew_and_what_is_gone(
    user: Shell, disk: Path, disks: Path, loop: Loop
) -> None:
    gone, short = disks / "gone.img", disks / "short.img"
    device = loop()
    for line in (
        f"/backstores/fileio create gone {gone} 1M",
        f"/backstores/fileio create short {short} 1M",
        f"/backstores/block create b1 {device}",
        "/backstores/ramdisk create r1 1M",
    ):
        user.ok(line)
    same = user.ok("/backstores rescan")
    noticed = f"Note: /backstores/block/b1: {device} has {MIB} bytes; {LOOK_AGAIN}"
    assert same.rows == ["Nothing to change", noticed]
    gone.unlink()
    os.truncate(short, 4096)
    os.truncate(disk, 3 * MIB)
    shown = tree()
    grown = [
        "~ /backstores/fileio/d1: would set size: 1.0MiB -> 3.0MiB",
        "Plan: 1 to change.",
        noticed,
        f"Note: /backstores/fileio/d1: {LOOK_AGAIN}",
    ]
    tried = user("/backstores rescan --dry-run")
    assert tried.rows == grown
    assert tree() == shown
    document = checked(user("/backstores rescan --dry-run", json=True))
    assert [item["path"] for item in document["data"]["plan"]] == ["/backstores/fileio/d1"]
    assert len(document["errors"]) == 2
    answer = user("/backstores rescan")
    assert (answer.rows, tried.stderr) == (done(grown), answer.stderr)
    assert f"/backstores/fileio/gone: {gone} no longer exists" in answer.stderr
    assert (
        f"/backstores/fileio/short: {short} has 4096 bytes, fewer than the {MIB} that"
        in answer.stderr
    )
    assert "(3.0MiB)" in user.ok("/backstores/fileio/d1 status")
    assert user.ok("/backstores/fileio/d1 rescan") == "Nothing to change\n"


def test_rescan_finds_another_device_under_the_path(
    user: Shell, loop: Loop, tmp_path: Path
) -> None:
    one, two = loop(), loop()
    link = tmp_path / "volume"
    link.symlink_to(one)
    user.ok(f"/backstores/block create b1 {link}")
    user.ok("/backstores/block/b1 rescan")
    link.unlink()
    link.symlink_to(two)
    said = user("/backstores/block/b1 rescan").stderr
    assert f"/backstores/block/b1: {link} now leads to another device" in said


# -- replace ----------------------------------------------------------------------------------


def test_replace_keeps_all_but_the_file(user: Shell, disk: Path, disks: Path) -> None:
    other = disks / "other.img"
    other.write_bytes(bytes(2 * MIB))
    before, shown = running(), tree()
    why = f"dev: {disk} -> {other}"
    expected = [
        f"± /backstores/fileio/d1: would recreate fileio d1 on {other}: {why}",
        f"± {TPG}/luns/lun0: would recreate LUN 0 (fileio/d1): {why}",
        f"± {TPG}/acls/{HOST}/mapped_lun0: would remap LUN 0 as 0, read-write: {why}",
        "Plan: 3 to recreate.",
    ]
    assert user.ok(f"/backstores/fileio/d1 replace {other} --dry-run").rows == expected
    assert tree() == shown
    assert user.ok(f"/backstores/fileio/d1 replace {other}").rows == done(expected)
    changed = {name.rpartition("/")[2] for name in _files(differences(tree(), shown))}
    assert changed == {"info", "udev_path"}
    goes_back(before, shown)


def _files(lines: list[str]) -> list[str]:
    return [line.partition(": ")[0] for line in lines]


def test_replace_with_a_smaller_one(user: Shell, disk: Path, disks: Path) -> None:
    other = disks / "other.img"
    other.write_bytes(bytes(MIB // 2))
    user.refuses(f"/backstores/fileio/d1 replace {other}", "fewer than the 1048576", "--smaller")
    user.ok(f"/backstores/fileio/d1 replace {other} --smaller")
    assert "(512.0KiB)" in user.ok("/backstores/fileio/d1 status")


def test_replace_a_device(user: Shell, loop: Loop) -> None:
    one, two = loop(), loop()
    user.ok(f"/backstores/block create b1 {one} wwn=serial-2")
    user.ok(f"{TPG}/luns create /backstores/block/b1")
    before, shown = running(), tree()
    user.ok(f"/backstores/block/b1 replace {two}")
    assert two in user.ok("/backstores/block/b1 status")
    assert running().storage_objects["block", "b1"].wwn == "serial-2"
    goes_back(before, shown)


def test_what_cannot_be_put_behind(user: Shell, disk: Path, disks: Path, loop: Loop) -> None:
    one, two = loop(), loop()
    user.ok(f"/backstores/block create b1 {one}")
    user.ok("/backstores/ramdisk create r1 1M")
    link = disks / "link"
    link.symlink_to(disk)
    for line, reason in (
        (f"block/b1 replace {disk}", "is not a block device"),
        (f"block/b1 replace {one}", "it already uses"),
        (f"fileio/d1 replace {link}", "it already uses"),
        (f"fileio/d1 replace {one}", "in use"),
        (f"fileio/d1 replace {disks}", "is not a file or block device"),
        (f"fileio/d1 replace {disks}/none", "does not exist (truncate -s "),
        ("fileio/d1 replace /dev/none", "does not exist (lsblk lists the block devices)"),
        (f"ramdisk/r1 replace {two}", "cannot be replaced"),
    ):
        user.refuses(f"/backstores/{line}", reason)


def test_a_replacement_that_fails_leaves_all_as_it_was(
    user: Shell, disk: Path, disks: Path
) -> None:
    """The kernel cuts names at a comma: the object is refused, when the first one is gone."""
    other = disks / "a,b.img"
    other.write_bytes(bytes(MIB))
    user.refuses(f"/backstores/fileio/d1 replace {other}", "comma")
