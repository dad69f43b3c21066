# SPDX-License-Identifier: Apache-2.0
"""The file or device in the kernel's info, where udev_path is empty."""

from __future__ import annotations

import pytest

from rtslib_ext.config.backing import Backing, Block, FileIO, Info, Pscsi, User
from rtslib_ext.errors import InvalidValue

STATUS = "Status: DEACTIVATED  Max Queue Depth: 0  SectorSize: 512  HwMaxSectors: 248\n"
CLAIMED = "        Major: 1 Minor: 1  CLAIMED: IBLOCK\n"
AWKWARD = "/x  readonly: 1"
PLACE = "        SCSI Device Bus Location: Channel ID: 1 Target ID: 2 LUN: 3"


@pytest.mark.parametrize(
    ("kind", "text", "dev"),
    [
        (Block, "        iBlock device: ram1  UDEV PATH: /dev/ram1  readonly: 0\n", "/dev/ram1"),
        (Block, "        iBlock device: sda  UDEV PATH: /x  readonly: 1  readonly: 0\n", AWKWARD),
        (Block, "        iBlock device: cciss!c0d0  readonly: 1\n", "/dev/cciss/c0d0"),
        (Block, "", ""),
        (FileIO, "        TCM FILEIO ID: 0        File: /a b  Size: 1  Mode: O_DSYNC\n", "/a b"),
        (Pscsi, f"{PLACE} Host ID: 4\n", "4:1:2:3"),
        (Pscsi, f"{PLACE} Host ID: PHBA Mode\n", ""),
    ],
)
def test_info_names_the_device(kind: type[Backing], text: str, dev: str) -> None:
    text = f"{STATUS}{text}{CLAIMED if kind is Block else ''}"
    assert kind.from_info(Info(text, "", {})).udev_path == dev
    assert kind.from_info(Info(text, "/dev/disk/by-id/y", {})).udev_path == "/dev/disk/by-id/y"


@pytest.mark.parametrize("value", ["x", "", "1k", "-1", "010", "2147483648"])
def test_pages_of_a_block_are_checked(value: str) -> None:
    user = User("rbd/x", 4096, control=f"max_data_area_mb=8,data_pages_per_blk={value}")
    with pytest.raises(InvalidValue, match="data_pages_per_blk takes a number from 1 to"):
        user.controls()


@pytest.mark.parametrize("value", ["1", " 2 ", "0x10"])
def test_pages_of_a_block_reach_the_kernel(value: str) -> None:
    control = f"data_pages_per_blk={value},max_data_area_mb=8"
    assert User("rbd/x", 4096, control=control).controls()[-1] == control
