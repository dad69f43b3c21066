# SPDX-License-Identifier: Apache-2.0
"""The systemd units: systemd accepts them, and what they run is there."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from targetcli import env
from targetcli.command_table.table import commands_of
from targetcli.language import binding, grammar

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
EXECUTABLE = re.compile(r"^(Exec\w+=[-+!:@]*)(\S+)", re.MULTILINE)

every_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)


def verify(folder: Path, unit: Path, text: str) -> str:
    """What systemd-analyze has to say of a unit whose programs are there."""
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing: install Debian's package systemd"
    installed = folder / unit.name
    installed.write_text(EXECUTABLE.sub(r"\1/bin/true", text))
    words = [program, "verify", "--man=no", "--recursive-errors=no", str(installed)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr or (f"status {done.returncode}" if done.returncode else "")


def commands(unit: Path) -> list[str]:
    """The command lines of a unit that run targetcli, without its path."""
    lines = [line.partition("=")[2] for line in unit.read_text().splitlines()]
    return [
        line.removeprefix("/usr/bin/targetcli ")
        for line in lines
        if line.startswith("/usr/bin/targetcli ")
    ]


def section(unit: Path, name: str) -> dict[str, str]:
    """The keys of a section; of one that is given twice, the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text())
    return dict(parser[name])


def test_there_is_a_unit() -> None:
    assert [unit.name for unit in UNITS] == ["target.service"]


@every_unit
def test_systemd_accepts(unit: Path, tmp_path: Path) -> None:
    assert verify(tmp_path, unit, unit.read_text()) == ""


@every_unit
def test_the_check_would_find_a_mistake(unit: Path, tmp_path: Path) -> None:
    wrong = unit.read_text().replace("RemainAfterExit=", "RemainAfterExits=")
    assert "RemainAfterExits" in verify(tmp_path, unit, wrong)


@every_unit
def test_commands_are_in_the_table(unit: Path) -> None:
    assert commands(unit) == [
        "restoreconfig",
        "clearconfig confirm=true",
        "restoreconfig keep_existing=true",
    ]
    for text in commands(unit):
        line = grammar.parse_words(text.split())
        command = commands_of("root")[line.command]
        binding.bind(command, line.positional, line.keywords, "/")


@every_unit
def test_condition_is_the_save_file(unit: Path) -> None:
    assert section(unit, "Unit")["ConditionPathExists"] == env.SAVE_FILE


@every_unit
def test_manual_pages_are_there(unit: Path) -> None:
    for page in section(unit, "Unit")["Documentation"].split():
        name, number = re.fullmatch(r"man:(.+)\((\d)\)", page).groups()  # type: ignore[union-attr]
        assert (ROOT / "man" / f"{name}.{number}").is_file()
