# SPDX-License-Identifier: Apache-2.0
"""The allowed networks of the running portals: their record, and the rules of the firewall."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rtslib_ext.config.model import Config
from rtslib_ext.errors import LioError

from ..env import Env

if TYPE_CHECKING:
    from rtslib_ext.firewall.allowed import Allowed
    from rtslib_ext.firewall.record import Record

# No rules have this digest.
_DAMAGED = "damaged"
NOT_LOADED = "not in effect: targetcli firewall apply loads the rules"


def read(env: Env) -> Record:
    """Return the record. Raises LioError if it is damaged."""
    # Imported here, like the next: most hosts allow every network.
    from rtslib_ext.firewall import record

    return record.load(env.allowed_networks)


def exists(env: Env) -> bool:
    """Return True if there is a record."""
    return os.path.exists(env.allowed_networks)


def of_config(env: Env, config: Config, kept: Allowed | None = None) -> Allowed:
    """Return the networks of the portals of a configuration; ``kept`` are those of other ones.

    Raises LioError.
    """
    running = read(env).allowed if exists(env) else {}
    return part({**(kept or {}), **running}, config)


def part(networks: Allowed, config: Config) -> Allowed:
    """Return those that concern the portals of a configuration."""
    if not networks:
        return {}
    from rtslib_ext.firewall import allowed

    return allowed.of_portals(networks, names(config))


def of_portal(env: Env, name: str) -> tuple[str, ...]:
    """Return the networks that may reach a portal; none: all of them. Raises LioError."""
    from rtslib_ext.firewall import allowed

    return () if "%" in name else read(env).allowed.get(allowed.portal(name), ())


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
    from rtslib_ext.firewall import nft, record, ruleset

    before = read(env) if exists(env) else record.Record()
    if not networks and not before.allowed and not before.loaded:
        # Without nftables, too.
        return
    nft.load(networks)
    digest = ruleset.digest(networks) if networks else ""
    record.store(env.allowed_networks, record.Record(networks, digest))


@contextmanager
def adopting(env: Env, networks: Allowed, *, keep: bool) -> Iterator[list[tuple[str, str]]]:
    """Make the networks of a file those of the running portals, before the block creates portals.

    With ``keep``, networks of other portals stay. Yields notes as (path, text): rules that
    could not be loaded do not prevent a restore, as at boot, where a service of its own loads them.
    If the block fails, the earlier networks are recorded and loaded again.
    """
    notes: list[tuple[str, str]] = []
    if not networks and (keep or not exists(env)):
        yield notes
        return
    from rtslib_ext.firewall import record

    before = _before(env, keep=keep)
    after = {**before.allowed, **networks} if keep else networks
    notes += (("/", text) for text in _adopt(env, before, after))
    try:
        yield notes
    except BaseException:
        if before.loaded != _DAMAGED:
            with suppress(LioError):
                _adopt(env, record.Record(networks, ""), before.allowed)
        raise


def _before(env: Env, *, keep: bool) -> Record:
    """Return the record that a file is to change; one that it replaces may be damaged."""
    from rtslib_ext.firewall import record

    try:
        return read(env)
    except LioError:
        if keep:
            raise
        # Everything has been cleared already: the restore continues, and loads its own rules.
        found = record.Record({}, _DAMAGED)
        record.store(env.allowed_networks, found)
        return found


def differences(env: Env, networks: Allowed, *, keep: bool) -> list[str]:
    """Return a line for each portal whose networks ``adopting`` would change."""
    if not networks and (keep or not exists(env)):
        return []
    before = read(env).allowed
    after = {**before, **networks} if keep else networks
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
    if not exists(env):
        return ""
    try:
        networks = read(env).allowed
        if not networks:
            return ""
        from rtslib_ext.firewall import nft

        loaded = nft.is_of(nft.listed(), networks)
    except LioError as err:
        return f"it is not known whether only allowed networks reach the portals: {err}"
    names = ", ".join(networks)
    return "" if loaded else f"networks that are not allowed can reach {names}"


def _is_loaded(networks: Allowed) -> bool:
    """Return True if the kernel has these rules, or this process may not look, as at boot."""
    if not networks:
        return True
    from rtslib_ext.firewall import nft

    try:
        return nft.is_of(nft.listed(), networks)
    except LioError:
        return True


def remove(env: Env) -> None:
    """Remove the rules, and keep the networks. Raises LioError."""
    from rtslib_ext.firewall import nft, record

    nft.load({})
    if exists(env):
        record.store(env.allowed_networks, record.Record(read(env).allowed))


def _adopt(env: Env, before: Record, networks: Allowed) -> list[str]:
    from rtslib_ext.firewall import record, ruleset

    digest = ruleset.digest(networks) if networks else ""
    if networks == before.allowed and digest == before.loaded and _is_loaded(networks):
        return []
    try:
        load(env, networks)
    except LioError as err:
        record.store(env.allowed_networks, record.Record(networks, before.loaded))
        return [f"the allowed networks of portals are {NOT_LOADED} ({err})"]
    return []
