# SPDX-License-Identifier: Apache-2.0
"""The restore at boot: no terminal, no home, no bus, no modules yet, a folder that is read only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import targetcli

from ..conftest import MODULES
from .harness import ETC, TARGET, Shell, differences, tree

IQN = "iqn.2003-01.org.example:a"
CHECKOUT = str(Path(targetcli.__file__).parent.parent)


@pytest.fixture
def saved(shell: Shell, disks: Path, ram: list[str]) -> Shell:
    """A user who has saved a configuration."""
    for line in (
        f"/backstores/fileio create d1 {disks}/d1.img 1M",
        f"/backstores/fileio create d2 {disks}/d2.img 1M",
        "/backstores/block create b1 /dev/ram0",
        "/backstores/ramdisk create r1 1M",
        f"/iscsi create {IQN}",
        *(
            f"/iscsi/{IQN}/tpg1/luns create /backstores/{path}"
            for path in ("fileio/d1", "block/b1", "ramdisk/r1")
        ),
        f"/iscsi/{IQN}/tpg1/acls create iqn.2003-01.org.example:i",
        "/loopback create naa.5001405000000001",
        "/loopback/naa.5001405000000001/luns create /backstores/fileio/d2",
        "saveconfig",
    ):
        shell.ok(line)
    return shell


@pytest.fixture
def read_only(saved: Shell) -> Iterator[None]:
    """/etc/target as a root file system that is not writable yet has it."""
    subprocess.run(["mount", "--bind", str(ETC), str(ETC)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(ETC)], check=True)
    yield
    subprocess.run(["umount", str(ETC)], check=True)


def unload() -> None:
    """Take the target's modules out of the kernel, and configfs off."""
    for folder in TARGET.iterdir():
        if folder.name not in ("core", "version", "dbroot") and folder.is_dir():
            folder.rmdir()
    modules = ["ib_isert", "cxgbit", *reversed(MODULES)]
    modules = [name for name in modules if Path("/sys/module", name).exists()]
    subprocess.run(["modprobe", "-r", *modules], check=True)
    assert not Path("/sys/module/target_core_mod").exists()
    subprocess.run(["umount", str(TARGET.parent)], check=True)
    assert not TARGET.exists()


def boot() -> subprocess.CompletedProcess[str]:
    """What target.service runs."""
    return subprocess.run(
        [sys.executable, "-m", "targetcli", "restoreconfig"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": CHECKOUT},
    )


def test_everything_comes_up(saved: Shell, read_only: None) -> None:
    before, saved_text = tree(), (ETC / "saveconfig.json").read_text()
    saved.ok("clearconfig confirm=true")
    unload()
    done = boot()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Configuration restored from /etc/target/saveconfig.json\n"
    assert differences(tree(), before) == []
    assert (ETC / "saveconfig.json").read_text() == saved_text
    assert not any(path.name.startswith(".targetcli") for path in Path("/").iterdir())


def test_what_is_missing_is_named(saved: Shell, read_only: None, disks: Path) -> None:
    saved.ok("clearconfig confirm=true")
    os.unlink(disks / "d1.img")
    subprocess.run(["modprobe", "-r", "brd"], check=True)
    try:
        done = boot()
    finally:
        subprocess.run(["modprobe", "brd", "rd_nr=4", "rd_size=16384"], check=True)
    assert (done.returncode, done.stdout) == (1, "")
    first, *rest = done.stderr.splitlines()
    assert first == f"Configuration restored, {len(rest)} recoverable errors:"
    for path in (
        "/backstores/fileio/d1",
        "/backstores/block/b1",
        f"/iscsi/{IQN}/tpg1/luns/lun0",
        f"/iscsi/{IQN}/tpg1/luns/lun1",
    ):
        assert any(row.startswith(f"{path}: ") for row in rest), (path, rest)
    assert f"{disks}/d1.img does not exist" in done.stderr and not (disks / "d1.img").exists()
    assert "/dev/ram0" in done.stderr
    assert "Traceback" not in done.stderr
    assert saved.ok("/backstores/fileio status").endswith("Storage Objects: 1\n")
    assert saved.ok(f"/iscsi/{IQN}/tpg1/luns status").endswith("LUNs: 1\n")
    assert saved.ok(f"/iscsi/{IQN}/tpg1 status").endswith("no-gen-acls, no-auth\n")
    assert "d2" in saved.ok("/loopback/naa.5001405000000001/luns/lun0 status")


def test_nothing_is_saved(saved: Shell) -> None:
    saved.ok("clearconfig confirm=true")
    shutil.rmtree(ETC / "backup", ignore_errors=True)
    (ETC / "saveconfig.json").unlink()
    done = boot()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Restore file /etc/target/saveconfig.json not found (saveconfig creates it)\n"
    )
