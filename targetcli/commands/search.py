# SPDX-License-Identifier: Apache-2.0
"""The search of help: commands, parameters, settings, preferences and options with a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtslib_ext import schema
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel.abi import AUTH_FILES
from rtslib_ext.schema import Attribute
from rtslib_ext.schema.describe import releases

from .. import options
from ..command_table import places
from ..command_table.rows import every_row
from ..command_table.synonyms import SYNONYMS
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
    when: str = ""
    """Since or until which release a kernel has the setting, as a sentence."""

    @property
    def label(self) -> str:
        """Return the name and its place."""
        return f"{self.name} ({self.where})"

    @property
    def line(self) -> str:
        """Return the line to show: the name, ``where``, and the first sentence of the text."""
        first = self.text.partition(". ")[0].rstrip(".")
        return f"{self.label}: {first}." + (f" {self.when}" if self.when else "")


def find(words: Sequence[str]) -> list[Entry]:
    """Return the entries that match all words; best match first.

    An entry matches a word that is in its name or text, ignoring case, hyphens and underscores,
    or that is a synonym of its name.
    """
    wanted = [_letters(word) for word in words]
    found = {}
    for entry in entries():
        rank = _rank(entry, wanted)
        if rank is not None:
            found[entry] = (rank, entry.name.lower(), entry.where)
    return sorted(found, key=lambda entry: found[entry])


def _letters(text: str) -> str:
    return text.lower().replace("-", "").replace("_", "")


def _rank(entry: Entry, wanted: list[str]) -> int | None:
    """Return how well an entry matches, 0 best; None if it does not match."""
    name, text = _letters(entry.name), _letters(entry.text)
    in_name = [word in name for word in wanted]
    synonyms = [_is_synonym(word, entry) for word in wanted]
    if name == "".join(wanted):
        return 0
    if all(in_name):
        return 1 if name.startswith(wanted[0]) else 2
    if all(map(any, zip(in_name, synonyms, strict=True))):
        return 3
    in_text = (word in text for word in wanted)
    return 4 if all(map(any, zip(in_name, synonyms, in_text, strict=True))) else None


def _is_synonym(word: str, entry: Entry) -> bool:
    """Return True if a word, perhaps in the plural, is a synonym of the name of an entry."""
    names = SYNONYMS.get(word) or SYNONYMS.get(word.removesuffix("s"), ())
    return entry.name in names or entry.label in names


def entries() -> Iterator[Entry]:
    """Yield all entries."""
    yield from _commands()
    for group, rows in schema.GROUPS.items():
        yield from (_setting(group, row) for row in rows if group != "auth" or _is_set(row))
    for preference in PREFERENCES.values():
        yield Entry(preference.name, "everywhere, group global", _flat(preference.text))
    for option in options.ROWS:
        text = option.text[:1].upper() + option.text[1:]
        yield Entry(option.name, "option before the command", _flat(text))


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
    return Entry(_NAMES.get(row.name, row.name), where, _flat(row.text), " ".join(releases(row)))


def _flat(text: str) -> str:
    return " ".join(text.split())
