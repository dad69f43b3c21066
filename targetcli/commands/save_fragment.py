# SPDX-License-Identifier: Apache-2.0
"""saveconfig of a part: the fragment of an owner or a target."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Set
from typing import TYPE_CHECKING

from rtslib_ext.errors import InUse, InvalidValue, NotFound
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.owners import record, states, units, written
from rtslib_ext.owners.units import Units

from ..changes import allowed, apply, running
from ..changes import owners as records
from ..env import Env
from ..result import Aside, Result
from . import fragment_files, save_files

if TYPE_CHECKING:
    from rtslib_ext.config.model import Config
    from rtslib_ext.savefile.unrestored import Unrestored


def save_fragment(env: Env, savefile: str, owner: str | None, target: str | None) -> Result:
    """Write the part of an owner or a target as a fragment."""
    return _write(env, _Call(_path(env, savefile, owner), owner, target))


@dataclass(frozen=True, slots=True)
class _Call:
    """The file to write, and the owner or the WWN of the target."""

    path: str
    owner: str | None
    target: str | None


def _path(env: Env, savefile: str, owner: str | None) -> str:
    """Return the file to write; without one, that of the owner which is applied at boot."""
    path = save_files.path_of(env, savefile)
    if path != save_files.path_of(env, None) and savefile != save_files.path_of(env, None):
        _refuse_name(env, path, owner)
        return path
    if owner is None:
        raise InvalidValue(
            "the save file has the whole configuration", hint="saveconfig FILE target=WWN"
        )
    units.check_name(owner)
    name = f"{owner}{fragment_files.SUFFIX}"
    moves = owner in record.moving(env.owners) or os.path.lexists(f"{env.pairs}/{name}")
    return f"{env.pairs if moves else env.fragments}/{name}"


def _refuse_name(env: Env, path: str, owner: str | None) -> None:
    """Raise InvalidValue for a file in conf.d or pairs whose name is not that of the owner."""
    folder, name = os.path.split(path)
    if folder not in map(os.path.abspath, (env.fragments, env.pairs)):
        return
    named = name.removesuffix(fragment_files.SUFFIX)
    units.check_name(named, path)
    if owner not in (None, named) or named == name:
        raise InvalidValue(
            f"the fragment of {owner or 'an owner'} has another name in this directory",
            path=path,
            hint=f"saveconfig {folder}/{owner or 'NAME'}{fragment_files.SUFFIX} writes it",
        )


def _write(env: Env, call: _Call) -> Result:
    """Write a fragment, at the end of a transaction."""
    later = apply.defer(env, f"write a fragment to {call.path}", lambda: _write(env, call))
    if later is not None:
        return later
    have = running.read(env)
    missing = running.unrestored(env, have)
    config = _with_missing(have, missing)
    owners = records.load(env)
    mine = (
        units.of_paths(path for path, name in owners.items() if name == call.owner)
        if call.target is None
        else written.of_target(config, call.target)
    )
    _refuse_nothing(call, mine)
    _refuse_standby(env, {owners[path] for path in mine.paths() if path in owners})
    found = written.fragment(config, mine, owners, call.owner or "")
    networks = allowed.of_config(env, found)
    marks = [path for path in missing.paths if units.in_config({_above(path): ""}, found)]
    identities = save_files.identities_of(found.storage_objects.values())
    lines, facts = save_files.write(
        env, call.path, found, marks, {**missing.identities, **identities}, networks=networks
    )
    lines += [f"Fragment saved to {call.path}", *_lost(owners, call, found)]
    return Result([*lines, *_cure(env, call)], data=lambda: facts)


def _with_missing(have: Config, missing: Unrestored) -> Config:
    # Imported here, as in running: after most restores nothing is missing.
    from rtslib_ext.savefile import unrestored

    return unrestored.keep(have, missing) if missing else have


def _above(path: str) -> str:
    """Return the path of the storage object or target in which a missing object is."""
    words = path.split("/")
    return "/".join(words[: 4 if words[1] == "backstores" else 3])


def _refuse_nothing(call: _Call, mine: Units) -> None:
    if not any((mine.objects, mine.targets, mine.acls)):
        what = f"no object belongs to {call.owner}" if call.owner else f"no target {call.target}"
        raise NotFound(what, hint="owners lists owners, ls lists targets")


def _refuse_standby(env: Env, names: Set[str]) -> None:
    """Raise InUse for owners in standby: no takeover with such a fragment would serve it."""
    for name in sorted(names & record.moving(env.owners)):
        if states.STANDBY in states.of_owner(env.fs, record.load(env.owners), name).values():
            raise InUse(
                f"{name} is in standby here, and a takeover of the fragment would not serve it",
                hint=f"write it on the host that serves {name}",
            )


def _lost(owners: Mapping[str, str], call: _Call, found: Config) -> Iterator[str]:
    """Yield a note for each object of the owner that does not exist."""
    for path, name in owners.items():
        if name == call.owner and not units.in_config({path: name}, found):
            yield Aside(f"Note: {path} does not exist, so the fragment does not have it")


def _cure(env: Env, call: _Call) -> Iterator[str]:
    if call.owner is None:
        folder, name = os.path.split(call.path)
        is_named = folder in map(os.path.abspath, (env.fragments, env.pairs))
        owner = name.removesuffix(fragment_files.SUFFIX) if is_named else "NAME"
        yield Aside(f"Note: apply {call.path} --owner {owner} --adopt gives these objects an owner")
