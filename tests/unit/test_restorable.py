# SPDX-License-Identifier: Apache-2.0
"""Reasons for which a restore would fail, without a kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.config.backing import Backing, Block, FileIO, Pscsi, RamDisk, User
from rtslib_ext.usage.restorable import problem


@pytest.mark.parametrize(
    ("backing", "reason"),
    [
        (RamDisk(4096), ""),
        (User("rbd/x", 4096), ""),
        (FileIO("", 4096), "its file or device is not known: udev_path is empty"),
        (Block(""), "its file or device is not known: udev_path is empty"),
        (FileIO("/nosuch/d1", 4096), "/nosuch/d1 does not exist"),
        (Block("/nosuch"), "/nosuch does not exist"),
        (Block("/dev/null"), "/dev/null is not a block device"),
        (Pscsi("/nosuch"), "/nosuch does not exist"),
        (Pscsi("/dev/null"), ""),
        (Pscsi("99:0:0:0"), "there is no SCSI device 99:0:0:0"),
        (FileIO("/", 4096), "/ is neither a file nor a block device"),
    ],
    ids=str,
)
def test_reason(backing: Backing, reason: str) -> None:
    assert problem(backing) == reason


def test_file_that_exists(tmp_path: Path) -> None:
    file = tmp_path / "d1"
    file.touch()
    assert problem(FileIO(str(file), 4096)) == ""
