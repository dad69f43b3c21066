# SPDX-License-Identifier: Apache-2.0
"""What a change replaces beside the kernel: the owners of objects, the allowed networks of portals.

Each has its record in ``/run``, changed around the steps. A kill during the steps leaves a journal,
from which ``recover`` completes all of it; before or after them ``settle`` does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import LioError
from ..fast_dataclasses import dataclass, field
from ..files import completed, trusted

Owners = Mapping[str, tuple[str, str]]
"""The owners before and after a change, by shell path, where they changed; "": no owner."""
Networks = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""The allowed networks before and after a change, by portal, where they changed; (): all."""


# Of the owners of a hundred thousand objects it has less.
_MOST_BYTES = 64 << 20
_UNDONE = "a change of the allowed networks that was interrupted is undone"


@dataclass(frozen=True, slots=True)
class Files:
    """The paths of both records."""

    owners: str
    networks: str

    @classmethod
    def of(cls, journal: str) -> Files:
        """Return those beside a journal."""
        folder = os.path.dirname(journal)
        return cls(f"{folder}/owners.json", f"{folder}/allowed_networks.json")


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a change replaced; nothing in most changes."""

    owners: Owners = field(default_factory=dict)
    networks: Networks = field(default_factory=dict)

    def plain(self) -> dict[str, object]:
        """Return it as JSON values, without what did not change."""
        owners = {path: list(both) for path, both in self.owners.items()}
        networks = {name: [*map(list, both)] for name, both in self.networks.items()}
        return {key: found for key, found in (("owners", owners), ("networks", networks)) if found}


def from_plain(value: Mapping[str, Any]) -> Replaced:
    """Return what ``plain`` wrote; raises ValueError, TypeError or AttributeError."""
    return Replaced(_owners(value.get("owners", {})), _networks(value.get("networks", {})))


def _owners(value: dict[str, list[str]]) -> Owners:
    if not all(isinstance(text, str) for both in value.values() for text in both):
        raise TypeError("not an owner")
    return {path: (before, after) for path, (before, after) in value.items()}


def _networks(value: dict[str, list[list[str]]]) -> Networks:
    if not value:
        return {}
    # Imported here, as below: few changes have any.
    from ..firewall import allowed

    try:
        return {
            allowed.portal(name): (allowed.networks(before), allowed.networks(after))
            for name, (before, after) in value.items()
        }
    except LioError as err:
        raise ValueError("not a network") from err


# -- a change that is under way -------------------------------------------------------------


def under_way(files: Files) -> Replaced:
    """Return what the change that is under way replaces, as both records have it.

    Raises LioError if one is damaged.
    """
    owners: Owners = {}
    networks: Networks = {}
    if os.path.exists(files.owners):
        from ..owners import record

        before, after = record.unfinished(files.owners) or ({}, {})
        pairs = {key: (before.get(key, ""), after.get(key, "")) for key in before.keys() | after}
        owners = {key: pair for key, pair in sorted(pairs.items()) if pair[0] != pair[1]}
    if os.path.exists(files.networks):
        from ..firewall import adoption
        from ..firewall import record as records

        found = records.load(files.networks)
        networks = {} if found.before is None else adoption.changed(found.before, found.allowed)
    return Replaced(owners, networks)


@contextmanager
def reverting(files: Files, replaced: Replaced) -> Iterator[tuple[Replaced, list[str]]]:
    """Restore what a change replaced around a block that undoes its steps, all or none.

    Later changes of the same owners and networks stay, and so does a damaged record. Of a change
    that was interrupted, the records are ended after the block. Yields the difference, for the
    history, and notes.
    """
    with _reverting_owners(files.owners, replaced.owners) as owners:
        with _reverting_networks(files.networks, replaced.networks) as (networks, notes):
            yield Replaced(owners, networks), notes


@contextmanager
def _reverting_owners(path: str, changed: Owners) -> Iterator[Owners]:
    before = None
    if changed:
        from ..owners import record

        with suppress(LioError):
            before = record.load(path)
    if before is None:
        yield {}
        return
    if record.unfinished(path):
        yield {}
        record.finish(path, done=False)
        return
    after = record.reverted(before, changed)
    names = sorted(before.keys() | after.keys())
    pairs = {name: (before.get(name, ""), after.get(name, "")) for name in names}
    with record.claiming(path, after):
        yield {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@contextmanager
def _reverting_networks(path: str, changed: Networks) -> Iterator[tuple[Networks, list[str]]]:
    before = None
    if changed:
        from ..firewall import adoption, record

        with suppress(LioError):
            before = record.load(path)
    if before is None:
        yield {}, []
        return
    if before.before is not None:
        late: list[str] = []
        yield {}, late
        late += adoption.recovered(path, undone=True)
        return
    after, _ = adoption.reverted(before.allowed, changed)
    with adoption.replacing(path, before, after) as notes:
        yield adoption.changed(before.allowed, after), notes


# -- after a kill ---------------------------------------------------------------------------


def is_unfinished(files: Files) -> bool:
    """Return True if a record may have to be ended, as after a full ``/run``: cheap to ask."""
    for path, key in ((files.owners, b'"unfinished"'), (files.networks, b'"before"')):
        with suppress(OSError, LioError):
            if key in trusted.read(path, _MOST_BYTES):
                return True
    return False


def settle(files: Files) -> list[str]:
    """End both records after a kill before or after the steps; return notes.

    There must be no journal: the steps were all done (``files.completed``), or none was. A damaged
    record is reported by what needs it. Raises LioError.
    """
    done = completed.is_there(files.owners)
    notes = _settle_networks(files.networks, done=done) if os.path.exists(files.networks) else []
    if os.path.exists(files.owners):
        from ..owners import record

        with suppress(LioError):
            if record.unfinished(files.owners):
                record.finish(files.owners, done=done)
    # Only now: a kill in between leaves the other record.
    if not is_unfinished(files):
        completed.forget(files.owners)
    return notes


def _settle_networks(path: str, *, done: bool) -> list[str]:
    from ..firewall import adoption, record

    found = None
    with suppress(LioError):
        found = record.load(path)
    if found is None or found.before is None:
        return []
    notes = adoption.recovered(path, undone=not done)
    return notes if done else [_UNDONE, *notes]
