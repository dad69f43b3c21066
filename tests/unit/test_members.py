# SPDX-License-Identifier: Apache-2.0
"""The members of ALUA groups, of which the kernel lists no more than a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.kernel.configfs import ConfigFS, ConfigfsPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.usage import exports

GROUP = "core/alua/lu_gps/mine"
DISKS = [f"disk-{number:02}-{'x' * 60}" for number in range(90)]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def page(lines: list[str]) -> str:
    """A members file: each line has a NUL at its end, and none is begun that does not fit."""
    text = ""
    for line in lines:
        if len(text) + len(line) + 2 > 4096:
            break
        text += f"{line}\n\0"
    return text


@pytest.mark.parametrize("number", [3, len(DISKS)])
def test_a_logical_unit_group(tmp_path: Path, number: int) -> None:
    for index, name in enumerate(DISKS):
        group = "mine" if index < number else "default_lu_gp"
        text = f"LU Group Alias: {group}\nLU Group ID: 1\n"
        write(tmp_path / f"core/rd_mcp_{index}/{name}/alua_lu_gp", text)
    names = [f"rd_mcp_{index}/{name}" for index, name in enumerate(DISKS[:number])]
    write(tmp_path / GROUP / "members", page(names))
    found = Reader(ConfigFS(str(tmp_path))).lu_group_members("mine")
    assert sorted(found) == sorted(f"core/{name}" for name in names)


@pytest.mark.parametrize("number", [3, 80])
def test_a_target_port_group(tmp_path: Path, number: int) -> None:
    """Of a disk that many targets export; LUN 1 of each is in another group."""
    disk = tmp_path / "core/fileio_0/disk"
    group = disk / "alua/mine"
    lines = []
    for index in range(number):
        tpg = f"iqn.2003-01.org.example:target-{index:02}-{'x' * 20}/tpgt_1"
        for lun, name in ((0, "mine"), (1, "default_tg_pt_gp")):
            folder = tmp_path / f"iscsi/{tpg}/lun/lun_{lun}"
            write(folder / "alua_tg_pt_gp", f"TG Port Alias: {name}\nTG Port Group ID: 1\n")
            (folder / "object").symlink_to(disk)
        lines.append(f"iSCSI/{tpg}/lun_0")
    write(group / "members", page(lines))
    fs = ConfigFS(str(tmp_path))
    found = exports.in_group(fs, ConfigfsPath(str(group.relative_to(tmp_path))))
    expected = [(line.split("/")[1], 0) for line in lines]
    assert sorted((item.wwn, item.index) for item in found) == expected
