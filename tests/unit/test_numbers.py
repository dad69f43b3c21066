# SPDX-License-Identifier: Apache-2.0
"""Numbers in files: the same few and many at a time, with the calls that they cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.kernel.configfs import ConfigFS


@pytest.mark.parametrize("count", [1, 15, 16, 100])
@pytest.mark.parametrize("folder", ["lun/lun_", "", "x"])
def test_few_and_many_files(tmp_path: Path, count: int, folder: str) -> None:
    names = [f"{folder}{number}/statistics/in_cmds" for number in range(count)]
    for number, name in enumerate(names):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(f"{number}\n")
    (tmp_path / names[0]).write_text("None\n")
    missing = [f"{folder}none/{number}" for number in range(2)]
    fs = ConfigFS(str(tmp_path))
    assert fs.numbers([*names, *missing]) == [None, *range(1, count), None, None]
    # Open, read and close; only the open of a missing one; the common directory of many.
    assert fs.calls["read"] == 3 * count + 2 + 2 * (count + 2 >= 16)


def test_no_files(tmp_path: Path) -> None:
    assert ConfigFS(str(tmp_path)).numbers([]) == []
    assert (
        ConfigFS(f"{tmp_path}/none").numbers([f"lun_{at}/in_cmds" for at in range(20)])
        == [None] * 20
    )
