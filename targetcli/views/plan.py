# SPDX-License-Identifier: Apache-2.0
"""A plan as people read it: + made, ~ changed, ± taken away and made again, - taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator

from rtslib_ext.plan import Plan
from rtslib_ext.steps import Action

AGAIN = "±"
_WORDS = {"+": "to make", "~": "to change", AGAIN: "to replace", "-": "to take away"}


def lines(plan: Plan) -> list[str]:
    """A line for each change, then how many there are of each kind, then notes."""
    shown = list(_shown(plan))
    counts = Counter(sign for sign, _ in shown)
    summary = ", ".join(f"{counts[sign]} {word}" for sign, word in _WORDS.items() if counts[sign])
    notes = [f"Note: {path}: {text}" for path, text in plan.notes]
    return [*(f"{sign} {text}" for sign, text in shown), summary or "No differences", *notes]


def changes(plan: Plan) -> list[dict[str, str]]:
    """The same as plain values."""
    names = {"+": "create", "~": "update", AGAIN: "replace", "-": "delete"}
    return [
        {"action": names[sign], "path": text.partition(": ")[0], "text": text.partition(": ")[2]}
        for sign, text in _shown(plan)
    ]


def _shown(plan: Plan) -> Iterator[tuple[str, str]]:
    made = {step.path for step in plan.steps if step.action is Action.CREATE}
    for step in plan.steps:
        why = plan.replaced.get(step.path)
        if _is_part(step.path, plan.replaced):
            continue
        if why is not None:
            if step.action is Action.CREATE:
                yield AGAIN, f"{step.path}: {step.text}: {why}"
        elif step.action is not Action.UPDATE or step.path not in made:
            yield step.action.value, f"{step.path}: {step.text}"


def _is_part(path: str, replaced: Container[str]) -> bool:
    """Whether an object that contains this one is replaced: that says it."""
    above = path.rpartition("/")[0]
    while above:
        if above in replaced:
            return True
        above = above.rpartition("/")[0]
    return False
