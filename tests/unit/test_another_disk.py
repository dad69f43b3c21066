# SPDX-License-Identifier: Apache-2.0
"""A path that leads to another kind of file than a fileio object can have is not served."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtslib_ext.config.backing import FileIO
from rtslib_ext.config.model import StorageObject
from rtslib_ext.usage import another_disk


def found(path: Path, saved: dict[str, str] | None) -> str:
    so = StorageObject("f", FileIO(str(path), 4096, write_back=True), "serial")
    return another_disk.of_object(so, saved)


@pytest.mark.parametrize("saved", [None, {"mount": "/"}])
def test_pipe_or_device_instead_of_the_file(tmp_path: Path, saved: dict[str, str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null")):
        assert found(path, saved) == (
            f"{path} is not the file that was saved: it is neither a file nor a block device"
        )


def test_file_and_missing_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(4096))
    assert found(tmp_path / "file", None) == ""
    assert found(tmp_path / "missing", None) == ""
