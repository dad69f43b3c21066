# SPDX-License-Identifier: Apache-2.0
"""Saving on disks that lose power, are full, are read-only or fail: the old file or the new one."""

from __future__ import annotations

import json
import os
import random
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext.savefile import disk

from ..write_log import Disk, run
from .harness import ETC, Shell

KEEP = 2
SAVED = ETC / "saveconfig.json"
FAILED = "the file was not changed"


def text(number: int) -> str:
    """What save ``number`` writes: 20 KB, none like another."""
    return "".join(f"save {number}, line {line}\n" for line in range(1000))


def save(logged: Disk, number: int) -> None:
    """Save as saveconfig does; the mark comes when it says that the configuration is saved."""
    path = f"{logged.mount}/target/saveconfig.json"
    disk.back_up(path, KEEP)
    assert disk.write(path, lambda: [text(number)])
    logged.mark(f"{number}")


def check(mount: Path, mark: str, texts: list[str]) -> int | None:
    """Check the files after a power failure; return the number of the save that is there.

    It is the one that was reported last, or a later one; backups are whole.
    """
    path = mount / "target/saveconfig.json"
    backups = {disk.read(backup) for backup in disk.backups(disk.backup_folder(f"{path}"))}
    assert backups <= set(texts)
    if not path.exists():
        assert not mark
        return None
    number = texts.index(path.read_text())
    assert number >= int(mark or 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert number == 0 or texts[number - 1] in backups
    return number


def lose_power(
    logged: Disk, saves: int, chance: random.Random | None = None, every: int = 1
) -> list[int | None]:
    """Check each state of the disk, or fewer; return the saves that were there."""
    texts = [text(number) for number in range(saves)]
    found = []
    for number, mark in enumerate(logged.states(chance)):
        if number % every:
            continue
        with logged.after_power_failure() as mount:
            found.append(check(mount, mark, texts))
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory in memory, for the files of disks."""
    with tempfile.TemporaryDirectory(prefix="disks-", dir="/dev/shm") as name:
        yield Path(name)


def test_power_failure_after_any_write(folder: Path) -> None:
    logged = Disk(folder)
    logged.start()
    for number in range(2):
        save(logged, number)
    logged.stop()
    found = lose_power(logged, 2, every=9)
    assert set(found) == {None, 0, 1}


def test_save_that_does_not_wait_for_the_disk_is_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test before this one notices if saving does not sync."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    logged = Disk(folder)
    logged.start()
    save(logged, 0)
    logged.stop()
    with pytest.raises(AssertionError):
        lose_power(logged, 1)


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    ["data=ordered", "data=writeback,noauto_da_alloc"],
)
def test_power_failure_that_loses_any_unflushed_write(folder: Path, options: str) -> None:
    logged = Disk(folder, options=options)
    logged.start()
    for number in range(5):
        save(logged, number)
    logged.stop()
    found: set[int | None] = set()
    states = 0
    for seed in range(2):
        one = lose_power(logged, 5, random.Random(seed))
        states += len(one)
        found |= set(one)
    assert found == {None, *range(5)} and states > 100
    print(f"{states} states")


# -- disks that fail ------------------------------------------------------------------------


@pytest.fixture
def saved(shell: Shell, folder: Path) -> Iterator[Shell]:
    """A user whose file is saved on a file system of 64 KiB in memory; a change is not saved."""
    run("mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "none", str(ETC))
    with_a_change(shell)
    yield shell
    run("umount", str(ETC))


def with_a_change(shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create old 1M")
    shell.ok("saveconfig")
    shell.ok("/backstores/ramdisk create new 1M")


def refuses_to_save(shell: Shell, *reasons: str) -> None:
    """Save in vain: the file stays, and the message gives one of the reasons."""
    before, names = SAVED.read_bytes(), os.listdir(ETC)
    answer = shell("saveconfig")
    assert (answer.exit, answer) == (1, "")
    said = [f"{SAVED} cannot be written: {reason} ({FAILED})" for reason in reasons]
    assert answer.stderr.splitlines()[-1] in said
    assert SAVED.read_bytes() == before
    assert set(os.listdir(ETC)) - set(names) <= {"backup"}


def saves_again(shell: Shell) -> None:
    shell.ok("saveconfig")
    saved = json.loads(SAVED.read_text())
    assert [item["name"] for item in saved["storage_objects"]] == ["new", "old"]


def test_full_disk(saved: Shell) -> None:
    with (ETC / "rest").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    refuses_to_save(saved, "no space left on device")
    (ETC / "rest").unlink()
    saves_again(saved)


def test_read_only_file_system(saved: Shell) -> None:
    run("mount", "-o", "remount,ro", str(ETC))
    refuses_to_save(saved, "read-only file system")
    run("mount", "-o", "remount,rw", str(ETC))
    saves_again(saved)


def test_disk_that_fails(shell: Shell, folder: Path) -> None:
    """Each access ends with EIO; when the disk is back, so is the old file."""
    logged = Disk(folder)
    logged.start()
    run("umount", str(logged.mount))
    run("mount", f"/dev/dm-{minor()}", str(ETC))
    try:
        with_a_change(shell)
        before = SAVED.read_bytes()
        good = run("dmsetup", "table", "logged")
        change_table(f"0 {(logged.mib << 20) // 512} error")
        # After the first error, which the backup meets, ext4 may be read-only.
        refuses_to_save(shell, "input/output error", "read-only file system")
        run("umount", str(ETC))
        change_table(good)
        run("mount", f"/dev/dm-{minor()}", str(ETC))
        assert SAVED.read_bytes() == before
        saves_again(shell)
    finally:
        run("umount", str(ETC))
        logged.detach()


def minor() -> str:
    return run("dmsetup", "info", "--columns", "--noheadings", "-o", "minor", "logged")


def change_table(table: str) -> None:
    """Give the disk another table."""
    run("dmsetup", "suspend", "--nolockfs", "--noflush", "--noudevsync", "logged")
    run("dmsetup", "load", "logged", "--table", table)
    run("dmsetup", "resume", "--noudevsync", "logged")
