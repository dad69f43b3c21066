# SPDX-License-Identifier: Apache-2.0
"""A plan as people read it: + made, ~ changed, ± taken away and made again, - taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence

from rtslib_ext.plan import Plan
from rtslib_ext.plan.disturbance import Disturbance
from rtslib_ext.steps import Action

AGAIN = "±"
_WORDS = {"+": "to make", "~": "to change", AGAIN: "to replace", "-": "to take away"}


def lines(plan: Plan, found: Sequence[Disturbance] = ()) -> list[str]:
    """A line for each change, how many there are of each kind, whom they disturb, notes."""
    changes = list(shown(plan))
    counts = Counter(sign for sign, _, _ in changes)
    summary = ", ".join(f"{counts[sign]} {word}" for sign, word in _WORDS.items() if counts[sign])
    notes = [f"Note: {path}: {text}" for path, text in plan.notes]
    lines = [f"{sign} {path}: {text}" for sign, path, text in changes]
    disturbs = [f"disturbs: {item}" for item in found]
    return [*lines, summary or "No differences", *disturbs, *notes]


def facts(plan: Plan, found: Sequence[Disturbance] = ()) -> dict[str, object]:
    """The same as plain values."""
    names = {"+": "create", "~": "update", AGAIN: "replace", "-": "delete"}
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
            for item in found
        ],
        "notes": [{"path": path, "text": text} for path, text in plan.notes],
    }


def shown(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Sign, shell path and text of each line."""
    made = {step.path for step in plan.steps if step.action is Action.CREATE}
    for step in plan.steps:
        why = plan.replaced.get(step.path)
        if _is_part(step.path, plan.replaced):
            continue
        if why is not None:
            if step.action is Action.CREATE:
                yield AGAIN, step.path, f"{step.text}: {why}"
        elif step.action is not Action.UPDATE or not _is_within(step.path, made):
            yield step.action.value, step.path, step.text


def _is_within(path: str, made: Container[str]) -> bool:
    """Whether it is a new object, or what comes with one: its default target port group."""
    return path in made or _is_part(path, made)


def _is_part(path: str, objects: Container[str]) -> bool:
    """Whether one of these objects contains this one: what is said of that says it."""
    above = path.rpartition("/")[0]
    while above:
        if above in objects:
            return True
        above = above.rpartition("/")[0]
    return False
