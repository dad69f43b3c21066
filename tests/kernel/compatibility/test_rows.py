# SPDX-License-Identifier: Apache-2.0
"""Every row of the table that is one line, held on a real kernel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..commands.harness import ASIDES, TARGET
from ..conftest import clear_all
from . import backstores, configuration, defects, exports, lines, looking, settings
from .row import Row, Text
from .world import Worlds

ROWS: list[Row] = [
    row
    for module in (backstores, exports, settings, looking, configuration, lines, defects)
    for row in module.ROWS
]


# Those of one world together, and those that change it last.
ORDERED = sorted(ROWS, key=lambda row: (row.world, bool(row.given), bool(row.kernel)))


@pytest.fixture(scope="module")
def worlds(ram: list[str]) -> Worlds:
    """Where rows start from."""
    return Worlds(clear_all)


@pytest.mark.parametrize("row", ORDERED, ids=str)
def test_row(
    worlds: Worlds, handler: Path, scsi_disk: tuple[str, str], tmp_path: Path, row: Row
) -> None:
    def filled(text: str) -> str:
        return text.replace("SCSI", scsi_disk[0])

    shell = worlds.shell(row, tmp_path / "home")
    for path, text in row.files.items():
        Path(path).write_text(text)
    for line in row.given:
        shell.ok(filled(line))
    answer = shell(filled(row.line))
    assert row.err in answer.stderr, answer.stderr
    assert answer.exit == (1 if row.err else 0), answer.stderr or answer
    assert row.aside in answer.stderr
    assert row.err or all(text.startswith(ASIDES) for text in answer.asides), answer.stderr
    assert_is(str(answer).removesuffix("\n"), row.out, filled)
    for path, value in row.kernel.items():
        assert kernel(path) == value, path


def assert_is(text: str, wanted: Text, filled: object) -> None:
    """Compare whole texts, or search for a pattern."""
    if isinstance(wanted, re.Pattern):
        assert wanted.search(text), text
    else:
        assert text == filled(wanted)  # type: ignore[operator]


def kernel(path: str) -> str | None:
    """What is at a configfs path: a value, "/" for a folder, None for nothing."""
    found = sorted(TARGET.glob(path))
    if not found:
        return None
    return "/" if found[0].is_dir() else found[0].read_text().rstrip("\n\0")


def test_rows_have_names_of_their_own() -> None:
    names = [row.fact for row in ROWS]
    assert sorted(set(names)) == sorted(names)


def differences_told() -> set[str]:
    """What COMPATIBILITY.md names: the first cell of each row of its tables.

    Each row is there once, and says what is done here, why, and what a script must do.
    """
    text = Path(__file__, "../../../../COMPATIBILITY.md").resolve().read_text()
    text = text.partition("\n## Additional objects and settings")[0]
    rows = [re.split(r"(?<!\\)\|", row) for row in text.splitlines() if row.startswith("| ")]
    assert all(len(row) == 7 and all(map(str.strip, row[3:6])) for row in rows)
    names = [row[1].strip() for row in rows if row[1].strip() not in ("what", "---")]
    assert sorted(set(names)) == sorted(names)
    return set(names)


def test_differences_are_told() -> None:
    assert {row.differs for row in ROWS if row.differs} - differences_told() == set()
