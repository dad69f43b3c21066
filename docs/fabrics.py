#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write measurements to the tables of FABRICS.md: make fabrics runs it.

Copies standard input, the output of tests/kernel/fabrics on one or more kernels, to standard
output. At its end the document has a column of each of these kernels, beside those it had.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.kernel.fabrics import table  # noqa: E402

TITLE = re.compile(r"=+ fabrics on (.+?) =+")


def measured(lines: Iterable[str]) -> dict[str, list[table.Row]]:
    """Return the rows by kernel; print the lines."""
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        print(line, end="", flush=True)
        if title := TITLE.match(line):
            current = texts.setdefault(title[1], [])
            current.clear()  # measured again
        elif line.startswith("| "):
            current.append(line)
        elif line.startswith("="):
            current = []
    return {name: table.rows(text) for name, text in texts.items()}


def written(document: str, found: dict[str, list[table.Row]]) -> str:
    """Return the document with these measurements in its tables."""
    old_kernels, old_features = table.tables(document)
    having = {row["fabric"]: row for row in table.rows(old_features.splitlines())}
    outcomes = {row["fabric"]: row for row in table.rows(old_kernels.splitlines())}
    for kernel, rows in found.items():
        for row in rows:
            outcomes.setdefault(row["fabric"], {})[kernel] = table.outcome(row)
            if row["target"] == "yes":
                having[row["fabric"]] = {"fabric": row["fabric"], **table.features(row)}
    # A fabric that no kernel makes a target of has no features.
    having = {name: having[name] for name in outcomes if name in having}
    document = document.replace(old_kernels, table.show(_in_order(outcomes)))
    return document.replace(old_features, table.show(having.values()))


def _in_order(outcomes: dict[str, table.Row]) -> Iterator[table.Row]:
    for fabric, row in outcomes.items():
        kernels = sorted(row.keys() - {"fabric"}, key=table.order)
        yield {"fabric": fabric} | {kernel: row[kernel] for kernel in kernels}


def main() -> int:
    """Return 1 if the input has no measurement."""
    found = measured(sys.stdin)
    if not found:
        print("no fabrics were measured", file=sys.stderr)
        return 1
    table.DOCUMENT.write_text(written(table.DOCUMENT.read_text(), found))
    print(f"docs/FABRICS.md: {', '.join(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
