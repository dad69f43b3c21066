# SPDX-License-Identifier: Apache-2.0
"""Every form in which programs start this one."""

from __future__ import annotations

import io
import re
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from targetcli import cli

from ..conftest import clear_all
from .forms import FORMS, LOG, Form
from .test_rows import assert_is, differences_told, kernel
from .world import Worlds

Done = tuple[int, str, str]


class Program:
    """Runs the program, in this process or in one of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.patch = monkeypatch
        monkeypatch.setenv("TARGETCLI_HOME", str(home))

    def here(self, words: Sequence[str], stdin: str = "") -> Done:
        """Run its main function."""
        out, err = io.StringIO(), io.StringIO()
        for name, stream in (("stdin", io.StringIO(stdin)), ("stdout", out), ("stderr", err)):
            self.patch.setattr(sys, name, stream)
        status = cli.main(words)
        return status, out.getvalue(), err.getvalue()

    def apart(self, words: Sequence[str], stdin: str = "") -> Done:
        """Run it as scripts do."""
        done = subprocess.run(
            [sys.executable, "-m", "targetcli", *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def worlds(ram: list[str]) -> Worlds:
    """Where forms start from."""
    return Worlds(clear_all)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Program:
    """The program, for a user without preferences."""
    return Program(monkeypatch, tmp_path / "home")


@pytest.mark.parametrize("form", sorted(FORMS, key=lambda form: form.world), ids=str)
def test_form(worlds: Worlds, program: Program, tmp_path: Path, form: Form) -> None:
    worlds.start(form.world, tmp_path)
    if form.fact not in _KEEPS:
        worlds.now = None  # the next form wants one of its own
    for words in form.before:
        program.here(words)
    run = program.apart if form.process else program.here
    status, out, err = run(form.words, form.stdin or "")
    assert form.err in err
    assert form.err or not err
    assert status == form.exit
    if form.out is not None:
        assert_is(out.removesuffix("\n"), form.out, str)
    for path, value in form.kernel.items():
        assert kernel(path) == value, path
    check_log(form, tmp_path / "home")


_READS = {"ls", "status", "pwd", "help", "version", "frobnicate"}
_KEEPS = {form.fact for form in FORMS if not form.before and set(form.words) & _READS}


def check_log(form: Form, home: Path) -> None:
    """The log holds what was asked for, and secrets never."""
    log = Path(LOG)
    assert not (home / "log.txt").exists()
    if form.fact == "log: levels":
        assert re.fullmatch(r"\[ERROR\] \S+ \S+ /: Command not found .*\n", log.read_text())
    elif form.fact == "log: a file that was asked for":
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        rows = [row.split(" ", 3) for row in log.read_text().splitlines()]
        assert [(row[0], row[3]) for row in rows if row[0] != "[ERROR]"] == [
            ("[VERBOSE]", "/> /backstores/ramdisk create r2 1M"),
            ("[INFO]", "Created ramdisk r2 with size 1M."),
            ("[VERBOSE]", "/> frobnicate"),
            ("[VERBOSE]", f"/> {form.words[0]} set auth password=***"),
        ]
        assert sum(row[0] == "[ERROR]" for row in rows) == 1
        assert "hush" not in log.read_text()
    else:
        assert not log.exists()


def test_forms_have_names_of_their_own() -> None:
    names = [form.fact for form in FORMS]
    assert sorted(set(names)) == sorted(names)


def test_differences_are_told() -> None:
    assert {form.differs for form in FORMS if form.differs} - differences_told() == set()
