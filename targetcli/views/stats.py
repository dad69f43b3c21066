# SPDX-License-Identifier: Apache-2.0
"""Counters and rates as tables, as CSV and as plain values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rtslib_ext.statistics import columns, facts
from rtslib_ext.statistics.facts import PER_SECOND, Facts

from .table import Column, table

if TYPE_CHECKING:
    from rtslib_ext.statistics.mib import Instance

TITLES = {
    columns.STORAGE_OBJECT: "Storage objects",
    columns.LUN: "LUNs",
    columns.MAPPED_LUN: "Mapped LUNs",
    columns.TARGET: "Targets",
    columns.SESSION: "Sessions (of an ACL, the latest one)",
}
# The values of a table. The kernel knows bytes of LUNs in whole MiB, those of sessions exactly.
_TRAFFIC = ("commands", "read_bytes", "written_bytes")
_DATA = ("commands", "sent_bytes", "received_bytes")
_SHOWN: dict[str, tuple[str, ...]] = {
    columns.STORAGE_OBJECT: (*_TRAFFIC, "aborts", "resets"),
    columns.LUN: _TRAFFIC,
    columns.MAPPED_LUN: _TRAFFIC,
    columns.TARGET: (
        "sessions",
        "logins",
        "refused_logins",
        "digest_errors",
        "connection_errors",
        "format_errors",
    ),
    columns.SESSION: (*_DATA, "digest_errors", "timeout_errors"),
}
_RATES = {
    kind: tuple(f"{name}{PER_SECOND}" for name in names if name in (*_TRAFFIC, *_DATA))
    for kind, names in _SHOWN.items()
}
_HEADINGS = {
    "read_bytes": "read MiB",
    "written_bytes": "written MiB",
    "sent_bytes": "sent bytes",
    "received_bytes": "received bytes",
    "refused_logins": "refused",
    "digest_errors": "digest err",
    "connection_errors": "conn err",
    "format_errors": "format err",
    "timeout_errors": "timeout err",
}
_IN_MIB = ("read_bytes", "written_bytes")
# The least of a path at a terminal: the end of an initiator's or target's name. Beside rates it
# is more, so that totals are left out first.
_PATH, _PATH_OF_RATES = 16, 24


def text(found: Sequence[Facts], *, rates: bool, width: int | None) -> Iterator[str]:
    """Yield a table for each kind of object.

    If it is wider than a terminal, paths lose their start; of the columns, first the totals of
    rates are left out, then errors.
    """
    between = False
    for kind in columns.KINDS:
        rows = [item for item in found if item.kind == kind]
        if not rows:
            continue
        if between:
            yield ""
        between = True
        yield TITLES[kind]
        names = (*_SHOWN[kind], *(_RATES[kind] if rates else ()))
        heads = [Column(_heading(name), right=True, drop=_drop(name, names)) for name in names]
        heads += [Column("storage object", cut="start", drop=1)] * (kind == columns.LUN)
        heads += [Column("path", cut="start", least=_PATH_OF_RATES if rates else _PATH)]
        yield from table(heads, (_cells(item, names) for item in rows), width)


def _drop(name: str, shown: Sequence[str]) -> int:
    if f"{name}{PER_SECOND}" in shown:
        return 3
    return 2 if name.endswith("errors") or name in ("aborts", "resets") else 0


def _heading(name: str) -> str:
    plain = name.removesuffix(PER_SECOND)
    heading = _HEADINGS.get(plain, plain.replace("_", " "))
    return f"{heading}/s" if plain != name else heading


def _cells(item: Facts, names: Iterable[str]) -> list[str]:
    cells = [_cell(name, item.values[name]) for name in names]
    if item.kind == columns.LUN:
        cells.append(item.storage_object.removeprefix("/backstores/"))
    return [*cells, item.path]


def _cell(name: str, value: facts.Value) -> str:
    if value is None:
        return ""
    if name.removesuffix(PER_SECOND) in _IN_MIB:
        value = value / columns.MIB
        return f"{value:.1f}" if name.endswith(PER_SECOND) else f"{value:.0f}"
    return f"{value:.0f}"


def csv_lines(found: Iterable[Facts], time: str, *, rates: bool, heading: bool) -> Iterator[str]:
    """Yield a line of CSV (RFC 4180) for each object, of any kind; before them the names."""
    names = list(
        dict.fromkeys(name for kind in columns.KINDS for name in facts.names(kind, rates=rates))
    )
    if heading:
        yield _csv(("time", "kind", "path", "storage_object", *names))
    for item in found:
        values = (item.values.get(name) for name in names)
        yield _csv((time, item.kind, item.path, item.storage_object, *map(_number, values)))


def _number(value: facts.Value) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _csv(cells: Iterable[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(cells)
    return stream.getvalue()


def plain(found: Iterable[Facts]) -> Iterator[dict[str, object]]:
    """Yield each object as plain values: $defs/counters of docs/json.schema.json."""
    for item in found:
        yield {
            "kind": item.kind,
            "path": item.path,
            "storage_object": item.storage_object or None,
            "restarted": item.restarted,
            **item.values,
        }


def mib(found: Iterable[Instance]) -> Iterator[str]:
    """Yield a table of MIB objects for each object."""
    heads = [Column("MIB object"), Column("value"), Column("meaning")]
    for number, item in enumerate(found):
        if number:
            yield ""
        yield item.path
        rows = ([row.name, value or "", row.meaning] for row, value in item.values)
        yield from table(heads, rows)


def plain_mib(found: Iterable[Instance]) -> list[dict[str, object]]:
    """Return MIB objects as plain values: $defs/mib_instance of docs/json.schema.json."""
    return [
        {
            "kind": item.kind,
            "path": item.path,
            "values": [
                {
                    "name": row.name or None,
                    "rfc": row.rfc,
                    "file": f"{row.group}/{row.file}",
                    "value": value,
                    "meaning": row.meaning,
                }
                for row, value in item.values
            ],
        }
        for item in found
    ]
