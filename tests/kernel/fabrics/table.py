# SPDX-License-Identifier: Apache-2.0
"""The tables of what fabrics can do: as measured here, and as docs/FABRICS.md has them.

Only the standard library is imported: docs/fabrics.py writes the document with this.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

DOCUMENT = Path(__file__).parents[3] / "docs/FABRICS.md"
COLUMNS = (
    "fabric",
    "module",
    "folder",
    "adapter",
    "target",
    "TPG",
    "LUN",
    "ACL",
    "nexus",
    "enable",
    "restore",
)
FEATURES = ("TPG", "LUN", "ACL", "nexus", "enable", "restore")
"""What a target has, on each kernel that makes one."""
Row = dict[str, str]
"""A fabric on one kernel, by COLUMNS; or in a table of the document, by its columns."""
# Filled by test_table.py.
MEASURED: dict[str, Row] = {}


def has_module(name: str) -> bool:
    """Tell whether this kernel brings a module."""
    return subprocess.run(["modinfo", name], capture_output=True).returncode == 0


def kernel() -> str:
    """The kernel that runs, as the document calls it."""
    user_mode = "User Mode Linux" in Path("/proc/cpuinfo").read_text()
    release = re.match(r"\d+\.\d+", Path("/proc/sys/kernel/osrelease").read_text())
    assert release
    return f"{'User-mode' if user_mode else 'Full'} {release[0]}"


def outcome(row: Row) -> str:
    """How far a fabric goes on a kernel, in a word for the document."""
    if row["target"] == "yes":
        word = "works"
    else:
        word = "no target" if row["folder"] == "yes" else row["module"]
    return f"{word}, adapter" if row["adapter"] == "yes" else word


def features(row: Row) -> Row:
    """What a target of a fabric that works has."""
    return {name: row[name] for name in FEATURES}


def rows(lines: Iterable[str]) -> list[Row]:
    """The rows of a table, without its title and the line below."""
    cells = [[cell.strip() for cell in line.strip("| \n").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def show(table: Iterable[Row]) -> str:
    """A table as the document has it."""
    table = list(table)
    lines = [list(table[0]), ["---"] * len(table[0]), *(list(row.values()) for row in table)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tables(document: str) -> tuple[str, str]:
    """The texts of the two tables: of the kernels, and of the features."""
    found = re.findall(r"^\| fabric \|.*\n(?:\|.*(?:\n|\Z))+", document, re.MULTILINE)
    of_kernels, of_features = (text.rstrip("\n") for text in found)
    return of_kernels, of_features


def order(name: str) -> tuple[bool, tuple[int, ...]]:
    """The order of the kernels' columns: user-mode ones first, then by release."""
    kind, _, release = name.rpartition(" ")
    return kind == "Full", tuple(map(int, release.split(".")))


def column(names: Iterable[str], running: str) -> str:
    """The column that holds for a kernel: of its kind, the last one that is not newer; or ""."""
    full = order(running)[0]
    begun = [name for name in names if order(name)[0] is full and order(name) <= order(running)]
    return max(begun, key=order, default="")


def expected() -> dict[str, tuple[str, Row]]:
    """The outcome and the features of each fabric on this kernel, as the document has them."""
    of_kernels, of_features = (rows(text.splitlines()) for text in tables(DOCUMENT.read_text()))
    name = column(list(of_kernels[0])[1:], kernel())
    assert name, f"docs/FABRICS.md has no column for {kernel()}: make fabrics"
    having = {row["fabric"]: features(row) for row in of_features}
    return {row["fabric"]: (row[name], having.get(row["fabric"], {})) for row in of_kernels}
