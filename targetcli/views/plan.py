# SPDX-License-Identifier: Apache-2.0
"""A plan in lines: + create, ~ change, ± recreate, - delete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence

from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.disturbance import Disturbance
from rtslib_ext.steps import Action

RECREATE = "±"
_PLANNED = {"+": "to create", "~": "to change", RECREATE: "to recreate", "-": "to delete"}
_DONE = {"+": "created", "~": "changed", RECREATE: "recreated", "-": "deleted"}


def lines(plan: Plan, disturbances: Sequence[Disturbance] = (), *, done: bool = False) -> list[str]:
    """Return a line for each change, a summary, the disturbances and the notes.

    ``done``: the plan was carried out.
    """
    changes = list(shown(plan))
    notes = [f"Note: {path}: {text}" for path, text in plan.notes]
    lines = [f"{sign} {path}: {text}" for sign, path, text in changes]
    interrupts = [f"interrupts: {item}" for item in disturbances]
    return [*lines, _summary([sign for sign, _, _ in changes], done), *interrupts, *notes]


def _summary(signs: Sequence[str], done: bool) -> str:
    counts = Counter(signs)
    words = _DONE if done else _PLANNED
    listed = ", ".join(f"{counts[sign]} {word}" for sign, word in words.items() if counts[sign])
    if not listed:
        return "Nothing to change" if done else "No differences"
    return f"{'Done' if done else 'Plan'}: {listed}."


def facts(plan: Plan, disturbances: Sequence[Disturbance] = ()) -> dict[str, object]:
    """Return the same as JSON values."""
    names = {"+": "create", "~": "update", RECREATE: "replace", "-": "delete"}
    return {
        "same": not plan,
        "plan": [
            {"action": names[sign], "path": path, "text": text} for sign, path, text in shown(plan)
        ],
        "disturbs": [
            {
                "kind": item.kind,
                "initiator": item.initiator or None,
                "path": item.path,
                "text": item.text,
                "sid": item.sid,
                "addresses": list(item.addresses),
                "by": [{"path": step.path, "text": step.text} for step in item.by],
            }
            for item in disturbances
        ],
        "notes": [{"path": path, "text": text} for path, text in plan.notes],
    }


def shown(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield sign, shell path and text of each line."""
    made = {step.path for step in plan.steps if step.action is Action.CREATE}
    for step in plan.steps:
        why = plan.replaced.get(step.path)
        if _is_part(step.path, plan.replaced):
            continue
        if why is not None:
            if step.action is Action.CREATE:
                yield RECREATE, step.path, f"{step.text}: {why}"
        elif step.action is not Action.UPDATE or not _is_within(step.path, made):
            yield step.action.value, step.path, step.text


def _is_within(path: str, made: Container[str]) -> bool:
    """Return True for a new object and for a part of one, as its default target port group."""
    return path in made or _is_part(path, made)


def _is_part(path: str, objects: Container[str]) -> bool:
    """Return True if an ancestor is in objects; its line covers this one."""
    above = path.rpartition("/")[0]
    while above:
        if above in objects:
            return True
        above = above.rpartition("/")[0]
    return False
