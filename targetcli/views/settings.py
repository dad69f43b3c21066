# SPDX-License-Identifier: Apache-2.0
"""The output of get, set and bookmarks as lines of text.

The layout is configshell's, byte for byte, because scripts parse it; a line may end in a blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rtslib_ext.fast_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter of a group: ``value`` as shown, ``kind`` its type, ``text`` its description."""

    name: str
    value: str
    kind: str = "string"
    text: str = ""
    writable: bool = True


def group_list(groups: Iterable[str]) -> list[str]:
    """Return the list of groups, for get and set without a group."""
    return ["", *_heading("AVAILABLE CONFIGURATION GROUPS", "="), " ".join(groups)]


def group_values(group: str, rows: Iterable[Row]) -> list[str]:
    """Return the output of get GROUP: the value and description of each parameter."""
    return _group(
        group,
        (
            (f"{row.name}={row.value}{'' if row.writable else ' [ro]'}", row)
            for row in _by_name(rows)
        ),
    )


def group_types(group: str, rows: Iterable[Row]) -> list[str]:
    """Return the output of set GROUP: the type and description of each writable parameter."""
    return _group(
        group, ((f"{row.name}={row.kind}", row) for row in _by_name(rows) if row.writable)
    )


def values(rows: Iterable[Row]) -> list[str]:
    """Return the output of get GROUP NAME ...: a line each, in the given order."""
    return [f"{row.name}={row.value} {'' if row.writable else '[ro]'}" for row in rows]


def now(name: str, value: str) -> str:
    """Return the message of set for one parameter."""
    return f"Parameter {name} is now '{value}'."


def bookmark_list(bookmarks: Mapping[str, str]) -> list[str]:
    """Return the output of bookmarks show."""
    lines = ["", *_heading("BOOKMARKS", "="), ""]
    if not bookmarks:
        return [*lines, "No bookmarks yet."]
    for name, path in bookmarks.items():
        lines += [*_heading(name, "-"), path, ""]
    return lines[:-1]


def _heading(text: str, line: str) -> list[str]:
    return [text, line * len(text)]


def _by_name(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.name)


def _group(group: str, rows: Iterable[tuple[str, Row]]) -> list[str]:
    lines = _heading(f"{group.upper()} CONFIG GROUP", "=")
    shown = [[*_heading(head, "-"), row.text, ""] for head, row in rows]
    lines += [line for part in shown for line in part]
    return lines[:-1] if shown else lines
