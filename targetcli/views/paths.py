# SPDX-License-Identifier: Apache-2.0
"""Paths to storage objects with their ALUA states in words."""

from __future__ import annotations

from collections.abc import Sequence

from rtslib_ext import schema
from rtslib_ext.usage.path_states import PathState

from .table import Column, table

_COLUMNS = (
    Column("STORAGE OBJECT", cut="start", least=16),
    Column("LUN", cut="start", least=16),
    Column("GROUP", cut="end", drop=2),
    Column("PORTALS", cut="end", least=10, drop=1),
    Column("STATE"),
)
_NONE = "(no LUNs)"
_STATE = "alua_access_state"


def lines(found: Sequence[PathState], width: int | None) -> list[str]:
    """Return the table, and below it the meanings of the states in it."""
    rows = list(table(_COLUMNS, map(_row, found), width)) or [_NONE]
    meanings = dict.fromkeys(_meaning(item) for item in found if item.state is not None)
    return [*rows, *(text for text in meanings if ": " in text)]


def _row(item: PathState) -> tuple[str, ...]:
    return (
        item.storage_object,
        item.lun,
        item.group or "",
        ", ".join(item.portals),
        _words(item),
    )


def _words(item: PathState) -> str:
    """Return the state of a path; a disabled TPG answers no initiator in any state."""
    state = "that of the device" if item.state is None else _meaning(item).partition(":")[0]
    preferred = ", preferred" if item.preferred else ""
    return f"{state}{preferred}{'' if item.enabled else ' (TPG disabled)'}"


def _meaning(item: PathState) -> str:
    """Return the name of a state and its meaning, as the setting has them."""
    known = schema.alua(_STATE)
    choices = dict(known.choices) if known else {}
    return choices.get(str(item.state), str(item.state))


def facts(item: PathState) -> dict[str, object]:
    """Return a path as plain values."""
    name, _, meaning = _meaning(item).partition(": ")
    return {
        "storage_object": item.storage_object,
        "lun": item.lun,
        "group": item.group,
        "state": item.state,
        "state_name": None if item.state is None else name,
        "meaning": meaning or None,
        "preferred": item.preferred,
        "enabled": item.enabled,
        "portals": list(item.portals),
    }
