# SPDX-License-Identifier: Apache-2.0
"""group map and unmap: the LUNs of a group of initiators."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial

from rtslib_ext.config import initiator_groups as groups
from rtslib_ext.config import shell_paths
from rtslib_ext.config.initiator_groups import Group, GroupLun
from rtslib_ext.config.model import Config, Key
from rtslib_ext.errors import Exists, InvalidValue, NotFound
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel.paths import TpgPath

from ..changes import reused
from ..changes.reused import LoggedIn
from .group_call import Call, Wanted, open_notes, tpg_path
from .luns import proposal, storage_object_at

_Usable = Callable[[Key, int], bool]
_PATTERN = "*?"
_PARTS = re.compile(r"([0-9]+)")
# No LUN has a longer number; a name may.
_DIGITS = 18


def map_to(call: Call) -> Wanted:
    """Map a storage object, or all that a pattern matches, to the members of a group."""
    keys = _storage_objects(call)
    several = len(keys) > 1
    if several and call.lun is not None:
        raise InvalidValue(
            f"{call.item} matches {len(keys)} storage objects, and lun is the number of one",
            hint="leave out lun: each gets the lowest free number, in the order of their names",
        )
    want, group, usable = call.have, call.group, _unused_before(call, call.group)
    for key in keys:
        lun = _lun(call, want, group, key, usable)
        if several and groups.has_lun(want, group, lun):
            continue
        want = groups.map_lun(want, group, lun)
        group = replace(group, luns=dict(sorted({**group.luns, lun.index: lun}.items())))
    if several and group == call.group:
        raise Exists(f"the group {call.name} has all {len(keys)} storage objects already")
    if not group.members:
        return Wanted(want, Group(group.name, group.luns, group.places))
    return Wanted(want, notes=tuple(open_notes(call.have, want)))


def _lun(call: Call, config: Config, group: Group, key: Key, usable: _Usable) -> GroupLun:
    """Return the LUN under which a group is to see a storage object."""
    wanted = _number(call, group, key)
    number = groups.choose_number(config, group, key, wanted, partial(usable, key))
    known = group.luns.get(number)
    protected = known.write_protect if known and call.write_protect is None else call.write_protect
    return GroupLun(number, key, bool(protected))


def _number(call: Call, group: Group, key: Key) -> int | None:
    """Return the number that was given, or is derived from the name; None: any free one."""
    known = any(lun.storage_object == key for lun in group.luns.values())
    if call.lun is not None or known or not call.env.prefs.get("identity_namespace"):
        return call.lun
    # Imported here: only a pair of hosts needs it.
    from ..changes import derived

    found = derived.of(call.env)
    return found.lun(key) if found else None


def _unused_before(call: Call, group: Group) -> _Usable:
    """Return whether no member that is logged in knows a number as another disk than an object."""
    known = LoggedIn(call.env.fs)
    acls = [
        (path, folder)
        for place in (group.places if group.members else ())
        for path in (tpg_path(place),)
        for folder in known.acls_of(path.configfs)
        if folder is not None
    ]
    if not acls:
        return lambda key, number: True
    numbers = reused.Numbers(call.env)

    def usable(key: Key, number: int) -> bool:
        return not any(
            numbers.another(path.configfs, _mapped_path(path, folder, number), "/".join(key))
            for path, folder in acls
        )

    return usable


def _mapped_path(path: TpgPath, folder: str, number: int) -> str:
    acl = shell_paths.acl(path.shell, path.fabric.from_folder(folder))
    return shell_paths.mapped_lun(acl, number)


def unmap(call: Call) -> Wanted:
    """Take LUNs from a group: a number, a storage object, or all that a pattern matches."""
    group, text = call.group, call.required("the storage object or LUN to unmap")
    if text.isascii() and text.isdecimal():
        indexes = {int(text)} & group.luns.keys()
    else:
        keys = {*_storage_objects(call)}
        indexes = {index for index, lun in group.luns.items() if lun.storage_object in keys}
    if not indexes:
        raise NotFound(
            f"the group {group.name} does not have {text}",
            hint=f"groups {group.name} shows its LUNs",
        )
    want = groups.unmap(call.have, group, frozenset(indexes))
    if group.members:
        return Wanted(want)
    luns = {index: lun for index, lun in group.luns.items() if index not in indexes}
    return Wanted(want, Group(group.name, luns, group.places))


def _storage_objects(call: Call) -> list[Key]:
    """Return the storage objects of the third word, which may be a pattern; raises NotFound.

    A pattern is of names, of PLUGIN/NAME, or of shell paths. They are sorted by name, numbers in
    it by their value.
    """
    text = call.required("the storage object")
    if not {*text} & {*_PATTERN}:
        return [_storage_object(call)]
    # Of names alone, so that r* is not every object of the plugin ramdisk.
    keys = [key for key in call.have.storage_objects if fnmatchcase(_named_as(key, text), text)]
    if not keys:
        raise NotFound(f"no storage object matches {text}", hint="/backstores ls lists them")
    return sorted(keys, key=lambda key: (_by_number(key[1]), key))


def _named_as(key: Key, text: str) -> str:
    """Return the name, PLUGIN/NAME or shell path of a storage object: the form of a text."""
    if "/" not in text:
        return key[1]
    return shell_paths.storage_object(*key) if text.startswith("/") else "/".join(key)


def _by_number(name: str) -> list[tuple[int, str]]:
    """Return the parts of a name for sorting: disk2 before disk10."""
    return [
        (int(part[:_DIGITS] or 0) if part.isdecimal() else 0, part) for part in _PARTS.split(name)
    ]


def _storage_object(call: Call) -> Key:
    """Return the storage object of the third word: its shell path, or a name that only it has."""
    text = call.required("the storage object")
    found = storage_object_at(call.node, text)
    if found is not None:
        return (found.plugin, found.name)
    keys = [key for key in call.have.storage_objects if text in (key[1], "/".join(key))]
    if len(keys) == 1:
        return keys[0]
    listed = ", ".join(shell_paths.storage_object(*key) for key in keys)
    if keys:
        raise InvalidValue(f"several storage objects have the name {text}", hint=f"give {listed}")
    raise NotFound(
        f"there is no storage object {text}",
        hint=proposal(call.node, text) or "create it first, /backstores ls lists them",
    )
