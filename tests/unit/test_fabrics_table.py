# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/FABRICS.md, and how measurements are written to them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from rtslib_ext.fabrics import FABRICS
from tests.kernel.fabrics import table

ROOT = Path(__file__).parents[2]
KERNELS = ("User-mode 6.1", "User-mode 6.12", "User-mode 7.2", "Full 6.1", "Full 6.12", "Full 7.3")
ROW = dict.fromkeys(table.COLUMNS, "-")
NEW = ROW | {"fabric": "iscsi", "module": "refused", "folder": "no"}
WORKS = ROW | {"fabric": "efct", "module": "yes", "folder": "yes", "target": "yes", "TPG": "one"}


def program() -> object:
    spec = importlib.util.spec_from_file_location("fabrics", ROOT / "docs/fabrics.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_document_has_a_column_for_each_kernel_and_a_row_for_each_fabric() -> None:
    of_kernels, of_features = map(str.splitlines, table.tables(table.DOCUMENT.read_text()))
    rows = table.rows(of_kernels)
    assert tuple(rows[0]) == ("fabric", *KERNELS)
    assert [row["fabric"] for row in rows] == list(FABRICS)
    words = {word for row in rows for name, word in row.items() if name != "fabric"}
    explained = ("works", "no target", "refused", "absent")
    assert {word.removesuffix(", adapter") for word in words} <= set(explained)
    works = {
        row["fabric"] for row in rows if any(word.startswith("works") for word in row.values())
    }
    assert {row["fabric"] for row in table.rows(of_features)} == works


@pytest.mark.parametrize(
    ("running", "name"),
    [
        ("User-mode 6.1", "User-mode 6.1"),
        ("User-mode 6.14", "User-mode 6.12"),
        ("User-mode 7.10", "User-mode 7.2"),
        ("Full 7.2", "Full 6.12"),
        ("Full 5.10", ""),
    ],
)
def test_a_column_holds_until_the_next_one(running: str, name: str) -> None:
    assert table.column(KERNELS, running) == name


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (WORKS, "works"),
        (WORKS | {"adapter": "yes"}, "works, adapter"),
        (WORKS | {"target": "no", "adapter": "no"}, "no target"),
        (NEW, "refused"),
        (NEW | {"module": "absent"}, "absent"),
    ],
)
def test_outcomes(row: table.Row, word: str) -> None:
    assert table.outcome(row) == word


def test_measurements_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    fabrics = program()
    document = table.DOCUMENT.read_text()
    lines = [
        "..F   [100%]\n",
        "======= fabrics on User-mode 9.1 =======\n",
        *table.show([NEW, WORKS]).splitlines(keepends=True),
        "\n",
        "======= 1 failed =======\n",
        "| not | a row |\n",
    ]
    found = fabrics.measured(lines)
    assert capsys.readouterr().out == "".join(lines)
    assert found == {"User-mode 9.1": [NEW, WORKS]}
    others = [{**NEW, "fabric": name} for name in FABRICS if name != "efct"]
    every = {"User-mode 9.1": [*others, WORKS]}
    kernels, features = table.tables(fabrics.written(document, every))
    rows = {row["fabric"]: row for row in table.rows(kernels.splitlines())}
    assert list(rows["iscsi"])[1:] == [*KERNELS[:3], "User-mode 9.1", *KERNELS[3:]]
    assert rows["iscsi"]["User-mode 9.1"] == "refused"
    assert rows["efct"]["User-mode 9.1"] == "works"
    assert "| efct | one | - | - | - | - | - |" in features.splitlines()
    # The same again changes nothing.
    again = fabrics.written(fabrics.written(document, every), every)
    assert again == fabrics.written(document, every)
