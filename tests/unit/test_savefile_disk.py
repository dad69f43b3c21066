# SPDX-License-Identifier: Apache-2.0
"""Save files on a disk that fails: what stays, and what is said."""

from __future__ import annotations

import errno
import gzip
import os
import stat
from pathlib import Path

import pytest

from rtslib_ext.errors import LioError
from rtslib_ext.savefile import disk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A save file with something in it."""
    disk.write(f"{tmp_path}/save.json", lambda: ["old"])
    return tmp_path / "save.json"


def fail(monkeypatch: pytest.MonkeyPatch, *, folders: bool) -> None:
    """Have what is written to files, or the names in folders, never come to the disk."""
    really = os.fsync

    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode) is folders:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really(handle)

    monkeypatch.setattr(os, "fsync", fsync)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(os.listdir(folder))


def test_full_disk_leaves_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, folders=False)
    with pytest.raises(LioError, match="cannot be written: no space left") as caught:
        disk.write(str(file), lambda: ["new"])
    assert caught.value.hint == "the file was not changed"
    assert (file.read_text(), names(file.parent)) == ("old", ["save.json"])


def test_full_disk_leaves_the_backups(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [disk.back_up(str(file), 3)]
    assert None not in kept
    before = names(file.parent / "backup")
    file.write_text("changed")
    with monkeypatch.context() as patch:
        fail(patch, folders=False)
        for _ in range(4):
            with pytest.raises(LioError, match="Could not create backup file"):
                disk.back_up(str(file), 1)
    assert names(file.parent / "backup") == before
    assert disk.back_up(str(file), 1)
    assert len(names(file.parent / "backup")) == 1


def test_old_backups_stay_until_the_new_one_is_safe(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = disk.back_up(str(file), 1)
    file.write_text("changed")
    fail(monkeypatch, folders=True)
    with pytest.raises(LioError, match="was written, but a power failure may undo that"):
        disk.back_up(str(file), 1)
    assert old in disk.backups(f"{file.parent}/backup")


def test_name_that_is_not_on_disk(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, folders=True)
    with pytest.raises(LioError) as caught:
        disk.write(str(file), lambda: ["new"])
    assert caught.value.message.startswith(f"{file} was written, but a power failure")
    assert "was not changed" not in caught.value.hint
    assert (file.read_text(), names(file.parent)) == ("new", ["save.json"])


@pytest.mark.parametrize("packed", [False, True])
def test_byte_order_mark_is_skipped(tmp_path: Path, packed: bool) -> None:
    file = tmp_path / "saveconfig.json"
    data = b"\xef\xbb\xbf{}"
    file.write_bytes(gzip.compress(data) if packed else data)
    assert disk.read(str(file)) == "{}"
