# SPDX-License-Identifier: Apache-2.0
"""Refused logins as a table with a command below each line, and as plain values."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.statistics.logins import at
from rtslib_ext.statistics.refused_logins import Refusal

from .checks import command
from .history import when
from .table import Column, table

if TYPE_CHECKING:
    from typing import Protocol

    # For type checkers only: the cures are commands, and in a layer above.
    class Cure(Protocol):
        """Why a login was refused, and the command that admits its initiator."""

        @property
        def reason(self) -> str:
            """Return the reason."""

        @property
        def words(self) -> tuple[str, ...]:
            """Return the command."""

        @property
        def here(self) -> bool:
            """Return False if it is to be run at the initiator."""

        @property
        def note(self) -> str:
            """Return what the command does not say."""


_COLUMNS = (
    Column(""),
    Column("LAST"),
    Column("COUNT", right=True),
    Column("TARGET", cut="start", least=11),
    Column("INITIATOR", cut="start", least=11),
    Column("ADDRESS", cut="end", least=15),
    Column("REASON", cut="end", least=17, drop=1),
)
_NONE = "(no refused logins)"


@dataclass(frozen=True, slots=True)
class Group:
    """Equal refused logins; ``new`` of them came since the last look."""

    last: Refusal
    count: int
    new: int
    first_seconds: float
    addresses: tuple[str, ...]
    cure: Cure

    @staticmethod
    def of(items: Sequence[Refusal], cure: Cure, since: float | None) -> Group:
        """Return equal refused logins as one; without a last look none of them is new."""
        new = sum(at(item.seconds) > since for item in items) if since is not None else 0
        addresses = tuple(dict.fromkeys(item.address for item in items if item.address))
        return Group(items[-1], len(items), new, items[0].seconds, addresses, cure)


def lines(groups: Sequence[Group], width: int | None, notes: Sequence[str]) -> list[str]:
    """Return the table, below each line the reason and the command, and notes at the end."""
    result = list(table(_COLUMNS, map(_row, groups), width)) or [_NONE]
    for place in range(len(groups), 0, -1):
        result[place + 1 : place + 1] = _below(groups[place - 1])
    return [*result, *(f"Note: {text}" for text in notes)]


def _row(group: Group) -> tuple[str, ...]:
    last = group.last
    tpg = "" if last.tpg is None or not last.target else f"/tpg{last.tpg}"
    return (
        "*" if group.new else " ",
        time_of(at(last.seconds)),
        str(group.count),
        f"{last.target}{tpg}",
        last.initiator,
        ",".join(group.addresses),
        last.kind.replace("_", " "),
    )


def _below(group: Group) -> list[str]:
    cure = group.cure
    found = [f"    {cure.reason}"]
    if cure.words:
        where = "to admit it" if cure.here else "at the initiator"
        found.append(f"    {where}: {command(cure.words)}")
    if cure.note:
        found.append(f"    {cure.note}")
    return found


def time_of(seconds: float) -> str:
    """Return the time of day, or before today the date and the time."""
    text = when(seconds)
    day, _, clock = text.partition(" ")
    return clock if day == when(time.time()).partition(" ")[0] else text


def facts(group: Group) -> dict[str, object]:
    """Return equal refused logins as plain values."""
    last, cure = group.last, group.cure
    return {
        "kind": last.kind,
        "stage": last.stage or None,
        "reason": cure.reason,
        "target": last.target or None,
        "tpg": last.tpg,
        "initiator": last.initiator or None,
        "addresses": list(group.addresses),
        "count": group.count,
        "new": group.new,
        "first": round(at(group.first_seconds), 2),
        "last": round(at(last.seconds), 2),
        "command": command(cure.words) if cure.words else None,
        "at_initiator": not cure.here,
        "note": cure.note or None,
    }
