# SPDX-License-Identifier: Apache-2.0
"""The search of help: commands, parameters, settings and preferences that contain a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtslib_ext import schema
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel.abi import AUTH_FILES
from rtslib_ext.schema import Attribute

from ..command_table import places
from ..command_table.rows import every_row
from ..preference import PREFERENCES

# The names of settings that differ from the kernel's.
_NAMES = {file: name for name, file in AUTH_FILES.items()}
_DISCOVERY = "enforce_discovery_auth"
_NAMES |= {"alua_tg_pt_gp": "alua_tg_pt_gp_name", _DISCOVERY: "enable"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A search result; ``where`` says what it is and where it is set or run."""

    name: str
    where: str
    text: str

    @property
    def line(self) -> str:
        """Return the line to show: the name, ``where``, and the first sentence of the text."""
        first = self.text.partition(". ")[0].rstrip(".")
        return f"{self.name} ({self.where}): {first}."


def find(words: Sequence[str]) -> list[Entry]:
    """Return the entries whose name or text contains all words, ignoring case; best match first."""
    wanted = [word.lower() for word in words]
    found = {}
    for entry in entries():
        name = entry.name.lower()
        if all(word in name or word in entry.text.lower() for word in wanted):
            found[entry] = (_rank(name, wanted), name, entry.where)
    return sorted(found, key=lambda entry: found[entry])


def _rank(name: str, wanted: list[str]) -> int:
    if name == "_".join(wanted):
        return 0
    if name.startswith(wanted[0]) and all(word in name for word in wanted):
        return 1
    return 2 if all(word in name for word in wanted) else 3


def entries() -> Iterator[Entry]:
    """Yield all entries."""
    yield from _commands()
    for group, rows in schema.GROUPS.items():
        yield from (_setting(group, row) for row in rows if group != "auth" or _is_set(row))
    for preference in PREFERENCES.values():
        yield Entry(preference.name, "everywhere, group global", _flat(preference.text))


def _commands() -> Iterator[Entry]:
    for row in every_row():
        place = places.of(row)
        place = place if "/" in place or place == "TPG" else place.lower()
        yield Entry(row.name, f"command, {place}", _flat(row.text.partition("\n\nExample:")[0]))
        for item in row.parameters:
            if item.text:
                yield Entry(item.name, f"parameter of {row.name}, {place}", _flat(item.text))


def _is_set(row: Attribute) -> bool:
    return row.name in _NAMES


def _setting(group: str, row: Attribute) -> Entry:
    place, settings = places.SETTINGS[group]
    if row.name == _DISCOVERY:
        place, settings = "/iscsi", "discovery_auth"
    only = ", ".join((*row.backstores, *row.fabrics))
    where = f"{place}, group {settings}" + (f", {only} only" if only else "")
    return Entry(_NAMES.get(row.name, row.name), where, _flat(row.text))


def _flat(text: str) -> str:
    return " ".join(text.split())
