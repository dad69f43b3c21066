# SPDX-License-Identifier: Apache-2.0
"""The scripts as data: lines as programs and people type them, in files under ``scripts``.

A file is one session on a kernel where nothing is configured:

    # where its lines come from
    ! truncate -s 8M $LAB/disk.img          prepares the host
    $ targetcli '/iscsi create' iqn.x:y     a one-shot command, its words as a shell has them
    $ targetcli <<EOF                       lines on standard input, up to EOF
    cd /iscsi
    EOF

``$LAB`` is an empty folder; ``$CREATED`` the last target the tool made, for generated names.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
LAB = "/srv/lab"


@dataclass(frozen=True, slots=True)
class Call:
    """One start of the tool, or (``host``) a command that prepares what it works on."""

    text: str
    words: tuple[str, ...] = ()
    stdin: str | None = None
    host: bool = False

    @property
    def lines(self) -> int:
        """How many lines it gives to the tool; blank ones and comments are not counted."""
        if self.host:
            return 0
        if self.stdin is None:
            return 1
        rows = (row.strip() for row in self.stdin.splitlines())
        return sum(bool(row) and not row.startswith("#") for row in rows)


def names() -> list[str]:
    """The scripts there are."""
    return sorted(path.stem for path in SCRIPTS.glob("*.txt"))


def load(name: str) -> list[Call]:
    """The calls of one script."""
    return list(_calls((SCRIPTS / f"{name}.txt").read_text("utf-8")))


def _calls(text: str) -> Iterator[Call]:
    rows = iter(text.replace("$LAB", LAB).splitlines())
    for row in rows:
        if row.startswith("! "):
            yield Call(row, (row[2:],), host=True)
        elif row.startswith("$ targetcli"):
            yield _call(row[2:], rows)
        elif row and not row.startswith("#"):
            raise ValueError(f"neither a call nor a comment: {row}")


def _call(row: str, rows: Iterator[str]) -> Call:
    if not row.endswith("<<EOF"):
        return Call(row, tuple(shlex.split(row)[1:]))
    stdin = ""
    for line in rows:
        if line == "EOF":
            return Call(f"{row}\n{stdin}", (), stdin)
        stdin += f"{line}\n"
    raise ValueError(f"no EOF after {row}")
