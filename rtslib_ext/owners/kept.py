# SPDX-License-Identifier: Apache-2.0
"""What the apply of a whole configuration leaves unchanged: running objects that have an owner.

Its owner's fragment decides about such an object; a file that was saved earlier may lack it.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from ..config.model import Config, Key, NodeAcl, StorageObject, Target, Tpg
from ..fast_dataclasses import replace
from . import units
from .record import Owners
from .units import Units


def keep(
    owners: Owners, have: Config, want: Config, moving: Set[str] = frozenset()
) -> tuple[Config, list[tuple[str, str]]]:
    """Return ``want`` with the running objects that have an owner, and (shell path, note).

    A target in which an owner has ACLs stays whole if ``want`` has no place for them. What kept
    targets export stays too. There are no notes about the owners ``moving``: no file has those.
    """
    found = units.of_paths(units.in_config(owners, have))
    targets = _targets(found, have, want)
    objects = {key: have.storage_objects[key] for key in sorted(found.objects)}
    needed = {key: so for key, so in _exported(targets, have) if key not in want.storage_objects}
    objects = {**needed, **objects}
    groups = {so.lu_group for so in objects.values()}
    lu_groups = {name: number for name, number in have.lu_groups.items() if name in groups}
    after = replace(
        want,
        storage_objects={**want.storage_objects, **objects},
        targets={**want.targets, **targets},
        lu_groups={**lu_groups, **want.lu_groups},
    )
    told = {path: owner for path, owner in owners.items() if owner not in moving}
    return after, list(_notes(told, have, want))


def lost(owners: Owners, have: Config, want: Config) -> dict[str, str]:
    """Return the owners of the running objects that a configuration lacks, by shell path."""
    there = units.in_config(owners, have)
    return {path: there[path] for path in there.keys() - units.in_config(there, want).keys()}


def _targets(found: Units, have: Config, want: Config) -> dict[Key, Target]:
    """Return the targets that stay, and those of ``want`` with the ACLs that stay."""
    targets = {key: have.targets[key] for key in sorted(found.targets)}
    for fabric, wwn, tag, initiator in sorted(found.acls):
        key = (fabric, wwn)
        if key in found.targets:
            continue
        running = have.targets[key]
        target = targets.get(key, want.targets.get(key))
        targets[key] = running if target is None else _with_acl(target, running, tag, initiator)
    return targets


def _with_acl(target: Target, running: Target, tag: int, initiator: str) -> Target:
    """Return a target with a running ACL; the running target if its LUNs do not fit."""
    tpg, had = target.tpgs.get(tag), running.tpgs[tag]
    acl = had.acls[initiator]
    if target is running or tpg is None or not _fits(acl, tpg, had):
        return running
    tpg = replace(tpg, acls={**tpg.acls, initiator: acl})
    return replace(target, tpgs={**target.tpgs, tag: tpg})


def _fits(acl: NodeAcl, tpg: Tpg, had: Tpg) -> bool:
    """Return True if an ACL maps the same storage objects in another TPG."""
    for mapped in acl.mapped_luns.values():
        then, now = tpg.luns.get(mapped.tpg_lun), had.luns.get(mapped.tpg_lun)
        if now and (then is None or then.storage_object != now.storage_object):
            return False
    return True


def _exported(targets: dict[Key, Target], have: Config) -> Iterator[tuple[Key, StorageObject]]:
    """Yield the running storage objects that targets export."""
    for target in targets.values():
        for key in target.exported():
            if so := have.storage_objects.get(key):
                yield key, so


def _notes(owners: Owners, have: Config, want: Config) -> Iterator[tuple[str, str]]:
    there, wanted = units.in_config(owners, have), units.in_config(owners, want)
    for path, owner in there.items():
        if path not in wanted:
            cure = f"apply --owner {owner} --remove deletes all that {owner} has"
            yield path, f"it belongs to {owner}, and the file does not have it; it is kept ({cure})"
        elif not _is_same(path, have, want):
            yield path, f"it belongs to {owner}, and it differs in the file; it is kept"


def _is_same(path: str, have: Config, want: Config) -> bool:
    """Return True if an object is the same in two configurations that have it."""
    found = units.of_paths([path])
    for fabric, wwn, tag, initiator in found.acls:
        one, other = (it.targets[fabric, wwn].tpgs[tag].acls[initiator] for it in (have, want))
        return one == other
    for key in found.objects:
        return have.storage_objects[key] == want.storage_objects[key]
    return all(have.targets[key] == want.targets[key] for key in found.targets)
