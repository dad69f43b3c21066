#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes REFUSALS.md from the table of refusals: build.py [--check]

--check changes nothing, and its exit status is 1 when the page is not what the table says.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parent / "REFUSALS.md"
sys.path.insert(0, str(PAGE.parent.parent))

from rtslib_ext.refusals import Refusal, alua, host, storage, targets  # noqa: E402

PARTS = (
    ("Making storage objects", storage.ENABLING),
    ("Backing files", host.ROWS),
    ("Attributes", storage.ATTRIBUTES),
    ("Identity", storage.IDENTITY),
    ("Target port groups", alua.ROWS),
    ("Portals", targets.PORTALS),
    ("LUNs", targets.LUNS),
    ("ACLs", targets.ACLS),
    ("Targets and TPGs", targets.TPGS),
)
# How the names in the texts are shown; others in capitals.
NAMES = {
    "path": "PATH",
    "so_path": "/backstores/KIND/NAME",
    "delete": "/backstores/KIND delete NAME",
    "unexport": "TPG/luns delete N",
    "holder": "it is mounted, swap space, below another device, in a storage object, open",
    "release": "the command that ends this, such as umount FOLDER",
    "mountpoint": "FOLDER",
    "listener": "PROGRAM (process N)",
    "block": "/dev/NAME",
    "takes": "NAME takes …, not VALUE",
    "support": "alua_support_STATE",
}


def page() -> str:
    """The whole page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# What the kernel refuses, and why"
    yield ""
    yield (
        "A message names the object, then the cause, the kernel's errno and its own words where\n"
        "it wrote some in its log, and in parentheses what helps. These are the causes that are\n"
        "told; what is in capitals stands for the name in question. Every one is provoked in\n"
        "`tests/kernel/refusals`. This page is written by `docs/build.py`."
    )
    for title, rows in PARTS:
        yield from ("", f"## {title}", "")
        yield "| tried | the kernel | cause | what helps |"
        yield "| --- | --- | --- | --- |"
        for row in rows:
            cells = (row.what, row.codes, shown(row.cause), shown(row.help))
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def shown(text: str) -> str:
    """A text of the table with words for the names in it."""

    def word(found: re.Match[str]) -> str:
        name = found[1].rpartition("/")[2]
        return NAMES.get(name, name.upper())

    return re.sub(r"\{([^}]+)\}", word, text)


def rows() -> list[Refusal]:
    """Every row that the page has."""
    return [row for _, part in PARTS for row in part]


def main(arguments: list[str]) -> int:
    """Write the page, or check it."""
    if arguments == ["--check"]:
        if PAGE.read_text(encoding="utf-8") == page():
            return 0
        print(f"{PAGE.name} is not what the table says: run docs/build.py", file=sys.stderr)
        return 1
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
