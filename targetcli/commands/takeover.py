# SPDX-License-Identifier: Apache-2.0
"""takeover and release: move the objects of one owner between the hosts of a pair."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import Config, Key
from rtslib_ext.errors import InUse, InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel import setup
from rtslib_ext.owners import fragment, kept_reservations, states, units
from rtslib_ext.owners import standby as standbys
from rtslib_ext.plan import interrupted
from rtslib_ext.plan.builder import Plan
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, quiesce
from rtslib_ext.transaction.apply import Change, PartChange
from rtslib_ext.usage import exports, readiness, traffic

from ..changes import apply, plans
from ..changes import owners as records
from ..env import Env
from ..result import Aside, Result
from ..tree import Node
from . import drain, owned, owners, peer, plan, save_files
from .fragment_files import Fragment

if TYPE_CHECKING:
    from rtslib_ext.savefile import Loaded

_SUFFIX = ".json"
_LOOK_SECONDS = 0.1


def takeover(
    env: Env,
    node: Node,
    owner: str,
    file: str | None,
    wait: float,
    pr: str | None,
    peer: str | None,
    standby: bool,
    force: bool,
    dry_run: bool,
) -> Result:
    """Serve the objects of an owner on this host, once their devices exist."""
    apply.require_root(env)
    units.check_name(owner)
    _refuse_transaction(env)
    path = file or _fragment(env, owner)
    loaded = save_files.load_understood(env, path)
    _refuse_state(env, owner, pr, standby=standby)
    if standby:
        loaded = replace(loaded, config=standbys.of_fragment(loaded.config))
    elif peer and not force:
        _refuse_second(owner, peer)
    acts = not dry_run and env.session.transaction is None
    kept: Mapping[Key, int] = {}
    if acts:
        _await(env, loaded, wait)
        kept = _bring(env, loaded, pr)
        # As at boot: initiators wait. No undo either, so that the record is short.
        env.session.report.irreversible = "release stops it"
    how = owned.How(owner, False, False, dry_run, None, looks=not acts, moves=True)
    if acts and not standby:
        # It may have begun a takeover meanwhile: only now does it see that this host does.
        asks = partial(_refuse_second, owner, peer) if peer and not force else _look_nowhere
        how = replace(how, serves=asks)
    given = Fragment(owner, path, loaded)
    result = owned.apply_one(env, given, records.load(env), how)
    if acts:
        result.notes += _lost(env, kept)
    return result


def _refuse_state(env: Env, owner: str, pr: str | None, *, standby: bool) -> None:
    """Raise LioError if the objects of an owner are in a state that this takeover cannot change."""
    found = set(states.of_owner(env.fs, records.load(env), owner).values())
    if standby and not found.issubset(states.NOT_SERVED):
        raise InUse(f"this host serves {owner}", hint=f"release {owner} first, which waits for I/O")
    if pr and standby:
        raise InvalidValue(
            "reservations do not reach a host in standby", hint="omit pr, or the standby"
        )
    if pr and states.STANDBY in found:
        raise InUse(
            f"{owner} is in standby here, where the kernel reads no reservations",
            hint=f"release {owner} first: the takeover creates its disks with them",
        )


def _fragment(env: Env, owner: str) -> str:
    """Return the path of the fragment of an owner; raises NotFound."""
    path = f"{env.pairs}/{owner}{_SUFFIX}"
    if not os.path.exists(path):
        raise NotFound(
            f"there is no fragment {path}",
            hint=f"saveconfig {path} owner={owner}, or target=WWN, writes one",
        )
    return path


def _refuse_transaction(env: Env) -> None:
    if env.session.transaction is not None:
        env.session.transaction.refuse_irreversible()


def _look_nowhere() -> None:
    """There is no other host, or it is known to be down."""


def _refuse_second(owner: str, host: str) -> None:
    """Raise InUse if the peer still has the objects, or does not say so."""
    name = host.removeprefix("ssh:")
    cure = "run release there, or fence it; then --force takes over in any case"
    try:
        there = _served(peer.run_there(name, ["owners", owner]), name)
    except LioError as err:
        raise InUse(f"whether {name} has released {owner} is not known: {err}", hint=cure) from err
    if there:
        number = "1 object" if len(there) == 1 else f"{len(there)} objects"
        raise InUse(f"{name} still has {number} of {owner}: {there[0]}", hint=cure)


def _served(text: str, host: str) -> list[str]:
    """Return the objects that another host serves, by its answer. Raises LioError."""
    try:
        found = json.loads(text)
        if not found["ok"]:
            raise LioError(f"{host}: {found['errors'][0]['message']}")
        owned = found["data"]["owners"]
        return [item["path"] for item in owned if item["state"] not in states.NOT_SERVED]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as err:
        raise LioError(
            f"{host} does not list its owners as this version does",
            hint="install the same version of targetcli there",
        ) from err


def _await(env: Env, loaded: Loaded, seconds: float) -> None:
    """Return when the devices of a fragment exist; raise LioError after a time."""
    end = time.monotonic() + seconds
    while True:
        waits = readiness.split(env.fs, loaded.config, loaded.identities)[1]
        if not waits:
            return
        if time.monotonic() >= end:
            more = f" ({len(waits) - 1} more wait)" if len(waits) > 1 else ""
            raise LioError(
                f"it is not ready after {seconds:g} seconds: {waits[0].text}{more}",
                path=waits[0].path,
                hint="activate its device on this host first, or give a longer wait",
            )
        time.sleep(_LOOK_SECONDS)


def _bring(env: Env, loaded: Loaded, folder: str | None) -> dict[Key, int]:
    if folder is None:
        return {}
    setup.prepare(env.fs)
    objects = loaded.config.storage_objects.values()
    return kept_reservations.bring(setup.dbroot(env.fs), os.path.abspath(folder), objects)


def _lost(env: Env, kept: Mapping[Key, int]) -> Iterable[str]:
    """Yield a note for each storage object whose registrations the kernel did not take."""
    for key, number in kept_reservations.missing(env.fs, kept).items():
        path = shell_paths.storage_object(*key)
        yield Aside(
            f"Note: {path}: {number} of {kept[key]} registrations kept on disk are not active: "
            "those of initiators without an ACL return with their login"
        )


# -- release --------------------------------------------------------------------------------


def release(
    env: Env,
    node: Node,
    owner: str,
    timeout: float,
    standby: bool,
    dry_run: bool,
) -> Result:
    """Stop serving the objects of an owner on this host."""
    apply.require_root(env)
    units.check_name(owner)
    _refuse_transaction(env)
    known = records.load(env)
    if owner not in known.values():
        owners.refuse_unclaimed(env, owner)
        if not dry_run and env.session.transaction is None:
            # A release that was killed at its end has left them.
            kept_reservations.leave(env.fs, setup.dbroot(env.fs))
        return plans.show(env, Plan(), done=not dry_run)
    found = fragment.part(env.fs, owner, Config(), known)
    whole = plan.prepare(env, found.want, found.have)
    owned.refuse_exported(env, whole, known)
    mine = units.of_paths(path for path, name in known.items() if name == owner)
    steps = whole.plan.steps
    if standby:
        steps = (*_standby(env, found.have, mine, timeout), *steps)
    changed: Change = PartChange(whole.have, whole.want, Plan(steps), found.read)
    disturbances = interrupted.of(env.fs, steps)
    if env.session.transaction is not None:
        apply.reach(env, changed)
    elif not dry_run:
        if not standby:
            _until_idle(env, mine.targets, time.monotonic() + timeout)
        env.session.report.irreversible = "takeover serves them again, here or on the other host"
        with records.claiming(env, found.owners, owner, moves=False):
            apply.reach(env, changed)
        kept_reservations.leave(env.fs, setup.dbroot(env.fs))
    done = not dry_run and env.session.transaction is None
    return plans.show(env, changed.plan, disturbances, done=done)


def _standby(env: Env, have: Config, mine: units.Units, timeout: float) -> Iterable[Step]:
    """Return the steps that send initiators to their other paths, and wait until they have left.

    Without the wait, their commands would be cut with the sessions, and be sent on another path
    only when the initiator gives the session up.
    """
    own = (target for key, target in have.targets.items() if key in mine.targets)
    exported = [item for target in own for item in exports.of_target(target)]
    gone = {shell_paths.storage_object(*key) for key in mine.objects}
    steps = drain.leaving(env, exported, set(gone))[0]
    luns = [item.configfs for item in exported]
    if not steps:
        return []
    return [*steps, quiesce.wait(exported[0].tpg_path.shell, luns, timeout, required=False)]


def _until_idle(env: Env, targets: Iterable[Key], end: float) -> None:
    """Return when no initiator has sent a command to the targets for a second, or at ``end``.

    A single path that moves is cut, not set to standby: its initiator sends its commands again.
    """
    names = {shell_paths.target(*key) for key in targets}
    reader = Reader(env.fs)

    def now() -> traffic.Commands:
        found = traffic.of_targets(reader)
        return {path: numbers for path, numbers in found.items() if path in names}

    traffic.until_idle(now, end, lambda _: time.sleep(_LOOK_SECONDS))
