# SPDX-License-Identifier: Apache-2.0
"""Reservations of storage objects in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.usage.reservations import MODES, TYPES, Port, Registrant, Reservations

from .table import Column, table

_COLUMNS = (
    Column("STORAGE OBJECT", cut="start", least=16),
    Column("HOLDER", cut="start", least=16),
    Column("TYPE"),
    Column("KEYS", right=True),
)
_NONE = "(no reservations)"
_SPC_2 = "SPC2_RESERVATIONS"


@dataclass(frozen=True, slots=True)
class Held:
    """A storage object by its shell path, with its reservations; ``kept``: how many are on disk."""

    path: str
    state: Reservations
    kept: int


def lines(found: Sequence[Held], width: int | None) -> list[str]:
    """Return the table, and below each line the meaning of the type and the keys."""
    rows = list(table(_COLUMNS, map(_row, found), width))
    if not rows:
        return [_NONE]
    result = rows[:1]
    for item, row in zip(found, rows[1:], strict=True):
        result += [row, *(f"    {text}" for text in _details(item))]
    return result


def _row(item: Held) -> tuple[str, ...]:
    state = item.state
    return item.path, state.holder, _type(state)[1], str(len(state.registrants))


def _type(state: Reservations) -> tuple[int | None, str, str]:
    """Return the code, the name and the meaning of a reservation; "" without one."""
    if state.type in TYPES:
        return TYPES[state.type]
    if state.holder and state.mode == _SPC_2:
        return None, MODES[_SPC_2], "only the holder may read and write"
    return None, state.type, ""


def _details(item: Held) -> Iterator[str]:
    state = item.state
    meaning = _type(state)[2]
    if meaning:
        yield meaning
    if not state.holder:
        yield f"no initiator holds a reservation; mode: {MODES.get(state.mode, state.mode)}"
    if state.holder_port:
        yield f"taken through {_port(state.holder_port)}"
    for one in state.registrants:
        yield f"key 0x{one.key:x}: {_name(one)}"
    if state.registrants:
        where = "they survive a restart" if state.aptpl else "they end with a restart (no APTPL)"
        yield f"{state.generation} registrations so far; {where}"
    if item.kept:
        yield f"{item.kept} registrations on disk"


def _name(one: Registrant) -> str:
    return f"{one.initiator}, ISID 0x{one.isid}" if one.isid else one.initiator


def _port(port: Port) -> str:
    return f"{port.target} tpg{port.tpg} lun{port.lun}"


def facts(item: Held) -> dict[str, object]:
    """Return the reservations of a storage object as plain values."""
    state = item.state
    code, name, meaning = _type(state)
    port = state.holder_port
    return {
        "storage_object": item.path,
        "mode": MODES.get(state.mode, state.mode),
        "type": code,
        "type_name": name or None,
        "meaning": meaning or None,
        "holder": state.holder or None,
        "holder_port": None
        if port is None
        else {"target": port.target, "tpg": port.tpg, "lun": port.lun, "rtpi": port.rtpi},
        "all_target_ports": state.all_target_ports,
        "generation": state.generation,
        "aptpl": state.aptpl,
        "on_disk": item.kept,
        "registrants": [
            {
                "initiator": one.initiator,
                "isid": one.isid or None,
                "key": one.key,
                "fabric": one.fabric,
                "generation": one.generation,
            }
            for one in state.registrants
        ],
    }
