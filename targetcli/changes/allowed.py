# SPDX-License-Identifier: Apache-2.0
"""The allowed networks of the running portals: their record, and the rules of the firewall."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rtslib_ext.config.model import Config
from rtslib_ext.errors import LioError

from ..env import Env
from ..result import Aside

if TYPE_CHECKING:
    from rtslib_ext.firewall.adoption import Changed
    from rtslib_ext.firewall.allowed import Allowed
    from rtslib_ext.firewall.record import Record


def read(env: Env) -> Record:
    """Return the record, in a transaction with what it queued. Raises LioError if it is damaged."""
    # Imported here, like the next: most hosts allow every network.
    from rtslib_ext.firewall import record

    found = record.load(env.allowed_networks)
    queued = env.session.transaction.records.networks if env.session.transaction else None
    return found if queued is None else record.Record(queued, found.loaded)


def exists(env: Env) -> bool:
    """Return True if there is a record, or a transaction has queued one."""
    transaction = env.session.transaction
    queued = transaction is not None and transaction.records.networks is not None
    return queued or os.path.exists(env.allowed_networks)


def running(env: Env) -> Allowed:
    """Return the networks of the running portals. Raises LioError if the record is damaged."""
    return read(env).allowed if exists(env) else {}


def of_config(env: Env, config: Config, kept: Allowed | None = None) -> Allowed:
    """Return the networks of the portals of a configuration; ``kept`` are those of other ones.

    Raises LioError.
    """
    return part({**(kept or {}), **running(env)}, config)


def part(networks: Allowed, config: Config) -> Allowed:
    """Return those that concern the portals of a configuration."""
    if not networks:
        return {}
    from rtslib_ext.firewall import allowed

    return allowed.of_portals(networks, names(config))


def of_portal(env: Env, name: str) -> tuple[str, ...]:
    """Return the networks that may reach a portal; none: all of them. Raises LioError."""
    networks = {} if "%" in name else running(env)
    if not networks:
        return ()
    from rtslib_ext.firewall import allowed

    return networks.get(allowed.portal(name), ())


def names(config: Config) -> list[str]:
    """Return the names of all portals of a configuration."""
    return [
        name
        for target in config.targets.values()
        for tpg in target.tpgs.values()
        for name in tpg.portals
    ]


def load(env: Env, networks: Allowed) -> None:
    """Load the rules for these networks, and record both. Raises LioError; nothing is changed."""
    from rtslib_ext.firewall import adoption

    before = running(env)
    adoption.load(env.allowed_networks, networks)
    _note(env, before, networks)


@contextmanager
def adopting(env: Env, networks: Allowed, *, keep: bool) -> Iterator[list[tuple[str, str]]]:
    """Make the networks of a file those of the running portals, before the block creates portals.

    With ``keep``, networks of other portals stay. Yields notes as (path, text).
    """
    if not networks and (keep or not exists(env)):
        yield []
        return
    before = _before(env, keep=keep)
    after = {**before.allowed, **networks} if keep else networks
    with _replacing(env, before, after) as notes:
        yield [("/", text) for text in notes]


@contextmanager
def changing(env: Env, after: Allowed | None, *, dry_run: bool = False) -> Iterator[list[str]]:
    """Change the networks with a block, or queue that; nothing for None.

    If the block fails, the earlier ones are loaded again. Yields the differences, and why rules
    are not loaded, as lines.
    """
    lines = [] if after is None else differences(running(env), after)
    transaction = env.session.transaction
    if after is None or dry_run or not (lines or exists(env)):
        yield lines
    elif transaction is not None:
        yield lines
        for line in lines:
            transaction.note(f"change {line}")
        transaction.records.queue_networks(after)
    else:
        with _replacing(env, read(env), after) as notes:
            yield [*lines, *(Aside(f"Note: {text}") for text in notes)]


@contextmanager
def reverting(env: Env, change: Changed, *, dry_run: bool) -> Iterator[list[str]]:
    """Restore the networks before a change with a block; yields lines as ``changing``.

    Those of portals that were changed again since stay, with a note.
    """
    if not change:
        yield []
        return
    from rtslib_ext.firewall import adoption

    after, since = adoption.reverted(read(env).allowed, change)
    kept = [
        Aside(f"Note: {name}: its networks were changed later: they are kept") for name in since
    ]
    with changing(env, after, dry_run=dry_run) as lines:
        yield [*lines, *kept]


@contextmanager
def _replacing(env: Env, before: Record, after: Allowed) -> Iterator[list[str]]:
    from rtslib_ext.firewall import adoption

    with adoption.replacing(env.allowed_networks, before, after) as notes:
        yield notes
    _note(env, before.allowed, after)


def _note(env: Env, before: Allowed, after: Allowed) -> None:
    """Note what changed in the report of the line, for undo."""
    from rtslib_ext.firewall import adoption

    changed = adoption.changed(before, after)
    env.session.report.networks.update(changed)
    for name in changed:
        env.session.note_unsaved("/", f"networks {name}")


def recovered(env: Env, *, undone: bool) -> list[str]:
    """Complete the record after ``recover``; return notes."""
    if not exists(env):
        return []
    from rtslib_ext.firewall import adoption

    return adoption.recovered(env.allowed_networks, undone=undone)


def _before(env: Env, *, keep: bool) -> Record:
    """Return the record that a file is to change; one that it replaces may be damaged."""
    from rtslib_ext.firewall import adoption, record

    try:
        return read(env)
    except LioError:
        if keep:
            raise
        # Everything has been cleared already: the restore continues, and loads its own rules.
        found = record.Record({}, adoption.DAMAGED)
        record.store(env.allowed_networks, found)
        return found


def differences(before: Allowed, after: Allowed) -> list[str]:
    """Return a line for each portal whose networks change."""
    return [
        f"{name}: allowed networks: {listed(before.get(name))} -> {listed(after.get(name))}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def listed(networks: Iterable[str] | None) -> str:
    """Return networks as words; "any" without any."""
    return ", ".join(networks or ()) or "any"


def problem(env: Env) -> str:
    """Return why allowed networks have no effect; "" if they do, or there are none."""
    try:
        networks = running(env)
        if not networks:
            return ""
        from rtslib_ext.firewall import nft

        loaded = nft.is_of(nft.listed(), networks)
    except LioError as err:
        return f"it is not known whether only allowed networks reach the portals: {err}"
    names = ", ".join(networks)
    return "" if loaded else f"networks that are not allowed can reach {names}"


def remove(env: Env) -> None:
    """Remove the rules, and keep the networks. Raises LioError."""
    from rtslib_ext.firewall import nft, record

    nft.load({})
    if exists(env):
        record.store(env.allowed_networks, record.Record(read(env).allowed))
