# SPDX-License-Identifier: Apache-2.0
"""Groups of initiators: hosts that see the same storage objects under the same LUN numbers.

A group is the tag of the ACLs of its members, in all TPGs of all targets. All functions are from
value to value. A group without members has no ACL, so it is kept apart (steps.kept_groups).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter

from ..errors import Exists, InvalidValue, LioError, NotFound
from ..fast_dataclasses import dataclass, field, replace
from . import shell_paths
from .model import Config, Key, Lun, MappedLun, NodeAcl, Tpg

Place = tuple[Key, int]
"""A TPG: the key of its target, (fabric, WWN), and its tag."""

LUN_MAX = 65535


@dataclass(frozen=True, slots=True)
class GroupLun:
    """A storage object (plugin, name) that the members see under one number."""

    index: int
    storage_object: Key
    write_protect: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A group: its LUNs by number, the TPGs in which its members log in, and their names.

    ``differing`` are the ACLs, (TPG, initiator), whose LUNs are not those of the group.
    """

    name: str
    luns: Mapping[int, GroupLun] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    members: tuple[str, ...] = ()
    differing: tuple[tuple[Place, str], ...] = ()


def of_config(config: Config, kept: Mapping[str, Group]) -> dict[str, Group]:
    """Return the groups by name: those of the tags, and of ``kept`` those without members.

    Of the latter, TPGs that no longer exist are left out.
    """
    found: dict[str, list[tuple[Place, NodeAcl]]] = {}
    for place, tpg in tpgs(config):
        for acl in tpg.acls.values():
            if acl.tag:
                found.setdefault(acl.tag, []).append((place, acl))
    groups = {name: _of_acls(config, name, acls) for name, acls in found.items()}
    there = {place for place, _ in tpgs(config)}
    for name, group in kept.items():
        places = tuple(place for place in group.places if place in there)
        groups.setdefault(name, replace(group, places=places))
    return dict(sorted(groups.items()))


def _of_acls(config: Config, name: str, acls: list[tuple[Place, NodeAcl]]) -> Group:
    each = [(place, acl.wwn, seen(tpg_at(config, place), acl)) for place, acl in acls]
    luns: dict[int, GroupLun] = {}
    for _, _, mapped in each:
        for index, lun in mapped.items():
            luns.setdefault(index, lun)
    return Group(
        name,
        dict(sorted(luns.items())),
        tuple(dict.fromkeys(place for place, _, _ in each)),
        tuple(dict.fromkeys(wwn for _, wwn, _ in each)),
        tuple((place, wwn) for place, wwn, mapped in each if mapped != luns),
    )


def tpgs(config: Config) -> Iterator[tuple[Place, Tpg]]:
    """Yield all TPGs, sorted by target and tag."""
    for key, target in sorted(config.targets.items(), key=itemgetter(0)):
        for tag, tpg in sorted(target.tpgs.items(), key=itemgetter(0)):
            yield (key, tag), tpg


def tpg_at(config: Config, place: Place) -> Tpg:
    """Return a TPG; raises KeyError."""
    key, tag = place
    return config.targets[key].tpgs[tag]


def seen(tpg: Tpg, acl: NodeAcl) -> dict[int, GroupLun]:
    """Return what the initiator of an ACL sees, by number; not mapped LUNs without a LUN."""
    return {
        index: GroupLun(index, tpg.luns[mapped.tpg_lun].storage_object, mapped.write_protect)
        for index, mapped in sorted(acl.mapped_luns.items())
        if mapped.tpg_lun in tpg.luns
    }


# -- members --------------------------------------------------------------------------------


def join(
    config: Config, group: Group, wwn: str, places: tuple[Place, ...], *, replaces: bool = False
) -> Config:
    """Return the configuration with an initiator in a group: its ACLs have the group's LUNs.

    Creates the ACLs and LUNs that are missing. ``replaces``: mapped LUNs that the group does not
    have are deleted; without it, raises InvalidValue if there are any, unless the group has
    neither members nor LUNs: then they become those of the group. Raises Exists if it is a member
    of this or another group.
    """
    if all(wwn in _members(config, group.name, place) for place in places):
        raise Exists(f"{wwn} is in the group {group.name} already")
    for place in places:
        tpg = tpg_at(config, place)
        acl = tpg.acls.get(wwn, NodeAcl(wwn))
        if acl.tag and acl.tag != group.name:
            raise Exists(
                f"{wwn} is in the group {acl.tag}, an initiator can be in one group of a TPG",
                hint=f"group leave {acl.tag} {wwn}",
            )
        wanted = _luns_in(config, group, place)
        if wanted is not None:
            _refuse_others(group, acl, seen(tpg, acl), wanted, replaces=replaces)
            tpg, acl = _with_luns(config, place, tpg, acl, wanted)
        config = _with_acl(config, place, tpg, replace(acl, tag=group.name))
    return config


def _members(config: Config, name: str, place: Place) -> list[str]:
    return [wwn for wwn, acl in tpg_at(config, place).acls.items() if acl.tag == name]


def _luns_in(config: Config, group: Group, place: Place) -> Mapping[int, GroupLun] | None:
    """Return what a new member sees in a TPG: as those there do; None: the group has nothing."""
    tpg = tpg_at(config, place)
    there = _members(config, group.name, place)
    if there:
        return seen(tpg, tpg.acls[there[0]])
    return group.luns if group.luns or group.members else None


def _refuse_others(
    group: Group,
    acl: NodeAcl,
    own: Mapping[int, GroupLun],
    wanted: Mapping[int, GroupLun],
    *,
    replaces: bool,
) -> None:
    others = [index for index, lun in own.items() if wanted.get(index) != lun]
    if others and not replaces:
        listed = ", ".join(f"{index} ({'/'.join(own[index].storage_object)})" for index in others)
        raise InvalidValue(
            f"{acl.wwn} has LUNs that the group {group.name} does not have: {listed}",
            hint="replace=true takes them from it, group map adds them to the group",
        )


def _with_luns(
    config: Config, place: Place, tpg: Tpg, acl: NodeAcl, wanted: Mapping[int, GroupLun]
) -> tuple[Tpg, NodeAcl]:
    """Return a TPG that exports the LUNs, and an ACL that has them and no others."""
    own = seen(tpg, acl)
    tpg, numbers = _exporting(config, place, tpg, wanted.values())
    mapped = {
        index: acl.mapped_luns[index]
        if own.get(index) == lun
        else MappedLun(index, numbers[lun.storage_object], lun.write_protect)
        for index, lun in wanted.items()
    }
    return tpg, replace(acl, mapped_luns=mapped)


def _exporting(
    config: Config, place: Place, tpg: Tpg, wanted: Iterable[GroupLun]
) -> tuple[Tpg, dict[Key, int]]:
    """Return a TPG that exports storage objects, and the LUN of each.

    A new LUN has the number that the group uses, if it is free there.
    """
    numbers: dict[Key, int] = {}
    for number, found in tpg.luns.items():
        numbers.setdefault(found.storage_object, number)
    luns = dict(tpg.luns)
    free = (number for number in range(LUN_MAX + 1) if number not in luns)
    for lun in wanted:
        key = lun.storage_object
        if key not in config.storage_objects:
            raise NotFound(
                f"LUN {lun.index} of the group, {'/'.join(key)}, does not exist",
                hint=f"create it, or group unmap NAME {lun.index}",
            )
        if key not in numbers:
            chosen = lun.index if lun.index not in luns else next(free, None)
            if chosen is None:
                raise LioError(f"all LUNs from 0 to {LUN_MAX} are in use", path=_shell(place))
            luns[chosen], numbers[key] = Lun(chosen, key), chosen
    return (replace(tpg, luns=luns) if len(luns) > len(tpg.luns) else tpg), numbers


def leave(config: Config, group: Group, wwn: str, *, keeps: bool = False) -> Config:
    """Return the configuration without an initiator in a group: its LUNs go, its ACLs stay.

    ``keeps``: its LUNs stay, too. Raises NotFound if it is no member.
    """
    if wwn not in group.members:
        raise NotFound(
            f"{wwn} is not in the group {group.name}",
            hint=f"its members: {', '.join(group.members) or 'none'}",
        )
    for place in group.places:
        tpg = tpg_at(config, place)
        acl = tpg.acls.get(wwn)
        if acl is not None and acl.tag == group.name:
            mapped = acl.mapped_luns if keeps else {}
            config = _with_acl(config, place, tpg, replace(acl, tag=None, mapped_luns=mapped))
    return config


def _with_acl(config: Config, place: Place, tpg: Tpg, acl: NodeAcl) -> Config:
    return _with_tpg(config, place, replace(tpg, acls={**tpg.acls, acl.wwn: acl}))


def _with_tpg(config: Config, place: Place, tpg: Tpg) -> Config:
    key, tag = place
    target = config.targets[key]
    target = replace(target, tpgs={**target.tpgs, tag: tpg})
    return replace(config, targets={**config.targets, key: target})


def _shell(place: Place) -> str:
    (fabric, wwn), _ = place
    return shell_paths.target(fabric, wwn)


# -- LUNs -----------------------------------------------------------------------------------


def choose_number(
    config: Config,
    group: Group,
    key: Key,
    wanted: int | None,
    usable: Callable[[int], bool] = lambda number: True,
) -> int:
    """Return the number under which a group is to see a storage object: free for all members.

    ``wanted`` is the number that was asked for; without it, the one that some members see it
    under, or the lowest free one that is ``usable``. Raises Exists.
    """
    each = _seen_by_each(config, group)
    had = {index for luns in each for index, lun in luns.items() if lun.storage_object == key}
    name = "/".join(key)
    if len(had) > 1 or (had and wanted is not None and wanted not in had):
        numbers = ", ".join(map(str, sorted(had)))
        raise Exists(
            f"the group {group.name} has {name} as LUN {numbers}",
            hint=f"group unmap {group.name} {shell_paths.storage_object(*key)}",
        )
    number = wanted if wanted is not None else next(iter(had), None)
    if number is None:
        taken = {index: None for luns in each for index in luns}
        free = (index for index in range(LUN_MAX + 1) if index not in taken and usable(index))
        number = next(free, None)
        if number is None:
            raise LioError(f"all LUNs from 0 to {LUN_MAX} are in use")
    for luns in each:
        other = luns.get(number)
        if other is not None and other.storage_object != key:
            raise Exists(
                f"LUN {number} is {'/'.join(other.storage_object)}",
                hint=f"groups {group.name} shows its LUNs; without a number, a free one is chosen",
            )
    return number


def _seen_by_each(config: Config, group: Group) -> list[Mapping[int, GroupLun]]:
    """Return what each ACL of a group sees; of a group without members, its LUNs."""
    each: list[Mapping[int, GroupLun]] = [
        seen(tpg_at(config, place), acl) for place, acl in _acls(config, group)
    ]
    return each or [group.luns]


def _acls(config: Config, group: Group) -> Iterator[tuple[Place, NodeAcl]]:
    for place in group.places if group.members else ():
        for acl in tpg_at(config, place).acls.values():
            if acl.tag == group.name:
                yield place, acl


def map_lun(config: Config, group: Group, lun: GroupLun) -> Config:
    """Return the configuration in which all members of a group see a LUN.

    Creates the LUNs that TPGs do not have. Raises Exists if all see it so already, NotFound
    without the storage object.
    """
    if has_lun(config, group, lun):
        raise Exists(
            f"{'/'.join(lun.storage_object)} is LUN {lun.index} of the group {group.name} already"
        )
    for place, acl in _acls(config, group):
        tpg, numbers = _exporting(config, place, tpg_at(config, place), [lun])
        mapped = acl.mapped_luns.get(lun.index) or MappedLun(lun.index, numbers[lun.storage_object])
        mapped = replace(mapped, write_protect=lun.write_protect)
        acl = replace(acl, mapped_luns={**acl.mapped_luns, lun.index: mapped})
        config = _with_acl(config, place, tpg, acl)
    return config


def has_lun(config: Config, group: Group, lun: GroupLun) -> bool:
    """Return True if all members of a group see a LUN already."""
    return all(luns.get(lun.index) == lun for luns in _seen_by_each(config, group))


def unmap(config: Config, group: Group, indexes: frozenset[int]) -> Config:
    """Return the configuration in which no member of a group sees some LUNs.

    A LUN of a TPG goes, too, if no ACL has it then, unless initiators without an ACL may log in.
    """
    for place, acl in _acls(config, group):
        left = {index: it for index, it in acl.mapped_luns.items() if index not in indexes}
        config = _with_acl(config, place, tpg_at(config, place), replace(acl, mapped_luns=left))
    keys = {group.luns[index].storage_object for index in indexes}
    for place in group.places if group.members else ():
        tpg = tpg_at(config, place)
        if not admits_all(tpg):
            used = {it.tpg_lun for acl in tpg.acls.values() for it in acl.mapped_luns.values()}
            luns = {
                index: lun
                for index, lun in tpg.luns.items()
                if index in used or lun.storage_object not in keys
            }
            config = _with_tpg(config, place, replace(tpg, luns=luns))
    return config


def admits_all(tpg: Tpg) -> bool:
    """Return True if initiators without an ACL may log in, and see all LUNs."""
    return tpg.attributes.get("generate_node_acls") == "1"
