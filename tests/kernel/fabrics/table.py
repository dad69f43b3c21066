# SPDX-License-Identifier: Apache-2.0
"""The table of what fabrics can do: as measured here, and as docs/FABRICS.md has it."""

from __future__ import annotations

import re
import subprocess
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
# Filled by test_table.py.
MEASURED: dict[str, dict[str, str]] = {}


def has_module(name: str) -> bool:
    """Tell whether this kernel brings a module."""
    return subprocess.run(["modinfo", name], capture_output=True).returncode == 0


def kernel() -> str:
    """The kernel that runs, as the document calls it."""
    user_mode = "User Mode Linux" in Path("/proc/cpuinfo").read_text()
    release = re.match(r"\d+\.\d+", Path("/proc/sys/kernel/osrelease").read_text())
    assert release
    return f"{'User-mode' if user_mode else 'Full'} {release[0]}"


def expected() -> dict[str, dict[str, str]]:
    """The rows of the document for this kernel; empty when it has none."""
    section = DOCUMENT.read_text().partition(f"### {kernel()}\n")[2].partition("\n#")[0]
    rows = [row.strip("| ").split("|") for row in section.splitlines() if row.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows]
    if not cells:
        return {}
    assert tuple(cells[0]) == COLUMNS
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in cells[2:]}


def show(rows: dict[str, dict[str, str]]) -> str:
    """Rows as the document has them."""
    lines = [COLUMNS, ("---",) * len(COLUMNS)]
    lines += [tuple(row.get(column, "-") for column in COLUMNS) for row in rows.values()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
