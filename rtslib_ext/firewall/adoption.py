# SPDX-License-Identifier: Apache-2.0
"""Let the record and the loaded rules follow a configuration that changes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from ..errors import LioError
from ..files import completed
from . import nft, record, ruleset
from .allowed import Allowed
from .record import Record

# No rules have this digest.
DAMAGED = "damaged"
NOT_LOADED = "not in effect: targetcli firewall apply loads the rules"
Changed = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""The networks before and after a change, by portal, where they changed; (): all of them."""


def load(path: str, networks: Allowed, before: Allowed | None = None) -> None:
    """Load the rules for these networks, and record both. Raises LioError; nothing is changed.

    ``path`` is the record; ``before`` is as in it. No rules are ever loaded that the record does
    not have, nor one without a way back: a kill in between is recovered from.
    """
    existed = os.path.exists(path)
    found = record.load(path) if existed else Record()
    if not networks and not found.allowed and not found.loaded:
        # Without nftables, too.
        return
    if before is None:
        # A change of its own, without steps.
        completed.forget(path)
    record.store(path, Record(networks, found.loaded, found.allowed if before is None else before))
    try:
        nft.load(networks)
    except BaseException as err:
        with suppress(LioError, OSError):
            record.store(path, found) if existed else os.unlink(path)
        if not isinstance(err, LioError):
            # An interrupt, when nft may have loaded them already.
            with suppress(LioError):
                nft.load(found.allowed if found.loaded else {})
        raise
    digest = ruleset.digest(networks) if networks else ""
    record.store(path, Record(networks, digest, before))


@contextmanager
def replacing(path: str, before: Record, after: Allowed) -> Iterator[list[str]]:
    """Load networks before a block, and those before again if it fails.

    Yields notes: rules that could not be loaded do not prevent a restore, as at boot, where a
    service of its own loads them. A kill within the block is recovered from (``recovered``).
    """
    changes = {**before.allowed} != {**after} and before.loaded != DAMAGED
    completed.forget(path)
    notes = _adopt(path, before, after, before.allowed if changes else None)
    try:
        yield notes
    except BaseException:
        if completed.is_there(path):
            # It came after the steps, such as Ctrl-C.
            with suppress(LioError):
                _finish(path)
        elif before.loaded != DAMAGED:
            with suppress(LioError):
                _return(path, Record(after, ""), before.allowed)
        raise
    # Also one that a kill left unfinished, and that this change completes.
    if changes or before.before is not None:
        _finish(path)


def _finish(path: str) -> None:
    """Record that a change is finished."""
    found = record.load(path) if os.path.exists(path) else Record()
    if found.before is not None:
        record.store(path, Record(found.allowed, found.loaded))


def recovered(path: str, *, undone: bool) -> list[str]:
    """Complete the record after an interrupted change was undone or finished; return notes."""
    found = record.load(path) if os.path.exists(path) else Record()
    if found.before is None:
        return []
    return _return(path, found, found.before if undone else found.allowed)


def _return(path: str, found: Record, networks: Allowed) -> list[str]:
    """Load the networks with which a change ends, and record that; return notes.

    After a kill in between, they are those before the change and after it.
    """
    notes = _adopt(path, found, networks, networks)
    _finish(path)
    return notes


def changed(before: Allowed, after: Allowed) -> Changed:
    """Return the differences of two records."""
    names = sorted(before.keys() | after.keys())
    pairs = {name: (tuple(before.get(name, ())), tuple(after.get(name, ()))) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def reverted(now: Allowed, change: Changed) -> tuple[Allowed, list[str]]:
    """Return the networks without a change, and the portals that were changed again since."""
    after, since = dict(now), []
    for name, (old, new) in change.items():
        if tuple(now.get(name, ())) != tuple(new):
            since.append(name)
            continue
        after.pop(name, None)
        if old:
            after[name] = tuple(old)
    return after, since


def _is_loaded(networks: Allowed) -> bool:
    """Return True if the kernel has these rules, or this process may not look, as at boot."""
    if not networks:
        return True
    try:
        return nft.is_of(nft.listed(), networks)
    except LioError:
        return True


def _adopt(path: str, found: Record, networks: Allowed, before: Allowed | None = None) -> list[str]:
    digest = ruleset.digest(networks) if networks else ""
    if networks == found.allowed and digest == found.loaded and _is_loaded(networks):
        return []
    try:
        load(path, networks, before)
    except LioError as err:
        record.store(path, Record(networks, found.loaded, before))
        return [f"the allowed networks of portals are {NOT_LOADED} ({err})"]
    return []
