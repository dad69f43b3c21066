# SPDX-License-Identifier: Apache-2.0
"""apply of fragments: the part of the configuration that one source owns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import Config
from rtslib_ext.errors import InUse, InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import dataclass, replace
from rtslib_ext.owners import exported, fragment, ports, record, states, units
from rtslib_ext.owners.fragment import Part
from rtslib_ext.savefile import Loaded
from rtslib_ext.steps import Action
from rtslib_ext.transaction.apply import Change, PartChange

from ..changes import allowed, applied_fragments, running, waiting_fragments
from ..changes import owners as records
from ..env import Env
from ..result import Aside, Result
from . import fragment_files, plan, save_files
from .fragment_files import SUFFIX, Fragment

if TYPE_CHECKING:
    from rtslib_ext.firewall.allowed import Allowed
    from rtslib_ext.usage.readiness import Wait


@dataclass(frozen=True, slots=True)
class How:
    """The parameters of apply that concern a fragment."""

    owner: str | None
    adopt: bool
    remove: bool
    dry_run: bool
    confirm_within: float | None
    reserved: frozenset[int] = frozenset()
    """The port numbers that other fragments name."""
    looks: bool = True
    """Whether to look at the contents of new devices."""
    moves: bool | None = None
    """Whether the objects move between hosts from then on; None: as before."""
    serves: Callable[[], object] | None = None
    """For a takeover that serves the objects: called once the record says so, before the steps."""


def apply(env: Env, file: str | None, how: How) -> Result:
    """Apply the fragment of an owner, or each one of a directory."""
    if how.remove:
        result = apply_one(env, _removed(file, how), records.load(env), how)
        result.notes += _kept_file(env, how)
        return result
    path = _path(env, file, how)
    if os.path.isdir(path):
        return _directory(env, path, how)
    found = Fragment(_owner(env, path, how), path, save_files.load_understood(env, path))
    return _apply_here(env, found, records.load(env), how)


def _removed(file: str | None, how: How) -> Fragment:
    if not how.owner or file:
        raise InvalidValue(
            "remove deletes all that an owner has: it takes the owner and no file",
            hint="apply --owner NAME --remove",
        )
    units.check_name(how.owner)
    return Fragment(how.owner, "", Loaded(Config(), ()))


def _kept_file(env: Env, how: How) -> Iterator[str]:
    """Yield a note if the service would create the removed objects again."""
    path = f"{env.fragments}/{how.owner}{SUFFIX}"
    if os.path.lexists(path):
        yield Aside(f"Note: the next start of the service applies {path} again: delete it, too")


def _path(env: Env, file: str | None, how: How) -> str:
    """Return the path of the fragment, or of the directory. Raises NotFound or InvalidValue."""
    if file is not None:
        return save_files.readable(env, file)
    if how.owner:
        # Before it is a part of a path: whether other files exist is not shown.
        units.check_name(how.owner)
    path = f"{env.fragments}/{how.owner}{SUFFIX}"
    if not how.owner or not os.path.exists(path):
        raise NotFound(
            f"there is no fragment {path}" if how.owner else "adopt needs an owner",
            hint="apply FILE --owner NAME names the file; --remove deletes all that NAME has",
        )
    return path


def _owner(env: Env, path: str, how: How) -> str:
    """Return the owner of a file; raises InvalidValue."""
    name = os.path.basename(path)
    named = name.removesuffix(SUFFIX) if fragment_files.is_inside(env, path) else None
    owner = how.owner or named
    if owner is None:
        raise InvalidValue("adopt needs an owner", hint=f"apply {path} --owner NAME --adopt")
    if named not in (None, owner):
        raise InvalidValue(
            f"{path} is the fragment of {named}, not of {owner}",
            hint="a fragment in this directory has the owner that its name says",
        )
    units.check_name(owner, path)
    return owner


# -- one fragment ---------------------------------------------------------------------------


def _apply_here(env: Env, given: Fragment, owners: Mapping[str, str], how: How) -> Result:
    """Apply a fragment; its objects do not move if those that moved were deleted since.

    Raises InUse for one in standby: only a takeover asks the other host whether it serves it.
    """
    moved = given.owner in record.moving(env.owners)
    if moved and not given.loaded.config.is_empty:
        mine = (path for path, owner in records.load(env).items() if owner == given.owner)
        states.refuse_standby(env.fs, env.owners, mine)
    if moved and given.owner not in owners.values():
        how = replace(how, moves=False)
    return apply_one(env, given, owners, how)


def _then(env: Env, action: Callable[[], None]) -> None:
    """Keep a record true now, or after the changes of the transaction."""
    if env.session.transaction is None:
        action()
    else:
        env.session.transaction.follow(action)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the apply of a fragment changes; ``networks`` are those of all portals afterwards."""

    change: Change
    part: Part
    networks: Allowed | None


def prepare(env: Env, given: Fragment, owners: Mapping[str, str], how: How) -> Prepared:
    """Return what the apply of a fragment changes. Raises LioError for what it refuses."""
    name = given.owner
    _refuse_pair(env, given)
    found = fragment.part(env.fs, name, given.loaded.config, owners, adopt=how.adopt)
    whole = plan.prepare(env, found.want, found.have, looks=how.looks)
    notes = (*whole.plan.notes, *found.notes)
    planned: Change = PartChange(
        whole.have, whole.want, replace(whole.plan, notes=notes), found.read, how.reserved
    )
    planned = plan.with_others(env, planned, given.loaded, refuse=not how.dry_run)
    refuse_exported(env, planned, owners)
    ports.refuse_taken(env.fs, planned.want, found.mine, found.before)
    return Prepared(planned, found, _networks(env, planned, found, given, owners))


def _refuse_pair(env: Env, given: Fragment) -> None:
    """Raise InUse for a fragment in conf.d of an owner whose objects move between hosts.

    The service would serve them on both hosts at boot.
    """
    pair = f"{env.pairs}/{given.owner}{SUFFIX}"
    if fragment_files.is_inside(env, given.path) and os.path.lexists(pair):
        raise InUse(
            f"the objects of {given.owner} move between the hosts of a pair, as {pair} says",
            hint=f"takeover {given.owner} serves them here; delete one of the two files",
        )


def apply_one(env: Env, given: Fragment, owners: Mapping[str, str], how: How) -> Result:
    """Apply a fragment, all of it or nothing."""
    name, prepared = given.owner, prepare(env, given, owners, how)
    found = prepared.part
    result = _carry_out(env, prepared, given.owner, how)
    if not how.dry_run:
        inside = fragment_files.is_inside(env, given.path)
        _then(env, partial(applied_fragments.note, env, name, is_in_directory=inside))
        gone = [path for path, owner in owners.items() if owner == name]
        _then(env, partial(_drop_unrestored, env, {*gone} - found.owners.keys()))
    shows = how.dry_run or env.session.transaction is not None
    result.notes += _adopted(found, name, shows=shows)
    return result


def compare(env: Env, file: str | None, owner: str) -> Result:
    """Show what the apply of a fragment would change; the exit status is 1 if it would."""
    how = How(owner, adopt=False, remove=False, dry_run=True, confirm_within=None)
    path = _path(env, file, how)
    given = Fragment(_owner(env, path, how), path, save_files.load_understood(env, path))
    prepared = prepare(env, given, records.load(env), how)
    result = _carry_out(env, prepared, given.owner, how)
    result.status = int(differs(env, prepared))
    return result


def differs(env: Env, prepared: Prepared) -> bool:
    """Return True if an apply would change anything, owners and networks included."""
    if prepared.change.plan or prepared.part.owners != records.load(env):
        return True
    return prepared.networks is not None and prepared.networks != allowed.running(env)


def _carry_out(env: Env, prepared: Prepared, owner: str, how: How) -> Result:
    """Apply a plan with its owners and networks, queue it, or only show it."""
    found = prepared.part
    claims = found.owners != records.load(env)
    claiming = (
        nullcontext()
        if how.dry_run
        else records.claiming(env, found.owners, owner, how.moves, serves=how.serves is not None)
    )
    with claiming, allowed.changing(env, prepared.networks, dry_run=how.dry_run) as lines:
        if how.serves is not None and env.session.transaction is None:
            how.serves()
        return plan.carry_out(
            env,
            prepared.change,
            dry_run=how.dry_run,
            confirm_within=how.confirm_within,
            beside=lines,
            claims=claims,
        )


def _networks(
    env: Env, planned: Change, found: Part, given: Fragment, owners: Mapping[str, str]
) -> Allowed | None:
    """Return the allowed networks of all portals afterwards; None if none are involved."""
    loaded = given.loaded
    if not loaded.allowed and not allowed.exists(env):
        return None
    # Imported here: most fragments have none.
    from rtslib_ext.owners import networks

    return networks.after(
        env.fs,
        allowed.read(env).allowed,
        loaded.allowed if loaded.sets_allowed else None,
        planned.have,
        planned.want,
        found.mine,
        found.before,
        owners,
    )


def _adopted(found: Part, name: str, *, shows: bool) -> Iterator[str]:
    verb = "would belong" if shows else "belongs"
    for path, owner in found.adopted.items():
        yield Aside(f"Note: {path} {verb} to {name} now; it {_had(owner)}")


def _had(owner: str) -> str:
    return f"belonged to {owner}" if owner else "had no owner"


def refuse_exported(env: Env, planned: Change, owners: Mapping[str, str]) -> None:
    """Raise InUse if a storage object is to be deleted that a target of others exports."""
    deleted = [step.path for step in planned.plan.steps if step.action is Action.DELETE]
    exported.refuse_deleted(env.fs, planned.have, deleted, owners)


def _drop_unrestored(env: Env, gone: Set[str]) -> None:
    """Drop objects from the record of a restore that their owner does not have any more."""
    if not os.path.exists(env.unrestored):
        return
    # Imported here: after most restores nothing is missing.
    from rtslib_ext.savefile import unrestored

    missing = unrestored.load(env.unrestored)
    left = tuple(
        path
        for path in missing.paths
        if not any(shell_paths.is_within(path, above) for above in gone)
    )
    if left != missing.paths:
        part = missing.part
        objects = {key: so for key, so in part.storage_objects.items() if so.path not in gone}
        targets = {
            key: target
            for key, target in part.targets.items()
            if shell_paths.target(*key) not in gone
        }
        part = replace(part, storage_objects=objects, targets=targets)
        running.set_unrestored(env, replace(missing, part=part, paths=left))


# -- a directory ----------------------------------------------------------------------------


def _directory(env: Env, folder: str, how: How) -> Result:
    """Apply each fragment of a directory; one that fails does not stop the others."""
    if how.owner or how.confirm_within is not None:
        raise InvalidValue(
            f"{folder} is a directory: each fragment has its own owner, and is one change",
            hint="apply one of its files",
        )
    result = Result(shows=True)
    lines: list[str] = []
    found = list(fragment_files.read(env, folder, result.failures))
    fragment_files.refuse_shared(found)
    how = replace(how, reserved=ports.named(given.loaded.config for given in found))
    facts = []
    for given in found:
        try:
            one = _apply_here(env, given, _moved(found, records.load(env)), how)
        except LioError as err:
            err.prefix(given.path)
            result.failures.append(err)
            continue
        lines += [f"{given.owner}:", *(f"  {line}" for line in one.lines)]
        result.notes += one.notes
        facts.append({"owner": given.owner, "file": given.path, **_facts(one)})
    if not found and not result.failures:
        lines = [f"There are no fragments in {folder}"]
    result.lines = lines
    result.data = lambda: {"fragments": facts}
    return result


def _facts(one: Result) -> dict[str, object]:
    found = one.data() if one.data else None
    return dict(found) if isinstance(found, dict) else {}


def apply_waiting(env: Env, failures: list[LioError]) -> tuple[list[str], list[Wait]]:
    """Apply the fragments that waited for devices since boot and are ready now.

    Return their owners, and what the others wait for.
    """
    names, waits = waiting_fragments.load(env), dict(fragment_files.waiting(env))
    known = list(fragment_files.read(env, env.fragments, []))
    ready = [given for given in known if given.owner in names and not waits.get(given.owner)]
    how = How(None, False, False, False, None, reserved=fragment_files.reserved(env))
    for given in ready:
        try:
            _apply_here(env, given, _moved(known, records.load(env)), how)
        except LioError as err:
            err.prefix(given.path)
            failures.append(err)
    waiting_fragments.store(env, [name for name in names if waits.get(name)])
    left = [wait for name in sorted(names) for wait in waits.get(name, ())]
    return [given.owner for given in ready], left


def _moved(found: list[Fragment], owners: Mapping[str, str]) -> dict[str, str]:
    """Return the owners after objects moved from one fragment of a directory to another."""
    wanted: dict[str, str] = {
        path: given.owner
        for given in found
        for path in units.of_config(given.loaded.config).paths()
    }
    names = {given.owner for given in found}
    moved = {
        path: wanted[path]
        for path, owner in owners.items()
        if owner in names and wanted.get(path, owner) != owner
    }
    return {**owners, **moved}
