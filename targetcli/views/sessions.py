# SPDX-License-Identifier: Apache-2.0
"""Sessions as a table for people, and as plain values."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from rtslib_ext.config.wording import counted
from rtslib_ext.usage.session_list import ACL, UNLISTED, Entry, Interval

from .history import when
from .table import Column, table

_COLUMNS = (
    Column("SID", right=True),
    Column("NAME", cut="end", drop=1),
    Column("INITIATOR", cut="start", least=12),
    Column("TARGET", cut="start", least=12),
    Column("PORTAL", cut="end", least=15, drop=3),
    Column("ADDRESS", cut="end", least=15),
    Column("LUNS", cut="end"),
    Column("SINCE"),
    Column("STATE"),
    Column("AUTH", drop=2),
)
# Columns that are left out if no line has anything in them.
_OPTIONAL = ("NAME", "PORTAL", "SINCE", "AUTH")
# Times that are as close as this are one to a reader.
_EXACT = 1.0


def lines(entries: Sequence[Entry], width: int | None, *, is_root: bool) -> Iterator[str]:
    """Yield the table; without root nothing is said about authentication."""
    rows = [_row(entry, is_root=is_root) for entry in entries]
    shown = [
        place
        for place, column in enumerate(_COLUMNS)
        if column.heading not in _OPTIONAL or any(row[place] for row in rows)
    ]
    columns = [_COLUMNS[place] for place in shown]
    yield from table(columns, [[row[place] for place in shown] for row in rows], width)


def _row(entry: Entry, *, is_root: bool) -> tuple[str, ...]:
    session = entry.session
    tpg = "" if entry.tpg is None else f"/tpg{entry.tpg}"
    return (
        str(session.sid) if session and session.sid else "",
        entry.tag,
        _initiator(entry),
        f"{entry.target}{tpg}",
        " or ".join(entry.portals),
        ",".join(entry.addresses),
        numbers(entry.luns),
        _time(entry.since),
        _state(entry),
        _authentication(entry) if is_root else "",
    )


def _initiator(entry: Entry) -> str:
    if entry.kind != UNLISTED:
        return entry.initiator
    sessions = counted(entry.number, "session")
    return f"{sessions} of {entry.initiator}" if entry.initiator else sessions


def _state(entry: Entry) -> str:
    """Return the kernel's state of a session, or why it has none."""
    return entry.session.state if entry.session else entry.kind


def _authentication(entry: Entry) -> str:
    return {"mutual CHAP": "mutual"}.get(entry.authentication or "", entry.authentication or "")


def _time(since: Interval | None) -> str:
    """Return the time of day, or the date before today; "" if it is not known."""
    exact = _exact(since)
    if exact is None:
        return ""
    text = when(exact)
    day, _, clock = text.partition(" ")
    return clock if day == when(time.time()).partition(" ")[0] else day


def _exact(since: Interval | None) -> float | None:
    return round(since[0], 2) if since and since[1] - since[0] <= _EXACT else None


def numbers(luns: Iterable[int] | None) -> str:
    """Return numbers in order as ranges: 0-3,7; "?" if they are not known."""
    if luns is None:
        return "?"
    ranges: list[list[int]] = []
    for number in luns:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ranges)


def details(entry: Entry) -> Iterator[str]:
    """Yield what a line of the table has no room for."""
    session = entry.session
    if session is not None and session.alias:
        yield f"alias: {session.alias}"
    if session is not None and session.isid:
        yield f"type: {session.type}, ISID 0x{session.isid}, TSIH {session.tsih}"
    if entry.possible_addresses:
        yield f"address: one of {', '.join(entry.possible_addresses)}"
    if entry.since and _exact(entry.since) is None:
        first, last = map(when, entry.since)
        yield f"since: between {first} and {last}"


def facts(entry: Entry, *, is_root: bool) -> dict[str, object]:
    """Return the facts about a session beside the kernel's own text, as plain values."""
    values: dict[str, object] = {
        "fabric": entry.fabric,
        "luns": None if entry.luns is None else list(entry.luns),
        "portals": list(entry.portals),
        "authentication": entry.authentication if is_root else None,
        "since": _exact(entry.since),
        "since_earliest": round(entry.since[0], 2) if entry.since else None,
        "since_latest": round(entry.since[1], 2) if entry.since else None,
    }
    if entry.kind == ACL and entry.session is not None:
        session = entry.session
        return {**values, "tag": entry.tag, "isid": session.isid or None, "tsih": session.tsih}
    return {
        **values,
        "addresses": list(entry.addresses),
        "possible_addresses": list(entry.possible_addresses),
    }
