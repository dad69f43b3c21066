# SPDX-License-Identifier: Apache-2.0
"""Every preference has its type and default, stays, and has the effect that a row holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..commands.harness import Shell
from .forms import FORMS
from .preferences import HIDDEN, PREFERENCES, Preference
from .test_rows import ROWS
from .test_terminal import FACTS


@pytest.fixture
def user(tmp_path: Path) -> Shell:
    """A user without preferences; each command loads them anew, as a process does."""
    return Shell(tmp_path / "home")


@pytest.mark.parametrize("row", PREFERENCES, ids=lambda row: row.name)
def test_preference(user: Shell, row: Preference) -> None:
    default = row.default.replace("HOME", str(user.home))
    assert user.ok(f"get global {row.name}") == f"{row.name}={default} \n"
    assert f"\n{row.name}={row.kind}\n" in user.ok("set global")
    assert f"\n{row.name}={default}\n" in user.ok("/iscsi get global")
    said = user.ok(f"/iscsi set global {row.name}={row.other}")
    assert said == f"Parameter {row.name} is now '{row.other}'.\n"
    assert user.ok(f"/backstores get global {row.name}") == f"{row.name}={row.other} \n"


def test_there_are_no_others_that_programs_know(user: Shell) -> None:
    rows = user.ok("set global").rows
    assert {row.partition("=")[0] for row in rows if row[:1] != "=" and "=" in row} == {
        row.name for row in PREFERENCES
    }
    for name in HIDDEN:
        assert user(f"set global {name}=1").exit == 1


def test_every_effect_is_held() -> None:
    held = {row.fact for row in (*ROWS, *FORMS)} | FACTS
    assert {fact for row in PREFERENCES for fact in row.effects} - held == set()
