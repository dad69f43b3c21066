# SPDX-License-Identifier: Apache-2.0
"""group: hosts that see the same storage objects under the same LUN numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase

from rtslib_ext import naming
from rtslib_ext.config import initiator_groups as groups
from rtslib_ext.config import shell_paths
from rtslib_ext.config.initiator_groups import Group, GroupLun, Place
from rtslib_ext.config.model import Config, Key
from rtslib_ext.errors import Exists, InvalidValue, NotFound
from rtslib_ext.fabrics import FABRICS, Fabric
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.fast_dataclasses import replace as changed
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.steps import Step, kept_groups
from rtslib_ext.transaction import apply as applying
from rtslib_ext.transaction.apply import Change

from .. import closest
from ..changes import reused, running
from ..changes.reused import LoggedIn
from ..env import Env
from ..result import Aside, Result
from ..tree import Node
from . import plan
from .acls import name_notes
from .luns import proposal, storage_object_at

# What other programs call the actions.
_SYNONYMS = {"add": "join", "remove": "leave", "destroy": "delete", "show": "", "list": ""}


@dataclass(frozen=True, slots=True)
class _Call:
    """The words of one call, and the state that it finds."""

    env: Env
    node: Node
    have: Config
    groups: Mapping[str, Group]
    name: str
    item: str | None
    lun: int | None
    write_protect: bool | None
    target: str | None
    replaces: bool
    keeps: bool

    @property
    def group(self) -> Group:
        """Return the group; raises NotFound."""
        found = self.groups.get(self.name)
        if found is None:
            near = closest.find(self.name, self.groups)
            raise NotFound(
                f"there is no group {self.name}",
                hint=f"did you mean {near}?" if near else f"group create {self.name}",
            )
        return found

    def required(self, what: str) -> str:
        """Return the third word; raises InvalidValue without one."""
        if self.item is None:
            raise InvalidValue(f"{what} is missing")
        return self.item


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an action leaves: the configuration, and the group if it has no members then."""

    config: Config
    kept: Group | None = None
    notes: tuple[str, ...] = ()


def group(
    env: Env,
    node: Node,
    action: str,
    name: str,
    item: str | None,
    lun: int | None,
    write_protect: bool | None,
    target: str | None,
    replace: bool,
    keep_luns: bool,
    dry_run: bool,
) -> Result:
    """Create, change or delete a group of initiators, as one plan."""
    run = _ACTIONS.get(action)
    if run is None:
        raise _no_action(action)
    have = running.read(env)
    file = kept_groups.file_beside(env.save_file)
    kept = kept_groups.read(env.host, file)
    every = groups.of_config(have, kept)
    words = (item, lun, write_protect, target, replace, keep_luns)
    wanted = run(_Call(env, node, have, every, name, *words))
    planned = applying.prepare(env.fs, wanted.config, have)
    if kept.get(name) != wanted.kept:
        step = kept_groups.keep(file, name, kept.get(name), wanted.kept)
        planned = _with_step(planned, step)
    result = plan.carry_out(env, planned, dry_run=dry_run)
    result.notes += wanted.notes
    return result


def _with_step(planned: Change, step: Step) -> Change:
    steps = (*planned.plan.steps, step)
    return changed(planned, plan=changed(planned.plan, steps=steps))


def _no_action(action: str) -> InvalidValue:
    if action in _SYNONYMS:
        known = _SYNONYMS[action]
        return InvalidValue(
            f"group has no action {action}",
            hint=f"group {known} does that" if known else "groups shows groups",
        )
    return InvalidValue(f"action must be one of: {', '.join(_ACTIONS)}")


# -- members --------------------------------------------------------------------------------


def _create(call: _Call) -> _Wanted:
    naming.check_tag(call.name, call.node.path)
    if call.name in call.groups:
        raise Exists(f"there is a group {call.name} already", hint=f"groups {call.name} shows it")
    new = Group(call.name, places=_matching(call) if call.target else ())
    if call.item is None:
        return _Wanted(call.have, new)
    return _joined(call, new)


def _join(call: _Call) -> _Wanted:
    call.required("the initiator to join")
    return _joined(call, call.group)


def _joined(call: _Call, group: Group) -> _Wanted:
    want, notes = call.have, list[str]()
    for text in _words(call):
        wwn, places = _initiator(call, group, text)
        want = groups.join(want, group, wwn, places, replaces=call.replaces)
        notes += [*name_notes(wwn), *_secret_notes(call.have, want, places, wwn)]
        group = groups.of_config(want, {})[group.name]
    return _Wanted(want, notes=(*notes, *_open_notes(call.have, want)))


def _words(call: _Call) -> list[str]:
    """Return the initiators of the third word: a comma is in no name (RFC 3722)."""
    return list(dict.fromkeys(filter(None, (call.item or "").split(","))))


def _initiator(call: _Call, group: Group, text: str) -> tuple[str, tuple[Place, ...]]:
    """Return the name of a new member, and the TPGs in which it gets an ACL."""
    candidates = _matching(call) if call.target else group.places or _usual(call, text)
    names: dict[Place, str] = {}
    for place in candidates:
        wwn = _name_in(place, text)
        if wwn:
            names[place] = wwn
    if not names:
        kinds = sorted({kind for place in candidates for kind in _fabric(place).wwn_types})
        raise InvalidValue(
            f"{text} is not the name of an initiator of these targets ({' or '.join(kinds)})",
            hint="target=WWN chooses others",
        )
    chosen = _of_adapters(names) or names
    return next(iter(chosen.values())), tuple(chosen)


def _of_adapters(names: Mapping[Place, str]) -> dict[Place, str]:
    """Return the TPGs of adapters such as those of FC, if the initiator has the WWN of one.

    iSCSI accepts such a name as well (RFC 3980), but no initiator has both.
    """
    return {
        place: wwn
        for place, wwn in names.items()
        if _fabric(place).hardware and not wwn.startswith("iqn.")
    }


def _name_in(place: Place, text: str) -> str:
    """Return the name of an initiator as the fabric of a TPG writes it; "" for another kind."""
    try:
        return naming.as_running(_fabric(place).wwn_types, text)
    except InvalidValue:
        return ""


def _fabric(place: Place) -> Fabric:
    return FABRICS[place[0][0]]


def _places(call: _Call) -> list[Place]:
    """Return the TPGs that can have ACLs."""
    return [place for place, _ in groups.tpgs(call.have) if _fabric(place).has("acls")]


def _matching(call: _Call) -> tuple[Place, ...]:
    """Return the TPGs of the targets that a pattern matches; raises NotFound."""
    pattern = (call.target or "").lower()
    found = tuple(place for place in _places(call) if fnmatchcase(place[0][1].lower(), pattern))
    if not found:
        raise NotFound(f"no target with ACLs matches {call.target}")
    return found


def _usual(call: _Call, text: str) -> tuple[Place, ...]:
    """Return where an initiator joins a group that is nowhere yet.

    Where it has an ACL; else in the only TPG for such an initiator. Raises NotFound, InvalidValue.
    """
    fitting = {place: wwn for place in _places(call) if (wwn := _name_in(place, text))}
    fitting = _of_adapters(fitting) or fitting
    tpgs = dict(groups.tpgs(call.have))
    known = tuple(place for place, wwn in fitting.items() if wwn in tpgs[place].acls)
    if known or len(fitting) == 1:
        return known or tuple(fitting)
    if not fitting:
        raise NotFound(
            f"there is no target at which an initiator named {text} could log in",
            hint="those of iSCSI have names such as iqn.1994-05.com.example:host1",
        )
    raise InvalidValue(
        f"{text} has no ACL yet, and there are {len(fitting)} TPGs",
        hint="target=WWN chooses the target, target='*' all of them",
    )


def _leave(call: _Call) -> _Wanted:
    call.required("the initiator to leave")
    want, group, left = call.have, call.group, set[str]()
    for text in _words(call):
        wwn = next((name for place in group.places if (name := _name_in(place, text))), text)
        want = groups.leave(want, group, wwn, keeps=call.keeps)
        left.add(wwn)
    last = left.issuperset(group.members)
    return _Wanted(want, Group(call.name, group.luns, group.places) if last else None)


def _delete(call: _Call) -> _Wanted:
    group, want = call.group, call.have
    if group.members and not call.keeps:
        want = groups.unmap(want, group, frozenset(group.luns))
    for wwn in group.members:
        want = groups.leave(want, group, wwn, keeps=call.keeps)
    return _Wanted(want)


# -- LUNs -----------------------------------------------------------------------------------


def _map(call: _Call) -> _Wanted:
    group, key = call.group, _storage_object(call)
    usable = _unused_before(call, group, key)
    number = groups.choose_number(call.have, group, key, _number(call, key), usable)
    known = group.luns.get(number)
    protected = known.write_protect if known and call.write_protect is None else call.write_protect
    lun = GroupLun(number, key, bool(protected))
    want = groups.map_lun(call.have, group, lun)
    if not group.members:
        luns = dict(sorted({**group.luns, number: lun}.items()))
        return _Wanted(want, Group(group.name, luns, group.places))
    return _Wanted(want, notes=tuple(_open_notes(call.have, want)))


def _number(call: _Call, key: Key) -> int | None:
    """Return the number that was given, or is derived from the name; None: any free one."""
    known = any(lun.storage_object == key for lun in call.group.luns.values())
    if call.lun is not None or known or not call.env.prefs.get("identity_namespace"):
        return call.lun
    # Imported here: only a pair of hosts needs it.
    from ..changes import derived

    found = derived.of(call.env)
    return found.lun(key) if found else None


def _unused_before(call: _Call, group: Group, key: Key) -> Callable[[int], bool]:
    """Return whether no member that is logged in knows a number as another disk."""
    known = LoggedIn(call.env.fs)
    acls = [
        (path, folder)
        for place in (group.places if group.members else ())
        for path in (_path(place),)
        for folder in known.acls_of(path.configfs)
        if folder is not None
    ]
    if not acls:
        return lambda number: True
    numbers, name = reused.Numbers(call.env), "/".join(key)

    def usable(number: int) -> bool:
        return not any(
            numbers.another(path.configfs, _mapped_path(path, folder, number), name)
            for path, folder in acls
        )

    return usable


def _path(place: Place) -> TpgPath:
    (_, wwn), tag = place
    return TpgPath.of(_fabric(place), wwn, tag)


def _mapped_path(path: TpgPath, folder: str, number: int) -> str:
    acl = shell_paths.acl(path.shell, path.fabric.from_folder(folder))
    return shell_paths.mapped_lun(acl, number)


def _unmap(call: _Call) -> _Wanted:
    group, text = call.group, call.required("the storage object or LUN to unmap")
    if text.isascii() and text.isdecimal():
        indexes = {int(text)} & group.luns.keys()
    else:
        key = _storage_object(call)
        indexes = {index for index, lun in group.luns.items() if lun.storage_object == key}
    if not indexes:
        raise NotFound(
            f"the group {group.name} does not have {text}",
            hint=f"groups {group.name} shows its LUNs",
        )
    want = groups.unmap(call.have, group, frozenset(indexes))
    if group.members:
        return _Wanted(want)
    luns = {index: lun for index, lun in group.luns.items() if index not in indexes}
    return _Wanted(want, Group(group.name, luns, group.places))


def _storage_object(call: _Call) -> Key:
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


# -- notes ----------------------------------------------------------------------------------


def _secret_notes(have: Config, want: Config, places: tuple[Place, ...], wwn: str) -> Iterator[str]:
    """Yield a note for each new ACL that needs a secret before its initiator can log in."""
    for place in places:
        before, after = groups.tpg_at(have, place), groups.tpg_at(want, place)
        needs = after.attributes.get("authentication") == "1"
        if wwn not in before.acls and needs:
            path = shell_paths.acl(_path(place).shell, wwn)
            yield Aside(f"Note: {path} needs a secret to log in: {path} set auth userid=NAME")


def _open_notes(have: Config, want: Config) -> Iterator[str]:
    """Yield a note for each new LUN that initiators without an ACL see as well."""
    before = dict(groups.tpgs(have))
    for place, tpg in groups.tpgs(want):
        new = tpg.luns.keys() - before[place].luns.keys()
        if new and groups.admits_all(tpg):
            path = _path(place).shell
            yield Aside(
                f"Note: {path} lets initiators without an ACL in, which see its new LUN, too: "
                f"{path} set attribute generate_node_acls=0"
            )


_ACTIONS: dict[str, Callable[[_Call], _Wanted]] = {
    "create": _create,
    "delete": _delete,
    "join": _join,
    "leave": _leave,
    "map": _map,
    "unmap": _unmap,
}
