# SPDX-License-Identifier: Apache-2.0
"""A saved object is tied to its disk, not only to a name in /dev."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext.host import disk_identity

from ..conftest import clear_all
from .harness import ETC, Shell, differences, tree

SAVE_FILE = ETC / "saveconfig.json"
PATH = "/backstores/block/b1"


@pytest.fixture
def other(shell: Shell, scsi_disk: tuple[str, str]) -> tuple[Shell, str, str]:
    """A user whose disk is another one than that in the save file: (user, device, WWID)."""
    shell.ok(f"/backstores/block create b1 {scsi_disk[0]}")
    shell.ok("saveconfig")
    value = json.loads(SAVE_FILE.read_text())
    saved = value["rtslib_ext"]["storage_objects"][PATH]["device"]
    wwid = saved["wwid"]
    assert wwid and saved["size"] == 8 << 20
    saved["wwid"] = "naa.5000000000000001"
    SAVE_FILE.write_text(json.dumps(value))
    shell.ok("clearconfig confirm=true")
    return shell, scsi_disk[0], wwid


def test_another_disk_is_refused_by_name(other: tuple[Shell, str, str]) -> None:
    shell, device, wwid = other
    answer = shell("restoreconfig")
    assert answer.exit == 1
    text = f"{device} is not the device that was saved: its wwid is {wwid}, and was naa.5"
    assert f"{PATH}: " in answer.stderr and text in answer.stderr and "--yes" in answer.stderr
    assert shell.ok("/backstores/block status").endswith("Storage Objects: 0\n")
    shell.ok("saveconfig")
    value = json.loads(SAVE_FILE.read_text())["rtslib_ext"]["storage_objects"]
    assert value[PATH]["device"]["wwid"] == "naa.5000000000000001", "the saved one stays"


def test_yes_proceeds(other: tuple[Shell, str, str]) -> None:
    shell, device, wwid = other
    answer = shell.ok("restoreconfig", yes=True)
    (note,) = answer.asides
    assert note.startswith(f"Note: {PATH}: {device} is not the device that was saved: its wwid is")
    shell.ok("saveconfig")
    value = json.loads(SAVE_FILE.read_text())["rtslib_ext"]["storage_objects"]
    assert value[PATH]["device"]["wwid"] == wwid


def test_the_hint_works_after_an_incomplete_restore(other: tuple[Shell, str, str]) -> None:
    """Other objects of the file exist by then, so it names keep_existing."""
    shell, _, _ = other
    value = json.loads(SAVE_FILE.read_text())
    value["storage_objects"].append({"plugin": "ramdisk", "name": "r1", "size": 1 << 20})
    SAVE_FILE.write_text(json.dumps(value))
    answer = shell("restoreconfig")
    assert answer.exit == 1
    assert "targetcli --yes restoreconfig keep_existing=true uses this device" in answer.stderr
    assert shell.ok("/backstores/ramdisk status").endswith("Storage Objects: 1\n")
    shell.ok("restoreconfig keep_existing=true", yes=True)
    assert shell.ok("/backstores/block status").endswith("Storage Objects: 1\n")


def test_same_disk_is_restored(shell: Shell, scsi_disk: tuple[str, str]) -> None:
    shell.ok(f"/backstores/block create b1 {scsi_disk[0]}")
    shell.ok("saveconfig")
    value = json.loads(SAVE_FILE.read_text())
    assert value["rtslib_ext"]["storage_objects"][PATH]["device"]["wwid"], "there is one to compare"
    shell.ok("clearconfig confirm=true")
    assert shell.ok("restoreconfig").asides == []


def test_clear_existing_refuses_before_it_clears(other: tuple[Shell, str, str]) -> None:
    shell, device, wwid = other
    shell.ok("/backstores/ramdisk create r1 1M")
    before = tree()
    answer = shell("restoreconfig clear_existing=true")
    assert answer.exit == 1
    assert "nothing was cleared" in answer.stderr and f"its wwid is {wwid}" in answer.stderr
    assert "targetcli --yes restoreconfig clear_existing=true uses this device" in answer.stderr
    assert differences(tree(), before) == []
    shell.ok("restoreconfig clear_existing=true", yes=True)
    assert shell.ok("/backstores/ramdisk status").endswith("Storage Objects: 0\n")
    assert shell.ok("/backstores/block status").endswith("Storage Objects: 1\n")


def test_diff_and_apply_compare_the_disk(other: tuple[Shell, str, str]) -> None:
    shell, device, wwid = other
    text = f"{PATH}: {device} is not the device that was saved: its wwid is {wwid}, and was naa.5"
    assert any(row.startswith(f"Note: {text}") for row in shell("diff").rows)
    assert any(
        row.startswith(f"Note: {text}") for row in shell.ok(f"apply {SAVE_FILE} dry_run=true").rows
    )
    before = tree()
    answer = shell(f"apply {SAVE_FILE}")
    assert answer.exit == 1
    assert text in answer.stderr and "nothing was changed" in answer.stderr
    assert "--yes" in answer.stderr and differences(tree(), before) == []
    assert any(
        row.startswith(f"Note: {text}") for row in shell.ok(f"apply {SAVE_FILE}", yes=True).rows
    )
    # It is in use now: nothing to refuse, but to know.
    assert any(row.startswith(f"Note: {text}") for row in shell.ok(f"apply {SAVE_FILE}").rows)


def test_scsi_address_is_tied_to_its_disk(shell: Shell, scsi_disk: tuple[str, str]) -> None:
    path = "/backstores/pscsi/p1"
    shell.ok(f"/backstores/pscsi create p1 {scsi_disk[1]}")
    shell.ok("saveconfig")
    value = json.loads(SAVE_FILE.read_text())
    saved = value["rtslib_ext"]["storage_objects"][path]["device"]
    assert saved["wwid"]
    saved["wwid"] = "naa.5000000000000001"
    SAVE_FILE.write_text(json.dumps(value))
    shell.ok("clearconfig confirm=true")
    answer = shell("restoreconfig")
    assert answer.exit == 1 and f"{path}: " in answer.stderr and "was naa.5" in answer.stderr


def test_scsi_device_without_a_block_device_has_an_identity(scsi_disk: tuple[str, str]) -> None:
    """As tapes have, which are exported by their generic device."""
    (generic,) = Path(f"/sys/bus/scsi/devices/{scsi_disk[1]}/scsi_generic").iterdir()
    found = disk_identity.read(f"/dev/{generic.name}")
    assert found == disk_identity.read(scsi_disk[1])
    assert found["wwid"] == disk_identity.read(scsi_disk[0])["wwid"]


@pytest.fixture
def file(shell: Shell, disks: Path) -> Iterator[Path]:
    """A saved file of 4 MiB on a file system of its own, exported by nothing."""
    folder = disks / "mounted"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    shell.ok(f"/backstores/fileio create f1 {folder}/f1 4M")
    shell.ok("saveconfig")
    shell.ok("clearconfig confirm=true")
    yield folder / "f1"
    clear_all()
    subprocess.run(["umount", folder], check=False)


def refused(shell: Shell, text: str, line: str = "restoreconfig") -> None:
    """It is not exported, and that is an error which names the cure."""
    answer = shell(line)
    assert (answer.exit, answer) == (1, "")
    assert "/backstores/fileio/f1: create fileio f1" in answer.stderr
    assert text in answer.stderr and "--yes" in answer.stderr
    assert shell.ok("/backstores/fileio status").endswith("Storage Objects: 0\n")


def test_shrunk_file_is_refused(shell: Shell, file: Path) -> None:
    file.write_bytes(b"")
    refused(shell, f"{file} is not the file that was saved: its size is 0 bytes, and was 4194304")
    shell.ok("restoreconfig keep_existing=true", yes=True)
    assert shell.ok("/backstores/fileio status").endswith("Storage Objects: 1\n")


def test_shrunk_file_in_a_file_of_another_tool(shell: Shell, file: Path) -> None:
    value = json.loads(SAVE_FILE.read_text())
    del value["rtslib_ext"]
    SAVE_FILE.write_text(json.dumps(value))
    file.write_bytes(bytes(1 << 20))
    refused(shell, f"{file} is not the file that was saved: it has 1048576 of 4194304 bytes")


@pytest.mark.parametrize("there", [False, True])
def test_directory_is_not_taken_for_the_file_system(shell: Shell, file: Path, there: bool) -> None:
    subprocess.run(["umount", file.parent], check=True)
    if there:
        file.write_bytes(bytes(4 << 20))
    text = f"{file} is not the file that was saved: the file system {file.parent} is not mounted"
    refused(shell, text, "restoreconfig create_missing=true")
    assert file.exists() == there


def test_grown_file_is_restored(shell: Shell, file: Path) -> None:
    file.write_bytes(bytes(5 << 20))
    assert shell.ok("restoreconfig").asides == []
