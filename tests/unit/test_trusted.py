# SPDX-License-Identifier: Apache-2.0
"""Files that others could have planted are neither read nor written, and no link leads away."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext.files import trusted
from rtslib_ext.files.trusted import Untrusted

OTHER = 12345


@pytest.fixture(autouse=True)
def _no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the files of this test belong to a user that is not trusted."""
    monkeypatch.setattr(trusted, "trusted_users", lambda: frozenset({OTHER}))
    yield


def place(path: Path) -> tuple[str, str]:
    """Return the directory and the name to which a path leads."""
    with trusted.directory(str(path)) as (folder, name):
        return os.readlink(f"/proc/self/fd/{folder}"), name


def test_own_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/deep")
    (tmp_path / "file").symlink_to(f"{tmp_path}/link/../deep/saved")
    assert place(tmp_path / "link" / "x") == (f"{tmp_path}/real/deep", "x")
    assert place(tmp_path / "file") == (f"{tmp_path}/real/deep", "saved")


@pytest.mark.parametrize("target", ["saved", "nowhere"])
def test_link_where_others_can_write_is_refused(open_folder: Path, target: str) -> None:
    (open_folder.parent / "saved").write_text("mine")
    link = open_folder / "link"
    link.symlink_to(open_folder.parent / target)
    with pytest.raises(Untrusted, match="is a symbolic link, and others can write to") as caught:
        trusted.read(str(link), 100)
    assert str(caught.value).endswith(str(open_folder))


def test_link_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "saved").write_text("text")
    (tmp_path / "link").symlink_to("saved")
    really = os.stat

    class Theirs:
        st_mode, st_uid = stat.S_IFLNK | 0o777, OTHER

    def lstat(path: str, **options: object) -> object:
        return Theirs() if path == "link" else really(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", lstat)
    with pytest.raises(Untrusted, match=f"/link is a symbolic link of uid {OTHER}"):
        trusted.read(f"{tmp_path}/link", 100)


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        trusted.read(f"{tmp_path}/one", 100)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_of_new_directories(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        trusted.make_directory(f"{tmp_path}/a/b/c")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / part).stat().st_mode) for part in ("a", "a/b", "a/b/c")]
    assert modes == [0o755 & ~umask, 0o755 & ~umask, 0o700]


def test_new_directories_are_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: synced.append(os.readlink(f"/proc/self/fd/{handle}"))
    )
    with trusted.directory(f"{tmp_path}/a/b/file", create=True, sync=True):
        pass
    assert synced == [str(tmp_path), f"{tmp_path}/a"]


def test_no_directory_is_made_where_others_can_replace_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(Untrusted, match=r"others can write to the directory .* \(mode 0777\)"):
        trusted.make_directory(f"{tmp_path}/new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "mode, group, refused",
    [(0o644, 5, False), (0o664, 5, True), (0o602, 5, True), (0o660, None, False)],
)
def test_files_that_others_can_write(
    tmp_path: Path, mode: int, group: int | None, refused: bool
) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    status = file.stat()
    owner = status.st_uid
    fields = [stat.S_IFREG | mode, 0, 0, 1, owner, owner if group is None else group, 4, 0, 0, 0]
    if refused:
        with pytest.raises(Untrusted, match=f"others can write to {file} .mode {mode:04o}"):
            trusted.check_file(os.stat_result(fields), str(file))
    else:
        trusted.check_file(os.stat_result(fields), str(file))


def test_file_of_another_user(tmp_path: Path, stranger: None) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    with pytest.raises(Untrusted, match=f"{file} belongs to ") as caught:
        trusted.check_file(file.stat(), str(file))
    assert caught.value.hint == f"check it, then chown root {file}"
    with pytest.raises(Untrusted, match="so it was not replaced"):
        trusted.check_replaceable(file.stat(), str(file))


def test_user_before_sudo_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trusted.trusted_users() == {0, os.geteuid()}
    monkeypatch.setenv("SUDO_UID", str(OTHER))
    assert trusted.trusted_users() == {0, os.geteuid(), OTHER}
    for text in ("", "-1", "x", "٣"):
        monkeypatch.setenv("SUDO_UID", text)
        assert trusted.trusted_users() == {0, os.geteuid()}


def test_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(Untrusted, match="is not a regular file"):
        trusted.read(f"{tmp_path}/pipe", 100)


def test_endless_device_is_refused() -> None:
    with pytest.raises(Untrusted, match="/dev/zero is not a regular file"):
        trusted.read("/dev/zero", 100)


def test_size_is_limited(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with file.open("wb") as opened:
        opened.truncate(3 << 20)
    assert len(trusted.read(str(file), 3 << 20)) == 3 << 20
    with pytest.raises(OSError, match="it has more than 1,048,576 bytes"):
        trusted.read(str(file), 1 << 20)


@pytest.mark.parametrize("name", ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_inherited_descriptors(tmp_path: Path, name: str) -> None:
    """As the shell passes them: a pipe, a file."""
    program = f"from rtslib_ext.files import trusted; print(trusted.read({name!r}, 9).decode())"
    words = [sys.executable, "-c", program]
    (tmp_path / "file").write_text("text")
    with (tmp_path / "file").open() as opened:
        assert subprocess.check_output(words, stdin=opened, text=True) == "text\n"
    assert subprocess.check_output(words, input="text", text=True) == "text\n"
    done = subprocess.run(words, input="0123456789", text=True, capture_output=True)
    assert "it has more than 9 bytes" in done.stderr


@pytest.mark.parametrize("name", ["/proc/kmsg", "/proc/self/mem", "/proc/version"])
def test_file_of_the_kernel_is_not_opened(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading it may have effects, and it has no end."""
    opened = []
    really = os.open

    def note(path: str, *words: int, **options: int) -> int:
        opened.append(path)
        return really(path, *words, **options)

    monkeypatch.setattr(os, "open", note)
    with pytest.raises(Untrusted, match=rf"{name} is a file of the kernel \(proc\)"):
        trusted.read(name, 100)
    assert os.path.basename(name) not in opened
