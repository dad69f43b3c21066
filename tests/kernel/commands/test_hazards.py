# SPDX-License-Identifier: Apache-2.0
"""Notes about storage objects that disclose memory or fail commands."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Shell

RAMDISK, FILEIO = "/backstores/ramdisk", "/backstores/fileio"
NULLIO = "reads return memory of this host that was not cleared"
UNMAP = "its file system cannot punch holes"


@pytest.fixture
def ramfs(tmp_path: Path) -> Iterator[Path]:
    """A file system that cannot punch holes."""
    folder = tmp_path / "ramfs"
    folder.mkdir()
    subprocess.run(["mount", "-t", "ramfs", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_ramdisk_that_stores_nothing(shell: Shell, tmp_path: Path) -> None:
    (note,) = shell.ok(f"{RAMDISK} create r1 1M nullio=true").asides
    assert note.startswith("Note: nullio: it stores nothing") and NULLIO in note
    assert shell.ok(f"{RAMDISK} create r4 1M").asides == []
    shell.ok(f"{RAMDISK} create r2 1M nullio=true")
    shell.ok(f"{RAMDISK} create r3 1M nullio=true")
    file = tmp_path / "save.json"
    shell.ok(f"saveconfig {file}")
    (note,) = shell.ok(f"restoreconfig {file} clear_existing=true").asides
    assert note.startswith(f"Note: {RAMDISK}/r1 and 2 more: nullio: ") and NULLIO in note
    assert NULLIO not in str(shell.ok(f"apply {file}")), "they are not new"
    shell.ok(f"{RAMDISK} delete r2")
    answer = shell.ok(f"apply {file}")
    assert NULLIO in f"{answer}{answer.stderr}" and f"{RAMDISK}/r2: nullio" in (
        f"{answer}{answer.stderr}"
    )


def test_unmap_where_no_hole_can_be_punched(shell: Shell, ramfs: Path, tmp_path: Path) -> None:
    shell.ok(f"{FILEIO} create f1 {ramfs}/f1 1M")
    (note,) = shell.ok(f"{FILEIO}/f1 set attribute emulate_tpu=1").asides
    assert UNMAP in note and "set attribute emulate_tpu=0" in note
    assert sorted(ramfs.iterdir()) == [ramfs / "f1"]
    assert shell.ok(f"{FILEIO}/f1 set attribute emulate_tpu=0").asides == []
    shell.ok(f"{FILEIO}/f1 set attribute emulate_tpu=1")
    shell.ok(f"{FILEIO} create f2 {tmp_path}/f2 1M")
    assert shell.ok(f"{FILEIO}/f2 set attribute emulate_tpu=1").asides == []
    file = tmp_path / "save.json"
    shell.ok(f"saveconfig {file}")
    (note,) = shell.ok(f"restoreconfig {file} clear_existing=true").asides
    assert note.startswith(f"Note: {FILEIO}/f1: emulate_tpu=1: {UNMAP}")


def test_a_size_that_loses_its_tail(shell: Shell, tmp_path: Path) -> None:
    """Each command that sets a size or the size of blocks says how much initiators see."""
    file, other = tmp_path / "odd", tmp_path / "other"
    for path in (file, other):
        path.write_bytes(b"x" * 1_000_000)
    shell.ok(f"{FILEIO} create f2 {tmp_path}/small 999424")
    seen = "initiators see only 999936 of 1000000 bytes; use a multiple of 512 bytes"
    for line in (
        f"{FILEIO} create f1 {file}",
        f"{FILEIO} create f4 {tmp_path}/new 1000000",
        f"{FILEIO}/f2 resize 1000000",
        f"{FILEIO}/f1 replace {other}",
    ):
        answer = shell.ok(line)
        assert seen in f"{answer}{answer.stderr}", line
    (note,) = shell.ok(f"{RAMDISK} create r1 1000000").asides
    assert note == "Note: initiators see only 999424 of 1000000 bytes; use a multiple of 4096 bytes"
    (note,) = shell.ok(f"{FILEIO}/f1 set attribute block_size=4096").asides
    assert "only 999424 of 1000000 bytes; use a multiple of 4096 bytes" in note
    save = tmp_path / "save.json"
    shell.ok(f"saveconfig {save}")
    notes = shell.ok(f"restoreconfig {save} clear_existing=true").asides
    assert [note.partition(": initiators")[0] for note in notes] == [
        f"Note: {FILEIO}/f1",
        f"Note: {FILEIO}/f2 and 1 more",
    ]
    assert "initiators see" not in str(shell.ok(f"apply {save}")), "they are not new"
    assert "initiators see" not in str(shell.ok(f"{RAMDISK} create r2 1M").stderr)
