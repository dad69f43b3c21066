# SPDX-License-Identifier: Apache-2.0
"""What was published about targetcli, rtslib and configshell does not hold here.

CVE-2020-10699, CVE-2020-13867 and CVE-2020-14019 are all that have a number; the others are issues
of their repositories.
"""

from __future__ import annotations

import ast
import configparser
import os
import pickle
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext.savefile import disk
from targetcli.prefs import Preferences

ROOT = Path(__file__).parents[2]
SECRET = ["a secret"]


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """No help from the caller's umask."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def readable(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that other users could read when they were created, while still empty."""
    found: list[str] = []
    really = os.open

    def opened(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        handle = really(path, flags, mode, dir_fd=dir_fd)
        if flags & os.O_CREAT and os.fstat(handle).st_mode & 0o077:
            found.append(str(path))
        return handle

    monkeypatch.setattr(os, "open", opened)
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def saved(folder: Path, text: list[str]) -> Path:
    """Back up and write the save file of a directory."""
    file = folder / "saveconfig.json"
    disk.back_up(str(file), 10)
    disk.write(str(file), lambda: text)
    return file


# The socket of targetclid had no SocketMode=, so that every user could command a process of root;
# without systemd, bind() gave it the same mode (issues 162 and 163, pull requests 164 and 173).


@pytest.mark.parametrize("unit", sorted((ROOT / "systemd").glob("*.socket")), ids=lambda p: p.name)
def test_cve_2020_10699_no_socket_of_root(unit: Path) -> None:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(unit)
    listens = {key: value for key, value in read["Socket"].items() if key.startswith("Listen")}
    assert listens and all(value.startswith("127.0.0.1:") for value in listens.values())
    service = unit.with_suffix(".service").read_text().splitlines()
    assert "DynamicUser=yes" in service and "CapabilityBoundingSet=" in service


def test_cve_2020_10699_no_other_socket() -> None:
    """No module listens at a UNIX socket: the only one sends the state to systemd."""
    using = [
        path.relative_to(ROOT).as_posix()
        for package in ("rtslib_ext", "targetcli")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("AF_UNIX", "UnixStreamServer")
    ]
    assert using == ["targetcli/boot/systemd.py"]
    text = (ROOT / using[0]).read_text()
    assert not [word for word in (".bind(", ".listen(", ".accept(") if word in text]


# /etc/target, backup/ and the backups were readable for every user (pull request 172).


def test_cve_2020_13867_directory_and_backups(tmp_path: Path, readable: list[str]) -> None:
    folder = tmp_path / "target"
    saved(folder, SECRET)
    file = saved(folder, ["another secret"])
    (backup,) = (folder / "backup").iterdir()
    assert [mode(path) for path in (folder, folder / "backup")] == [0o700, 0o700]
    assert [mode(path) for path in (file, backup)] == [0o600, 0o600]
    assert readable == []


def test_cve_2020_13867_directory_of_the_old_package(tmp_path: Path, readable: list[str]) -> None:
    """A directory with mode 0755 and a file with 0644 are there already."""
    folder = tmp_path / "target"
    (folder / "backup").mkdir(parents=True)
    for path in (folder, folder / "backup"):
        path.chmod(0o755)
    file = folder / "saveconfig.json"
    file.write_text("old")
    file.chmod(0o644)
    saved(folder, SECRET)
    (backup,) = (folder / "backup").iterdir()
    assert (mode(file), mode(backup), readable) == (0o600, 0o600, [])


# The mode of saveconfig.json was lost when a temporary file was copied over it (shutil.copyfile);
# then the copy had its mode after its contents (rtslib-fb, issues 161 and 163, pull request 167).


@pytest.mark.parametrize("text", [["other"], SECRET], ids=["changed", "unchanged"])
def test_cve_2020_14019_mode_after_a_change(
    tmp_path: Path, readable: list[str], text: list[str]
) -> None:
    file = saved(tmp_path, SECRET)
    file.chmod(0o644)
    saved(tmp_path, text)
    assert (mode(file), file.read_text(), readable) == (0o600, text[0], [])


# The mending of CVE-2020-13867 set the mode of any directory to which a user saved, of /tmp too
# (pull request 198).


def test_pull_request_198_the_directory_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    disk.write(f"{tmp_path}/mine.json", lambda: SECRET)
    assert mode(tmp_path) == 0o1777


# configshell unpickles prefs.bin.


def test_preferences_are_not_unpickled(tmp_path: Path) -> None:
    mark = tmp_path / "run"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(mark),)

    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    old = folder / "prefs.bin"
    old.write_bytes(pickle.dumps({"prompt_length": Evil()}))
    old.chmod(0o600)
    assert "it refers to posix.mkdir" in Preferences.load(folder).problem
    assert not mark.exists()
