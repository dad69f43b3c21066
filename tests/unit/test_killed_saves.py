# SPDX-License-Identifier: Apache-2.0
"""Kill -9 while a configuration is saved: the old file or the new one stays, whole."""

from __future__ import annotations

import gzip
import os
import random
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtslib_ext.savefile import disk

MOMENTS = 200
KEEP = 2
OLD, NEW = ([f"{word} {number}\n" * 20 for number in range(60)] for word in ("old", "new"))
OLD_BACKUPS = {
    "saveconfig-20200101-10:00:00-json.gz": "1",
    "saveconfig-20200102-10:00:00-json": "2",
}


def save(path: str, pieces: list[str]) -> None:
    """Save as saveconfig does: a backup of the file that is there, then the file."""
    disk.back_up(path, KEEP)
    disk.write(path, lambda: pieces)


def killed(work: Callable[[], object], at: int | None = None) -> int:
    """Work in a child that is killed before call number ``at`` of Python or C; return the calls."""
    child = os.fork()
    if not child:
        left = at

        def called(*_: object) -> None:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left = None if left is None else left - 1

        sys.setprofile(called)
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1]


def calls_of(work: Callable[[], object]) -> int:
    """Return the number of calls, and returns, of Python and C that work makes."""
    count = 0

    def called(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def fill(folder: Path, *, saved: bool) -> str:
    """Return the path of a save file, in a directory with backups if one was ``saved``."""
    if saved:
        disk.write(f"{folder}/target/saveconfig.json", lambda: OLD)
        backup = folder / "target/backup"
        backup.mkdir(0o700)
        for name, text in OLD_BACKUPS.items():
            data = text.encode()
            (backup / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    return f"{folder}/target/saveconfig.json"


def check(path: str, *, saved: bool) -> str:
    """Check what a killed process left; return "", "old" or "new", the file that is there."""
    texts = {"old": "".join(OLD), "new": "".join(NEW)}
    found = ""
    if saved or os.path.exists(path):
        text = Path(path).read_text()
        found = next(word for word, whole in texts.items() if whole == text)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    backups = {disk.read(backup) for backup in disk.backups(disk.backup_folder(path))}
    assert backups <= {*OLD_BACKUPS.values(), texts["old"]}
    # An old backup goes only when the new one is there, and the file changes only after both.
    assert len(backups) >= KEEP * saved
    assert texts["old"] in backups or found != "new" or not saved
    return found


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory in memory: waiting for a disk here would only take time."""
    with tempfile.TemporaryDirectory(prefix="saves-", dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.mark.parametrize("saved", [True, False], ids=["another", "first"])
def test_killed_at_any_call(memory: Path, saved: bool) -> None:
    save(fill(memory / "imports", saved=True), NEW)
    path = fill(memory / "whole", saved=saved)
    total = calls_of(lambda: save(path, NEW))
    assert total >= MOMENTS
    found = []
    for number in range(MOMENTS):
        path = fill(memory / str(number), saved=saved)
        at = number * total // MOMENTS
        assert killed(lambda path=path: save(path, NEW), at) == signal.SIGKILL  # type: ignore[misc]
        found.append(check(path, saved=saved))
        save(path, NEW)
        assert Path(path).read_text() == "".join(NEW)
        assert not list(memory.glob(f"{number}/**/*.temp"))
    before = "old" if saved else ""
    assert set(found) == {before, "new"} and found == sorted(found, key="new".__eq__)


@pytest.mark.long
def test_killed_at_any_time(memory: Path) -> None:
    path = fill(memory, saved=True)
    moments = random.Random(1)
    found = []
    for _ in range(10 * MOMENTS):
        child = os.fork()
        if not child:
            while True:
                save(path, NEW)
                save(path, OLD)
        time.sleep(moments.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        text = Path(path).read_text()
        assert text in ("".join(OLD), "".join(NEW))
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        known = {*OLD_BACKUPS.values(), "".join(OLD), "".join(NEW)}
        backups = disk.backups(disk.backup_folder(path))
        assert {disk.read(backup) for backup in backups} <= known
        found.append(text == "".join(NEW))
    assert len(set(found)) == 2
