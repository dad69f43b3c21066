# SPDX-License-Identifier: Apache-2.0
"""group: hosts that see the same storage objects under the same LUN numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase

from rtslib_ext import naming
from rtslib_ext.config import initiator_groups as groups
from rtslib_ext.config import shell_paths
from rtslib_ext.config.initiator_groups import Group, Place
from rtslib_ext.config.model import Config
from rtslib_ext.errors import Exists, InvalidValue, NotFound
from rtslib_ext.fast_dataclasses import replace as changed
from rtslib_ext.steps import Step, kept_groups
from rtslib_ext.transaction import apply as applying
from rtslib_ext.transaction.apply import Change

from ..changes import running
from ..env import Env
from ..result import Aside, Result
from ..tree import Node
from . import group_luns, plan
from .acls import name_notes
from .group_call import Call, Wanted, fabric_of, open_notes, tpg_path

# What other programs call the actions.
_SYNONYMS = {"add": "join", "remove": "leave", "destroy": "delete", "show": "", "list": ""}


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
    wanted = run(Call(env, node, have, every, name, *words))
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


def _create(call: Call) -> Wanted:
    naming.check_tag(call.name, call.node.path)
    if call.name in call.groups:
        raise Exists(f"there is a group {call.name} already", hint=f"groups {call.name} shows it")
    new = Group(call.name, places=_matching(call) if call.target else ())
    if call.item is None:
        return Wanted(call.have, new)
    return _joined(call, new)


def _join(call: Call) -> Wanted:
    call.required("the initiator to join")
    return _joined(call, call.group)


def _joined(call: Call, group: Group) -> Wanted:
    want, notes = call.have, list[str]()
    for text in _words(call):
        wwn, places = _initiator(call, group, text)
        want = groups.join(want, group, wwn, places, replaces=call.replaces)
        notes += [*name_notes(wwn), *_secret_notes(call.have, want, places, wwn)]
        group = groups.of_config(want, {})[group.name]
    return Wanted(want, notes=(*notes, *open_notes(call.have, want)))


def _words(call: Call) -> list[str]:
    """Return the initiators of the third word: a comma is in no name (RFC 3722)."""
    return list(dict.fromkeys(filter(None, (call.item or "").split(","))))


def _initiator(call: Call, group: Group, text: str) -> tuple[str, tuple[Place, ...]]:
    """Return the name of a new member, and the TPGs in which it gets an ACL."""
    candidates = _matching(call) if call.target else group.places or _usual(call, text)
    names: dict[Place, str] = {}
    for place in candidates:
        wwn = _name_in(place, text)
        if wwn:
            names[place] = wwn
    if not names:
        kinds = sorted({kind for place in candidates for kind in fabric_of(place).wwn_types})
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
        if fabric_of(place).hardware and not wwn.startswith("iqn.")
    }


def _name_in(place: Place, text: str) -> str:
    """Return the name of an initiator as the fabric of a TPG writes it; "" for another kind."""
    try:
        return naming.as_running(fabric_of(place).wwn_types, text)
    except InvalidValue:
        return ""


def _places(call: Call) -> list[Place]:
    """Return the TPGs that can have ACLs."""
    return [place for place, _ in groups.tpgs(call.have) if fabric_of(place).has("acls")]


def _matching(call: Call) -> tuple[Place, ...]:
    """Return the TPGs of the targets that a pattern matches; raises NotFound."""
    pattern = (call.target or "").lower()
    found = tuple(place for place in _places(call) if fnmatchcase(place[0][1].lower(), pattern))
    if not found:
        raise NotFound(f"no target with ACLs matches {call.target}")
    return found


def _usual(call: Call, text: str) -> tuple[Place, ...]:
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


def _leave(call: Call) -> Wanted:
    call.required("the initiator to leave")
    want, group, left = call.have, call.group, set[str]()
    for text in _words(call):
        wwn = next((name for place in group.places if (name := _name_in(place, text))), text)
        want = groups.leave(want, group, wwn, keeps=call.keeps)
        left.add(wwn)
    last = left.issuperset(group.members)
    return Wanted(want, Group(call.name, group.luns, group.places) if last else None)


def _delete(call: Call) -> Wanted:
    group, want = call.group, call.have
    if group.members and not call.keeps:
        want = groups.unmap(want, group, frozenset(group.luns))
    for wwn in group.members:
        want = groups.leave(want, group, wwn, keeps=call.keeps)
    return Wanted(want)


# -- notes ----------------------------------------------------------------------------------


def _secret_notes(have: Config, want: Config, places: tuple[Place, ...], wwn: str) -> Iterator[str]:
    """Yield a note for each new ACL that needs a secret before its initiator can log in."""
    for place in places:
        before, after = groups.tpg_at(have, place), groups.tpg_at(want, place)
        needs = after.attributes.get("authentication") == "1"
        if wwn not in before.acls and needs:
            path = shell_paths.acl(tpg_path(place).shell, wwn)
            yield Aside(f"Note: {path} needs a secret to log in: {path} set auth userid=NAME")


_ACTIONS: dict[str, Callable[[Call], Wanted]] = {
    "create": _create,
    "delete": _delete,
    "join": _join,
    "leave": _leave,
    "map": group_luns.map_to,
    "unmap": group_luns.unmap,
}
