# SPDX-License-Identifier: Apache-2.0
"""Storage objects whose file or device is gone: a save, status and info say so."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from .harness import Shell

FILEIO, BLOCK = "/backstores/fileio", "/backstores/block"


def check(shell: Shell, path: str, reason: str) -> None:
    """The reason must be told wherever one looks for it."""
    note = f"Note: {path} cannot be restored: {reason}"
    assert note in shell.ok("/ saveconfig").asides
    assert note in shell.ok(f"{path} saveconfig").asides
    rows = shell.ok(f"{path} status").rows
    assert rows[0].startswith(f"Status for {path}: ")
    assert rows[1:] == [f"It cannot be restored: {reason}"]
    assert f"not_restorable: {reason}" in shell.ok(f"{path} info").rows
    document = json.loads(shell(f"{path} status", json=True))
    assert document["data"]["healthy"] is False
    document = json.loads(shell("/ saveconfig", json=True))
    assert {"path": path, "text": reason} in document["data"]["not_restorable"]


def test_file_that_was_moved(shell: Shell, disks: Path) -> None:
    shell.ok(f"{FILEIO} create d1 {disks}/d1 1M")
    shell.ok(f"{FILEIO} create d2 {disks}/d2 1M")
    assert shell.ok("saveconfig").asides == []
    (disks / "d1").rename(disks / "away")
    check(shell, f"{FILEIO}/d1", f"{disks}/d1 does not exist")
    assert len(shell.ok("saveconfig").asides) == 1
    (disks / "away").rename(disks / "d1")
    assert shell.ok("saveconfig").asides == []
    assert "not_restorable" not in shell.ok(f"{FILEIO}/d1 info")


def test_path_that_leads_to_something_else(shell: Shell, disks: Path) -> None:
    shell.ok(f"{FILEIO} create d1 {disks}/d1 1M")
    (disks / "d1").unlink()
    (disks / "d1").mkdir()
    check(shell, f"{FILEIO}/d1", f"{disks}/d1 is neither a file nor a block device")


def test_device_that_is_gone(shell: Shell, ram: list[str], disks: Path) -> None:
    link = disks / "disk"
    link.symlink_to(ram[0])
    shell.ok(f"{BLOCK} create b1 {link}")
    link.unlink()
    check(shell, f"{BLOCK}/b1", f"{link} does not exist")
    subprocess.run(["mknod", str(link), "b", "240", "0"], check=True)
    check(shell, f"{BLOCK}/b1", f"the device {link} is gone")
    link.unlink()
    link.touch()
    check(shell, f"{BLOCK}/b1", f"{link} is not a block device")


def test_device_without_a_medium(shell: Shell, ram: list[str], disks: Path) -> None:
    link = disks / "disk"
    link.symlink_to(ram[0])
    shell.ok(f"{BLOCK} create b1 {link}")
    subprocess.run(["modprobe", "loop"], check=True)
    link.unlink()
    # A loop device that is not attached to a file.
    subprocess.run(["mknod", str(link), "b", "7", "7"], check=True)
    if not os.path.exists("/sys/dev/block/7:7"):
        subprocess.run(["losetup", "/dev/loop7"], check=False)
    check(shell, f"{BLOCK}/b1", f"the device {link} has no medium: its size is 0")


def test_a_save_keeps_a_lone_object_that_could_not_be_restored(shell: Shell, disks: Path) -> None:
    """Nothing else failed, and no other step was skipped for it."""
    shell.ok(f"{FILEIO} create d1 {disks}/d1 1M")
    shell.ok(f"{FILEIO} create d2 {disks}/d2 1M")
    shell.ok("saveconfig")
    shell.ok("clearconfig confirm=true")
    (disks / "d1").unlink()
    assert shell("restoreconfig").exit == 1
    shell.ok("saveconfig")
    saved = json.loads(Path("/etc/target/saveconfig.json").read_text())
    assert [item["name"] for item in saved["storage_objects"]] == ["d1", "d2"]
    shell.ok("saveconfig drop_missing=true")
