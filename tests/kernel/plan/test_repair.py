# SPDX-License-Identifier: Apache-2.0
"""A rollback that fails itself: both reasons are shown, and a repair file has the rest."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from rtslib_ext.errors import RollbackFailed
from rtslib_ext.kernel.configfs import ConfigFS, explain
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Context
from rtslib_ext.transaction import apply, journal, recovery
from targetcli import batch
from tests.kernel.commands.harness import Shell
from tests.kernel.commands.test_faults import Broken

from . import edits
from .test_faults import start, state

ABOUT = {"command": "apply", "path": "/", "since": 0.0}
IQN = "iqn.2003-01.org.example:z"


class Stuck(Broken):
    """From one change on every one is refused, taking back as well; some pass again later."""

    def __init__(self, at: int, passing: int = 1 << 30) -> None:
        super().__init__(at, "refused", errno.EIO)
        self.passing = passing

    def _before(self, operation: str, path: str) -> None:
        self.left -= 1
        if self.left <= 0 and (self.left == 0 or self.left % self.passing):
            raise explain(operation, path, OSError(self.number, os.strerror(self.number)))


@pytest.fixture
def shell(configfs: object, tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home")


@pytest.mark.parametrize("name", ["another-size", "hosts", "groups"])
@pytest.mark.parametrize("passing", [1 << 30, 2, 3])
def test_what_is_left_is_taken_back_later(
    configfs: object, tmp_path: Path, name: str, passing: int
) -> None:
    before = start()
    path = str(tmp_path / "journal")
    wanted = edits.wanted(name, Reader(ConfigFS()).config())
    failed = 0
    for at in range(2, 40, 3):
        change = apply.prepare(ConfigFS(), wanted)
        broken = Stuck(at, passing)
        try:
            apply.perform(broken, change, journal=journal.Journal(path, dict(ABOUT)))
        except RollbackFailed as err:
            failed += 1
            assert "input/output error" in str(err) and "not" in str(err)
            assert "recover rolls back the rest" in err.hint
            found = journal.find(path)
            assert found is not None and found.is_repair and found.undone is not None
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
            assert recovery.undo(Context(ConfigFS()), found) == [], f"call {at}"
            assert journal.find(path) is None
        except Exception:
            # All that had been done could be taken back.
            assert journal.find(path) is None
        else:
            break
        assert state() == before, f"call {at}"
    assert failed


def test_as_an_admin_sees_it(shell: Shell, tmp_path: Path) -> None:
    shell.ok(f"/iscsi create {IQN}")
    before = state()
    env = shell.env()
    Path(env.journal).unlink(missing_ok=True)
    shell.fs = Stuck(4)
    answer = shell("/backstores/ramdisk create r1 1M")
    shell.fs = ConfigFS()
    assert answer.exit == 1 and "not all earlier changes could be rolled back" in answer.stderr
    assert "once the cause is gone, recover rolls back the rest" in answer.stderr
    told = shell("/backstores/ramdisk create r2 1M")
    assert told.exit == 1 and "could not be rolled back completely" in told.stderr
    assert "create on /backstores/ramdisk" in told.stderr and "steps left: 1" in told.stderr
    assert "its rollback had started already" in shell("recover finish").stderr
    assert ": undone" in shell.ok("recover")
    assert state() == before
    shell.ok("/backstores/ramdisk create r2 1M")


def test_no_empty_disk_takes_the_place_of_one_that_is_gone(shell: Shell, tmp_path: Path) -> None:
    """As when a file system was unmounted lazily: the kernel would make the file anew."""
    file, away = tmp_path / "f.img", tmp_path / "elsewhere.img"
    shell.ok(f"/backstores/fileio create f {file} 1M")
    shell.ok(f"/iscsi create {IQN}")
    before = state()
    file.rename(away)
    lines = tmp_path / "lines"
    lines.write_text(
        f"/backstores/fileio delete f\n/iscsi/{IQN}/tpg1/portals create 127.0.0.1 3260\n"
    )
    env = shell.env()
    assert batch.run(env, str(lines)) == 1
    assert f"{file} does not exist" in env.stderr.getvalue()
    assert not file.exists()
    away.rename(file)
    assert ": undone" in shell.ok("recover")
    assert state() == before and file.stat().st_size == 1 << 20
