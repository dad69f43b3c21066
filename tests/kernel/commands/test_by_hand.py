# SPDX-License-Identifier: Apache-2.0
"""Storage objects that a script created in configfs, without udev_path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .harness import TARGET, Shell

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"


def make(folder: str, control: str) -> None:
    path = TARGET / "core" / folder
    path.mkdir(parents=True)
    (path / "control").write_text(control)
    (path / "enable").write_text("1")


@pytest.fixture
def file(disks: Path) -> Path:
    path = disks / "by-hand"
    path.touch()
    path.open("r+b").truncate(1 << 20)
    return path


def test_shown_saved_and_restored(shell: Shell, ram: list[str], file: Path, disks: Path) -> None:
    shell.ok("/backstores/ramdisk create r 1M")
    make("iblock_7/s", f"udev_path={ram[1]}")
    make("fileio_7/f", f"fd_dev_name={file},fd_dev_size=1048576")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/luns create /backstores/block/s")
    assert f"{ram[1]} (16.0MiB) write-thru" in shell.ok("/backstores/block ls")
    assert f"block/s ({ram[1]})" in shell.ok(f"{TPG}/luns ls")
    rows = shell.ok("/backstores/block/s info").rows
    assert f"dev: {ram[1]}" in rows and not any("not_restorable" in row for row in rows)
    saved = disks / "saved.json"
    assert shell.ok(f"saveconfig {saved}").asides == []
    objects = {so["name"]: so for so in json.loads(saved.read_text())["storage_objects"]}
    assert (objects["s"]["dev"], objects["f"]["dev"]) == (ram[1], str(file))
    assert shell.ok(f"restoreconfig {saved} clear_existing=true").asides == []
    shell.ok(f"diff {saved}")


def test_in_use(shell: Shell, ram: list[str], file: Path) -> None:
    shell.ok("/backstores/ramdisk create r 1M")
    make("iblock_7/s", f"udev_path={ram[1]}")
    make("fileio_7/f", f"fd_dev_name={file},fd_dev_size=1048576")
    shell.refuses(
        f"/backstores/block create t {ram[1]}", "the storage object /backstores/block/s has it"
    )
    shell.refuses(f"/backstores/fileio create t {file}", "already exists: f")
