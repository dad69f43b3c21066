# SPDX-License-Identifier: Apache-2.0
"""A pager shows help that is longer than the terminal; without one that works, it is printed."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the program on a terminal; return its exit status and what the terminal shows."""

    def run(*words: str, lines: int = 24, pipe: str = "", **environ: str) -> tuple[int, str]:
        leader, follower = os.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", lines, 80, 0, 0))
        streams = {"stdin": follower, "stdout": follower, "stderr": follower}
        if pipe:
            streams[pipe] = subprocess.PIPE
        kept = {name: value for name, value in os.environ.items() if name not in ("PAGER", "LESS")}
        home = {"TARGETCLI_HOME": str(tmp_path), "TERM": "xterm"}
        program = subprocess.Popen(
            [sys.executable, "-m", "targetcli", *words], env={**kept, **home, **environ}, **streams
        )
        os.close(follower)
        shown = program.stdout.read().decode() if program.stdout else ""
        if program.stdin:
            program.stdin.close()
        try:
            while text := os.read(leader, 65536):
                shown += text.decode()
        except OSError:
            pass  # the program has ended
        os.close(leader)
        return program.wait(), shown.replace("\r\n", "\n")

    return run


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that shows where it begins and ends, and what LESS is."""
    path = tmp_path / "bin/less"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\necho "BEGIN $LESS $*"\ncat\necho END\n')
    path.chmod(0o755)
    return str(path)


def test_the_pager_of_the_user(run: Run, pager: str) -> None:
    status, shown = run("help", PAGER=f"{pager} -x 'a b'", LESS="S")
    assert (status, shown.splitlines()[0]) == (0, "BEGIN S -x a b")
    assert shown.endswith("targetcli-fb does not have this command.\nEND\n")
    assert shown.count("Usage: targetcli") == 1


def test_less_is_the_default(run: Run, pager: str) -> None:
    path = f"{os.path.dirname(pager)}:{os.environ['PATH']}"
    assert run("help", PATH=path)[1].startswith("BEGIN FRX \n")


def test_every_form_of_help(run: Run, pager: str) -> None:
    for words in (("create", "--help"), ("help", "apply"), ("help", "search", "lun")):
        assert run(*words, PAGER=pager)[1].startswith("BEGIN "), words


def test_text_that_fits_has_no_pager(run: Run, pager: str) -> None:
    assert "BEGIN" not in run("help", lines=100, PAGER=pager)[1]
    assert "BEGIN" not in run("help", "pwd", PAGER=pager)[1]
    assert "BEGIN" not in run("help", lines=0, PAGER=pager)[1]


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_without_a_terminal_there_is_no_pager(run: Run, pager: str, stream: str) -> None:
    status, shown = run("help", pipe=stream, PAGER=pager)
    assert status == 0 and "BEGIN" not in shown and "Usage: targetcli" in shown


@pytest.mark.parametrize(
    "broken", ["", "/nosuch/pager", "false", "sh -c 'kill -9 $$'", "'", "/", "cat /nosuch"]
)
def test_without_a_pager_that_works_it_is_printed(run: Run, broken: str) -> None:
    status, shown = run("help", PAGER=broken)
    assert status == 0
    assert shown.count("Usage: targetcli") == 1
    assert shown.endswith("targetcli-fb does not have this command.\n")


def test_a_terminal_that_can_do_nothing(run: Run, pager: str) -> None:
    assert "BEGIN" not in run("help", PAGER=pager, TERM="dumb")[1]


def test_a_pager_that_is_left_early(run: Run) -> None:
    assert run("help", "search", "a", PAGER="head -1")[0] == 0


def test_other_commands_have_no_pager(run: Run, pager: str) -> None:
    assert "BEGIN" not in run("--help", lines=5, PAGER=pager)[1]
    assert "BEGIN" not in run("help", "nosuch", lines=2, PAGER=pager)[1]


def test_json_has_no_pager(run: Run, pager: str) -> None:
    assert run("--json", "help", PAGER=pager)[1].startswith("{")
