# SPDX-License-Identifier: Apache-2.0
"""The changes of a plan that an admin asked for, without the steps that only lead to them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from rtslib_ext.config import wording
from rtslib_ext.fast_dataclasses import dataclass, field, replace
from rtslib_ext.plan.builder import Plan
from rtslib_ext.steps import Action, Step
from rtslib_ext.steps.step import SET

RECREATE = "±"
SECRET = "***"
"""A masked value."""
_SWITCHES = ("enable", "disable")
_SHARED = ("load", "release")
_AUTHENTICATION, _METHOD = "authentication", "AuthMethod"
# The directory of an object -> its kind.
_KINDS = {"luns": "LUN", "acls": "ACL", "portals": "portal", "alua": "target port group"}


@dataclass(slots=True)
class Change:
    """One change: ``why`` an object is recreated, ``parts`` the kinds of parts deleted with it."""

    sign: str
    step: Step
    why: str = ""
    parts: list[str] = field(default_factory=list)


def of_plan(plan: Plan) -> list[Change]:
    """Return one change for each object, and one for each value of an object that stays.

    Left out are: parts of a recreated object, settings of a new one, parts of a deleted one
    (they are counted with it), values that are the same in the end, and loaded modules. If
    nothing else is left, every step is a change.
    """
    steps = [step for step in plan.steps if not is_part(step.path, plan.replaced)]
    deleted = {step.path: Change("-", step) for step in steps if step.action is Action.DELETE}
    made = {step.path for step in steps if step.action is Action.CREATE}
    found: dict[object, Change] = {}
    for step in steps:
        if step.action is Action.DELETE:
            _delete(step, plan, deleted, found)
        elif step.action is Action.CREATE:
            why = plan.replaced.get(step.path)
            sign = step.action.value if why is None else RECREATE
            found.setdefault(("+", step.path), Change(sign, step, why or ""))
        elif not _is_led_by(step, plan, made, deleted):
            _update(step, found)
    followed = {step.path for step in steps if step.subject == _AUTHENTICATION}
    changes = [
        item
        for item in found.values()
        if not (_is_same(item.step) or (item.step.path in followed and _follows(item.step)))
    ]
    return changes or [*every_step(plan)]


def every_step(plan: Plan) -> Iterator[Change]:
    """Yield each step, with the reason where it recreates an object."""
    for step in plan.steps:
        why = plan.replaced.get(step.path, "") if step.action is Action.CREATE else ""
        yield Change(step.action.value, step, why)


def _delete(
    step: Step, plan: Plan, deleted: dict[str, Change], found: dict[object, Change]
) -> None:
    if step.path in plan.replaced:
        return
    above = step.path
    while above := above.rpartition("/")[0]:
        if above in deleted and above not in plan.replaced:
            deleted[above].parts += [_kind(step.path), *deleted[step.path].parts]
            return
    change = deleted[step.path]
    change.step = step
    found[("-", step.path)] = change


def _kind(path: str) -> str:
    folder, name = path.split("/")[-2:]
    if name.startswith("mapped_lun"):
        return "mapped LUN"
    return _KINDS.get(folder, "TPG")


def _is_led_by(step: Step, plan: Plan, made: Container[str], deleted: Container[str]) -> bool:
    """Return True for an update that only follows from another change."""
    if step.path in made or is_part(step.path, made) or step.path in plan.replaced:
        return True
    is_state = step.verb == SET or step.verb in _SWITCHES
    return is_state and (step.path in deleted or is_part(step.path, deleted))


def _update(step: Step, found: dict[object, Change]) -> None:
    """Add an update; a second one of the same value is joined with the first."""
    if step.verb == SET:
        key: object = ("set", step.path, step.subject)
    elif step.verb in _SWITCHES:
        key = ("enable", step.path)
    else:
        key = len(found)
    first = found.get(key)
    if first is None:
        found[key] = Change(step.action.value, step)
    elif step.verb == SET:
        first.step = replace(step, before=first.step.before)
    elif first.step.verb != step.verb:
        # Off and on again: no change at the end.
        del found[key]


def _is_same(step: Step) -> bool:
    """Return True for a step without a change at the end; two secrets look the same."""
    if step.verb in _SHARED:
        return True
    return step.before is not None and step.before == step.value != SECRET


def _follows(step: Step) -> bool:
    """Return True for the change of AuthMethod that the kernel makes with authentication.

    iscsi_target_tpg.c, iscsit_ta_authentication adds or removes None.
    """
    if step.subject != _METHOD or step.before is None or step.value is None:
        return False
    return set(step.before.split(",")) ^ set(step.value.split(",")) == {"None"}


def is_part(path: str, objects: Container[str]) -> bool:
    """Return True if an ancestor is in objects; its line covers this one."""
    above = path.rpartition("/")[0]
    while above:
        if above in objects:
            return True
        above = above.rpartition("/")[0]
    return False


def counted(parts: Sequence[str]) -> str:
    """Return kinds in words: ``1 TPG, 2 LUNs``."""
    numbers = {kind: parts.count(kind) for kind in dict.fromkeys(parts)}
    return ", ".join(wording.counted(number, kind) for kind, number in numbers.items())
