# SPDX-License-Identifier: Apache-2.0
"""The history of changes as text and as plain values."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rtslib_ext.config.printable import printable
from rtslib_ext.steps import Action

from .wrap import wrap_path

if TYPE_CHECKING:
    from ..audit.actor import Actor
    from ..audit.history import Record

_HEADS = ("N", "WHEN", "WHO", "FROM", "CHANGES", "COMMAND")
_GAP = "  "
# The fewest columns for commands, also at a terminal that has fewer.
_NARROWEST = 20
_SIGNS = {action.name.lower(): action.value for action in Action}


def table(records: Sequence[Record], width: int | None = None) -> list[str]:
    """Return a line for each change, the command at its end.

    At a terminal of ``width`` columns the command is wrapped below itself.
    """
    if not records:
        return ["No changes are recorded"]
    rows = [_HEADS, *map(_row, records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS) - 1)]
    indent = sum(widths) + len(_GAP) * len(widths)
    room = None if width is None else max(width - indent, _NARROWEST)
    return [
        line
        for row in rows
        for first, *more in [wrap_path(row[-1], room)]
        for line in (_line(row, widths) + first, *(f"{' ' * indent}{text}" for text in more))
    ]


def _row(record: Record) -> tuple[str, ...]:
    return (
        str(record.number),
        when(record.time),
        describe(record.who),
        origin(record.who),
        str(record.count),
        _command(record),
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.rjust(width) if head in ("N", "CHANGES") else cell.ljust(width)
        for head, cell, width in zip(_HEADS, row, widths, strict=False)
    ]
    return _GAP.join([*cells, ""])


def _command(record: Record) -> str:
    back = f" (undoes {record.undoes})" if record.undoes else ""
    return f"{printable(record.command)}{back}"


def describe(who: Actor) -> str:
    """Return the user: "root", or "alice (as root)"."""
    return who.user if who.login in ("", who.user) else f"{who.login} (as {who.user})"


def origin(who: Actor) -> str:
    """Return the address and the terminal; "-" for a service."""
    return " ".join(filter(None, (who.address, who.terminal.removeprefix("/dev/")))) or "-"


def when(seconds: float) -> str:
    """Format Unix time in the time zone of this host."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def lines(record: Record) -> Iterator[str]:
    """Yield the lines that show one change in full."""
    yield (
        f"Change {record.number}, {when(record.time)}, by {describe(record.who)}, "
        f"from {origin(record.who)}"
    )
    yield _command(record)
    for item in record.changes:
        before = item["before"]
        was = "" if before is None else f" (was {before or 'not set'})"
        yield f"{_SIGNS[item['action'] or '']} {item['path']}: {printable(item['text'] or '')}{was}"
    if len(record.changes) < record.count:
        yield f"{record.count} single changes, not recorded"
    if record.irreversible:
        yield f"It cannot be undone: {record.irreversible}"
    else:
        yield f"revert {record.number} undoes it"


def _change(item: Mapping[str, str | None]) -> dict[str, object]:
    # Imported here: the text does not need it.
    from . import typed

    # Older records have no subject.
    setting = item.get("subject")
    values = {name: typed.value(setting, item[name]) for name in ("before", "after")}
    return {**{name: item[name] for name in ("action", "path", "text")}, **values}


def facts(record: Record, *, detailed: bool = False) -> dict[str, object]:
    """Return a change as plain values; its single changes only if ``detailed``."""
    return {
        "number": record.number,
        "time": record.time,
        "user": record.who.user,
        "login": record.who.login or None,
        "terminal": record.who.terminal or None,
        "address": record.who.address or None,
        "command": record.command,
        "count": record.count,
        "takes_back": record.undoes,
        "lasting": record.irreversible or None,
        "changes": [_change(item) for item in record.changes] if detailed else None,
    }
