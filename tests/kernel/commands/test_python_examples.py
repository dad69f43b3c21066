# SPDX-License-Identifier: Apache-2.0
"""The example programs for Python, each run unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Shell, tree
from .initiator import logged_in

EXAMPLES = Path(__file__).parents[3] / "examples"
PROGRAMS = ("apply_file.py", "export_disk.py", "list_sessions.py")
FILE = Path("/srv/disk1.img")
IQN = "iqn.2003-01.org.example:store"
HOST = "iqn.1994-05.com.example:host1"
TPG = f"/iscsi/{IQN}/tpg1"


def run(name: str, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *words]
    return subprocess.run(command, input=typed, capture_output=True, text=True)


def ok(name: str, *words: str, typed: str = "") -> list[str]:
    """Run an example that must succeed; return its lines."""
    done = run(name, *words, typed=typed)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.fixture
def user(shell: Shell) -> Iterator[Shell]:
    """A user beside the programs, with the folder for their disk."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.unlink(missing_ok=True)
    yield shell
    FILE.unlink(missing_ok=True)


def test_every_program_is_run_here() -> None:
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == list(PROGRAMS)
    assert all(os.access(EXAMPLES / name, os.X_OK) for name in PROGRAMS)


def test_export_disk(user: Shell) -> None:
    user.ok("/backstores/ramdisk create other 1M")
    assert ok("export_disk.py") == []
    assert FILE.stat().st_size == 10 << 30 and not FILE.stat().st_blocks
    rows = "\n".join(user.ok("ls").rows)
    for text in ("ramdisk", "other", "disk1", IQN, HOST, "mapped_lun0", "0.0.0.0:3260"):
        assert text in rows
    before = tree()
    assert ok("export_disk.py") == [] and tree() == before
    with logged_in(HOST, IQN):
        (row,) = ok("list_sessions.py")
        assert row.startswith(f"{HOST} {IQN} tpg1 127.0.0.1")


def test_export_disk_does_nothing_by_halves(user: Shell) -> None:
    other = "iqn.2003-01.org.example:other"
    user.ok("set global auto_add_default_portal=false")
    user.ok(f"/iscsi create {other}")
    user.ok(f"/iscsi/{other}/tpg1/portals create 127.0.0.1 3260")
    before = tree()
    done = run("export_disk.py")
    assert done.returncode == 1
    assert "listens on port 3260" in done.stderr.splitlines()[-1]
    assert tree() == before and not FILE.exists()


def test_list_sessions_without_an_acl(user: Shell) -> None:
    assert ok("list_sessions.py") == []
    user.ok(f"/iscsi create {IQN}")
    user.ok(f"{TPG} set attribute authentication=0 generate_node_acls=1")
    with logged_in(HOST, IQN):
        assert ok("list_sessions.py") == [f"{HOST} {IQN} tpg1 (no ACL)"]


def test_apply_file(user: Shell, tmp_path: Path) -> None:
    file = str(tmp_path / "wanted.json")
    for line in (
        "/backstores/ramdisk create d1 1M",
        f"/iscsi create {IQN}",
        f"{TPG}/luns create /backstores/ramdisk/d1",
        f"saveconfig {file}",
        f"{TPG}/luns delete 0",
    ):
        user.ok(line)
    before = tree()
    refused = run("apply_file.py", file, typed="n\n")
    assert refused.returncode == 0 and f"+ {TPG}/luns/lun0: " in refused.stdout
    assert tree() == before
    *steps, last = ok("apply_file.py", file, typed="y\n")
    assert last.endswith("Done: 1 steps.") and len(steps) == 1
    assert "lun0" in user.ok(f"{TPG}/luns ls")
    assert ok("apply_file.py", file, "--yes") == ["Nothing to do."]


def test_apply_file_that_is_none(user: Shell, tmp_path: Path) -> None:
    file = tmp_path / "wanted.json"
    done = run("apply_file.py", str(file))
    assert (done.returncode, done.stderr) == (1, f"Restore file {file} not found\n")
    file.write_text('{"storage_objects": [{"plugin": "ramdisk"}]}')
    done = run("apply_file.py", str(file))
    assert done.returncode == 1 and "storage_objects" in done.stderr
