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
from rtslib_ext.files import trusted
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


def test_file_that_could_not_be_read_is_not_written(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "MOST_BYTES", 3)
    with pytest.raises(LioError, match="/save.json would be larger than"):
        disk.write(str(file), lambda: ["ne", "ww"])
    assert (file.read_text(), names(file.parent)) == ("old", ["save.json"])


def test_equal_file_is_on_disk_as_well(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that wrote it may have been killed before it was."""
    kinds = []
    monkeypatch.setattr(os, "fsync", lambda handle: kinds.append(os.fstat(handle).st_mode))
    file.chmod(0o644)
    assert not disk.write(str(file), lambda: ["old"])
    assert [stat.S_ISDIR(kind) for kind in kinds] == [False, True]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_new_directories_are_synced_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: synced.append(os.readlink(f"/proc/self/fd/{handle}"))
    )
    disk.write(f"{tmp_path}/a/b/save.json", lambda: ["text"])
    folder = f"{tmp_path}/a/b"
    assert synced == [str(tmp_path), f"{tmp_path}/a", f"{folder}/save.json.temp", folder]


def test_link_of_root_is_followed(tmp_path: Path, file: Path) -> None:
    (tmp_path / "link").symlink_to("save.json")
    disk.write(f"{tmp_path}/link", lambda: ["new"])
    assert (tmp_path / "link").is_symlink() and file.read_text() == "new"


@pytest.mark.parametrize("target", ["save.json", "nowhere", "/nowhere/else"])
def test_planted_link_is_not_followed(tmp_path: Path, file: Path, target: str) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o1777)
    (folder / "saved").symlink_to(tmp_path / target)
    with pytest.raises(LioError, match="is a symbolic link, and others can write to"):
        disk.write(f"{folder}/saved", lambda: ["new"])
    assert (file.read_text(), names(tmp_path), names(folder)) == (
        "old",
        ["open", "save.json"],
        ["saved"],
    )


def test_directory_that_others_can_write_to(tmp_path: Path, file: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(LioError, match="others can write to the directory") as caught:
        disk.write(str(file), lambda: ["new"])
    assert caught.value.hint == f"chmod go-w {tmp_path}, or use another directory"
    assert (file.read_text(), names(tmp_path)) == ("old", ["save.json"])


def test_file_of_another_user_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = trusted.check_replaceable

    def other(status: os.stat_result, path: str) -> None:
        fields = list(status)
        fields[stat.ST_UID] = 12345
        real(os.stat_result(fields), path)

    monkeypatch.setattr(trusted, "check_replaceable", other)
    for text in ("old", "new"):
        with pytest.raises(LioError, match="belongs to uid 12345, so it was not replaced"):
            disk.write(str(file), lambda text=text: [text])
    assert (file.read_text(), names(file.parent)) == ("old", ["save.json"])


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.EDQUOT])
def test_disk_that_takes_no_file(file: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    really = os.open

    def refuse(path: str, flags: int, *args: int, **options: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(number, os.strerror(number))
        return really(path, flags, *args, **options)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LioError, match=f"cannot be written: {os.strerror(number).lower()}"):
        disk.write(str(file), lambda: ["new"])
    assert (file.read_text(), names(file.parent)) == ("old", ["save.json"])


def test_backups_after_the_clock_was_set_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new one must sort last: the first ones are deleted."""
    folder = file.parent / "backup"
    folder.mkdir()
    newest = "saveconfig-20991231-23:59:59-json.gz"
    for name in ("saveconfig-20200101-10:00:00-json.gz", newest):
        (folder / name).write_bytes(gzip.compress(name.encode()))
    made = disk.back_up(str(file), 2)
    assert made == f"{folder}/saveconfig-21000101-00:00:00-json.gz"
    assert names(folder) == [newest, Path(made).name]
    file.write_text("another")
    assert disk.back_up(str(file), 2) == f"{folder}/saveconfig-21000101-00:00:01-json.gz"


def test_backups_of_one_second_are_in_order(file: Path) -> None:
    made = []
    for number in range(5):
        file.write_text(f"{number}")
        made.append(disk.back_up(str(file), 0))
    assert made == disk.backups(f"{file.parent}/backup")
    assert disk.numbered(f"{file.parent}/backup", 1) == made[-1]
    assert disk.numbered(f"{file.parent}/backup", 5) == made[0]
    assert disk.numbered(f"{file.parent}/backup", 6) is None
    assert disk.numbered(f"{file.parent}/backup", 0) is None


def test_files_that_an_administrator_named_are_not_deleted(file: Path) -> None:
    folder = file.parent / "backup"
    folder.mkdir()
    (folder / "saveconfig-before-upgrade.json").write_text("kept")
    for number in range(3):
        file.write_text(f"{number}")
        disk.back_up(str(file), 1)
    first, last = disk.backups(str(folder))
    assert first.endswith("before-upgrade.json")
    assert gzip.decompress(Path(last).read_bytes()) == b"2"


def test_a_directory_is_no_backup(file: Path) -> None:
    """It cannot be deleted as the oldest one, and would let each save fail."""
    folder = file.parent / "backup"
    (folder / "saveconfig-20000101-00:00:00-json.gz").mkdir(parents=True)
    for number in range(4):
        file.write_text(str(number))
        assert disk.back_up(str(file), keep=2)
    assert len(disk.backups(str(folder))) == 2
