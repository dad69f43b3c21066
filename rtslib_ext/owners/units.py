# SPDX-License-Identifier: Apache-2.0
"""What can have an owner: storage objects, targets, and ACLs in a target of another owner.

A target has everything in it, but the ACLs that another owner has. In a fragment, an entry of a
target with nothing but ACLs stands for these ACLs alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ..config import shell_paths
from ..config.model import Auth, Config, Key, Target, Tpg
from ..config.shell_paths import ShellPath
from ..errors import InvalidValue
from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass, replace
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath

AclKey = tuple[str, str, int, str]
"""Identifies an ACL: fabric, WWN of the target, tag of the TPG, WWN of the initiator."""

# Of a tag, and more than it can have.
_DIGITS = 9
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def check_name(name: str, path: str = "") -> None:
    """Raise InvalidValue unless a text can be the name of an owner."""
    if not _NAME.fullmatch(name):
        raise InvalidValue(
            f"{name!r} is not the name of an owner",
            path=path,
            hint="use up to 64 letters, digits, '.', '_' and '-', such as csi or pool1",
        )


@dataclass(frozen=True, slots=True)
class Units:
    """A set of objects that have owners, by their keys."""

    objects: frozenset[Key] = frozenset()
    targets: frozenset[Key] = frozenset()
    acls: frozenset[AclKey] = frozenset()
    """ACLs in targets that are not in ``targets``."""

    def __or__(self, other: Units) -> Units:
        return Units(
            self.objects | other.objects, self.targets | other.targets, self.acls | other.acls
        )

    def __sub__(self, other: Units) -> Units:
        return Units(
            self.objects - other.objects, self.targets - other.targets, self.acls - other.acls
        )

    def paths(self) -> Iterator[ShellPath]:
        """Yield the shell paths, sorted by kind and name."""
        yield from (shell_paths.storage_object(*key) for key in sorted(self.objects))
        yield from (shell_paths.target(*key) for key in sorted(self.targets))
        yield from (acl_path(key) for key in sorted(self.acls))


def acl_path(key: AclKey) -> ShellPath:
    """Return the shell path of an ACL."""
    fabric, target, tag, wwn = key
    return shell_paths.acl(TpgPath.of(FABRICS[fabric], target, tag).shell, wwn)


def folder(path: str) -> ConfigfsPath | None:
    """Return the directory of a target or an ACL in configfs; None for a storage object."""
    found = of_paths([path])
    for fabric, wwn in found.targets:
        return paths.target(FABRICS[fabric], wwn)
    for fabric, wwn, tag, initiator in found.acls:
        return TpgPath.of(FABRICS[fabric], wwn, tag).acl(initiator)
    return None


def is_guest(target: Target) -> bool:
    """Return True for an entry of a fragment that has ACLs only: the target is another's."""
    return bool(target.tpgs) and all(map(_has_acls_only, target.tpgs.values()))


def _has_acls_only(tpg: Tpg) -> bool:
    others = (tpg.luns, tpg.portals, tpg.attributes, tpg.parameters, tpg.nexus, tpg.files)
    return bool(tpg.acls) and not any(others) and tpg.auth == Auth()


def of_config(config: Config) -> Units:
    """Return what the owner of a fragment owns."""
    return Units(
        frozenset(config.storage_objects),
        frozenset(key for key, target in config.targets.items() if not is_guest(target)),
        frozenset(
            (*key, tag, wwn)
            for key, target in config.targets.items()
            if is_guest(target)
            for tag, tpg in target.tpgs.items()
            for wwn in tpg.acls
        ),
    )


def of_paths(listed: Iterable[str]) -> Units:
    """Return the objects that shell paths name. Raises InvalidValue for another path."""
    objects, targets, acls = set[Key](), set[Key](), set[AclKey]()
    for path in listed:
        match path.split("/"):
            case ["", "backstores", plugin, name]:
                objects.add((plugin, name))
            case ["", fabric, wwn] if fabric in FABRICS:
                targets.add((fabric, wwn))
            case ["", fabric, wwn, *tpg, "acls", initiator] if fabric in FABRICS:
                acls.add((fabric, wwn, _tag(path, tpg), initiator))
            case _:
                raise _no_owner(path)
    return Units(frozenset(objects), frozenset(targets), frozenset(acls))


def _tag(path: str, words: list[str]) -> int:
    text = words[0].removeprefix("tpg") if words else "1"
    if len(words) > 1 or not (text.isascii() and text.isdecimal() and len(text) < _DIGITS):
        raise _no_owner(path)
    return int(text)


def _no_owner(path: str) -> InvalidValue:
    return InvalidValue(
        f"{path!r} is not an object that can have an owner",
        hint="storage objects, targets and ACLs can",
    )


def without(config: Config, units: Units) -> Config:
    """Return a configuration without some storage objects and targets."""
    if not units.objects and not units.targets:
        return config
    objects, targets = config.storage_objects, config.targets
    return replace(
        config,
        storage_objects={key: so for key, so in objects.items() if key not in units.objects},
        targets={key: target for key, target in targets.items() if key not in units.targets},
    )


def understood(owners: Mapping[str, str]) -> dict[str, str]:
    """Return the owners of a file whose names and paths the record can have."""
    found = {}
    for path, owner in owners.items():
        try:
            check_name(owner, path)
            of_paths([path])
        except InvalidValue:
            continue
        found[path] = owner
    return found


def in_config(owners: Mapping[str, str], config: Config) -> dict[str, str]:
    """Return the owners of the objects that are in a configuration, by shell path."""
    return {path: owner for path, owner in owners.items() if _has(config, path)}


def _has(config: Config, path: str) -> bool:
    found = of_paths([path])
    if found.acls:
        ((fabric, wwn, tag, initiator),) = found.acls
        target = config.targets.get((fabric, wwn))
        tpg = target.tpgs.get(tag) if target else None
        return bool(tpg and initiator in tpg.acls)
    return found.objects <= config.storage_objects.keys() and found.targets <= config.targets.keys()
