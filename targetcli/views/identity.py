# SPDX-License-Identifier: Apache-2.0
"""Derived identities beside the running ones, as a table and as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtslib_ext.fast_dataclasses import dataclass

from .table import Column, table

_COLUMNS = (
    Column("OBJECT", cut="start", least=16),
    Column("WHAT"),
    Column("RUNNING"),
    Column("DERIVED"),
    Column("SAME"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One identity; ``what`` is serial, lun or rtpi, ``running`` is "" if there is none."""

    path: str
    what: str
    running: str
    derived: str

    @property
    def same(self) -> bool:
        """Return True if the running object has the derived identity."""
        return self.running == self.derived


def lines(rows: Sequence[Row], width: int | None) -> Iterator[str]:
    """Yield a line for each identity."""
    cells = [
        (row.path, row.what, row.running, row.derived, "yes" if row.same else "no") for row in rows
    ]
    yield from table(_COLUMNS, cells, width) if cells else ("(no objects)",)


def facts(rows: Sequence[Row], namespace: str, node: int) -> dict[str, object]:
    """Return identities as plain values: $defs/identity of docs/json.schema.json."""
    return {
        "namespace": namespace,
        "node": node or None,
        "identities": [
            {
                "path": row.path,
                "what": row.what,
                "running": _typed(row.what, row.running),
                "derived": _typed(row.what, row.derived),
                "same": row.same,
            }
            for row in rows
        ],
    }


def _typed(what: str, text: str) -> str | int | None:
    """Return a serial number as text, the others as numbers; None for none."""
    return text or None if what == "serial" else int(text)
