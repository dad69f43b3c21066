# SPDX-License-Identifier: Apache-2.0
"""A saved object is tied to its disk, not only to a name in /dev."""

from __future__ import annotations

import json

import pytest

from .harness import ETC, Shell

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


def test_same_disk_is_restored(shell: Shell, scsi_disk: tuple[str, str]) -> None:
    shell.ok(f"/backstores/block create b1 {scsi_disk[0]}")
    shell.ok("saveconfig")
    shell.ok("clearconfig confirm=true")
    assert shell.ok("restoreconfig").asides == []
