# SPDX-License-Identifier: Apache-2.0
"""The fragment that an owner's running objects make."""

from __future__ import annotations

from collections.abc import Set

from ..config.model import Config, Key, Target, Tpg
from ..fast_dataclasses import replace
from .record import Owners
from .units import AclKey, Units, acl_path


def fragment(config: Config, mine: Units, owners: Owners, name: str) -> Config:
    """Return the objects ``mine`` of a configuration, as the fragment of the owner ``name``.

    ACLs that others own in its targets are left out; a target of which it has ACLs only has
    nothing else.
    """
    objects = {key: so for key, so in config.storage_objects.items() if key in mine.objects}
    whole = {
        key: _own(target, owners, name)
        for key, target in config.targets.items()
        if key in mine.targets
    }
    guests = {
        key: _guest(config.targets[key], mine.acls)
        for key in sorted({acl[:2] for acl in mine.acls} & config.targets.keys() - mine.targets)
    }
    groups = {so.lu_group for so in objects.values()}
    return Config(
        objects,
        {**whole, **{key: target for key, target in guests.items() if target.tpgs}},
        {},
        {group: number for group, number in config.lu_groups.items() if group in groups},
    )


def of_target(config: Config, wwn: str) -> Units:
    """Return the targets with a WWN, and the storage objects that they export."""
    targets = frozenset(key for key in config.targets if key[1] in (wwn, wwn.lower()))
    return Units(_exported(config, targets) & config.storage_objects.keys(), targets)


def _exported(config: Config, targets: Set[Key]) -> frozenset[Key]:
    return frozenset(so for key in targets for so in config.targets[key].exported())


def _own(target: Target, owners: Owners, name: str) -> Target:
    """Return a target without the ACLs that others own in it."""

    def is_own(tag: int, wwn: str) -> bool:
        return owners.get(acl_path((*target.key, tag, wwn)), name) == name

    tpgs = {
        tag: replace(tpg, acls={wwn: acl for wwn, acl in tpg.acls.items() if is_own(tag, wwn)})
        for tag, tpg in target.tpgs.items()
    }
    return replace(target, tpgs=tpgs)


def _guest(target: Target, mine: Set[AclKey]) -> Target:
    """Return some ACLs of a target alone."""
    tpgs = {}
    for tag, tpg in target.tpgs.items():
        acls = {wwn: acl for wwn, acl in tpg.acls.items() if (*target.key, tag, wwn) in mine}
        if acls:
            tpgs[tag] = Tpg(tag, acls=acls)
    return Target(*target.key, tpgs)
