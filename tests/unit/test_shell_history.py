# SPDX-License-Identifier: Apache-2.0
"""Lines typed in the shell: kept without passwords, also those of targetcli-fb, in mode 0600."""

from __future__ import annotations

import io
import os
import readline
from collections.abc import Iterator
from pathlib import Path

import pytest

from targetcli import shell
from targetcli.env import Env
from targetcli.options import Options
from targetcli.prefs import Preferences


@pytest.fixture(autouse=True)
def _no_lines() -> Iterator[None]:
    readline.clear_history()
    yield
    readline.clear_history()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.txt"


def lines() -> list[str]:
    count = readline.get_current_history_length()
    return [readline.get_history_item(number + 1) or "" for number in range(count)]


def env() -> Env:
    return Env(Preferences(None), stderr=io.StringIO(), options=Options())


def test_passwords_of_another_program_are_dropped(file: Path) -> None:
    file.write_text("ls\n/x set auth password=geheim\n\ncd /iscsi\n")
    file.chmod(0o644)
    shell._read_history(str(file))
    assert lines() == ["ls", "cd /iscsi"]
    before = os.umask(0)
    try:
        shell._write_history(env(), str(file))
    finally:
        os.umask(before)
    assert file.read_text() == "ls\ncd /iscsi\n"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("data", [b"\xff\x00\n\x1b[2J\n", b"a" * (5 << 20), b"ls \xe2\x80\xae\n"])
def test_a_file_of_any_content_is_read(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    shell._read_history(str(file))
    assert all(line.isprintable() for line in lines())


def test_only_the_last_lines_are_read(file: Path) -> None:
    file.write_text("".join(f"ls {number}\n" for number in range(3000)))
    shell._read_history(str(file))
    assert (len(lines()), lines()[0], lines()[-1]) == (1000, "ls 2000", "ls 2999")


def test_a_pipe_does_not_block(file: Path) -> None:
    os.mkfifo(file)
    shell._read_history(str(file))
    given = env()
    shell._write_history(given, str(file))
    assert lines() == []
    assert "was not saved" in given.stderr.getvalue()  # type: ignore[attr-defined]


def test_nothing_is_written_through_the_link_of_another_user(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o1777)
    victim = tmp_path / "victim"
    victim.write_text("keep")
    victim.chmod(0o644)
    (folder / "history.txt").symlink_to(victim)
    readline.add_history("ls")
    run = env()
    shell._write_history(run, str(folder / "history.txt"))
    assert (victim.read_text(), victim.stat().st_mode & 0o777) == ("keep", 0o644)
    assert isinstance(run.stderr, io.StringIO)
    assert run.stderr.getvalue() == (
        f"the command history was not saved: {folder}/history.txt is a symbolic link, and others "
        f"can write to {folder}\n"
    )


def test_only_the_last_lines_are_kept(file: Path) -> None:
    for number in range(1005):
        readline.add_history(f"ls {number}")
    shell._write_history(env(), str(file))
    assert file.read_text().split("\n")[:1] == ["ls 5"]
    assert file.read_text().endswith("\nls 1004\n")
