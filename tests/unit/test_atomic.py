# SPDX-License-Identifier: Apache-2.0
"""Replacing a file: all of it or nothing, readable by its owner only, nothing left over."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext.files import atomic


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("data", [b"new text", [b"new ", b"text"]], ids=["bytes", "pieces"])
@pytest.mark.parametrize("before", [None, "old"])
def test_replace(tmp_path: Path, data: bytes | list[bytes], before: str | None) -> None:
    file = tmp_path / "file"
    if before is not None:
        file.write_text(before)
    atomic.replace(str(file), data)
    assert (file.read_text(), names(tmp_path)) == ("new text", ["file"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_mode_holds_from_the_first_byte(tmp_path: Path) -> None:
    seen = []

    def pieces() -> Iterator[bytes]:
        seen.append(stat.S_IMODE((tmp_path / "file.temp").stat().st_mode))
        yield b"secret"

    (tmp_path / "file.temp").write_text("left by a crash")
    (tmp_path / "file.temp").chmod(0o644)
    atomic.replace(f"{tmp_path}/file", pieces())
    assert (seen, names(tmp_path)) == ([0o600], ["file"])


def test_failure_leaves_the_old_file(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    (tmp_path / "file").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        atomic.replace(f"{tmp_path}/file", pieces())
    assert ((tmp_path / "file").read_text(), names(tmp_path)) == ("old", ["file"])


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_mode_under_any_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        atomic.replace(f"{tmp_path}/file", b"text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("sync", [True, False])
def test_disk_is_waited_for_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: bool
) -> None:
    kinds = []
    monkeypatch.setattr(os, "fsync", lambda handle: kinds.append(os.fstat(handle).st_mode))
    atomic.replace(f"{tmp_path}/file", b"text", sync=sync)
    assert [stat.S_ISDIR(kind) for kind in kinds] == ([False, True] if sync else [])


def test_order_on_the_way_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All content, then the name, then the directory; no call in another order, or twice."""
    calls: list[tuple[object, ...]] = []
    really = os.replace

    def fsync(handle: int) -> None:
        status = os.fstat(handle)
        folder = stat.S_ISDIR(status.st_mode)
        calls.append(("fsync", "directory" if folder else status.st_size))

    def replace(old: str, new: str, **folders: int) -> None:
        calls.append(("rename", old, new))
        really(old, new, **folders)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    atomic.replace(f"{tmp_path}/file", iter([b"x" * 100_000] * 3), sync=True)
    assert calls == [
        ("fsync", 300_000),
        ("rename", "file.temp", "file"),
        ("fsync", "directory"),
    ]


def test_name_that_is_not_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(atomic.NotDurable) as caught:
        atomic.replace(f"{tmp_path}/file", b"text", sync=True)
    assert caught.value.errno == errno.EIO
    assert ((tmp_path / "file").read_text(), names(tmp_path)) == ("text", ["file"])


def test_symbolic_link_under_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("theirs")
    (tmp_path / "file.temp").symlink_to("other")
    atomic.replace(f"{tmp_path}/file", b"ours")
    assert (tmp_path / "other").read_text() == "theirs"
    assert names(tmp_path) == ["file", "other"]
