# SPDX-License-Identifier: Apache-2.0
"""A plan in lines: + create, ~ change, ± recreate, - delete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence

from rtslib_ext.config import scalars
from rtslib_ext.config.printable import printable
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.disturbance import Disturbance
from rtslib_ext.steps import Action, Step
from rtslib_ext.steps.step import SET

from . import changes, notes, paint, setting_names, typed
from .changes import RECREATE, SECRET, Change
from .wrap import wrap

_SUMMARY = {"+": "to create", "~": "to change", RECREATE: "to recreate", "-": "to delete"}
_DONE_SUMMARY = {"+": "created", "~": "changed", RECREATE: "recreated", "-": "deleted"}
_COLORS = {"+": "green", "~": "yellow", RECREATE: "yellow", "-": "red"}
_PAST = {
    "grow": "grew",
    "map": "mapped",
    "remap": "remapped",
    "set": "set",
    "undo": "undid",
    "unmap": "unmapped",
    "redo": "redid",
    "listen on": "listens on",
    "stop listening on": "stopped listening on",
}
_AGAIN = {"create": "recreate", "map": "remap"}


@dataclass(frozen=True, slots=True)
class Style:
    """How plans are shown: ``width`` is that of a terminal to wrap lines at, or None."""

    colors: bool = False
    default: str | None = None
    verbose: bool = False
    width: int | None = None


PLAIN = Style()


def lines(
    plan: Plan,
    disturbances: Sequence[Disturbance] = (),
    *,
    done: bool = False,
    style: Style = PLAIN,
) -> list[str]:
    """Return the interruptions, a line for each change, a summary and the notes.

    ``done``: the plan was carried out.
    """
    listed = changes.of_plan(plan)
    result = [
        _line("interrupted:", item.past or item.text, "red", style)
        if done
        else _line("interrupts:", str(item), "red", style)
        for item in disturbances
    ]
    for item in changes.every_step(plan) if style.verbose else listed:
        text = f"{item.step.path}: {_text(item, done)}"
        result.append(_line(item.sign, text, _COLORS[item.sign], style))
    result.append(_summary([item.sign for item in listed], done))
    about = notes.lines(plan.notes) if plan.notes else []
    result += (_line("Note:", line, None, style) for line in about)
    return [line for text in result for line in text.split("\n")]


def entries(plan: Plan) -> list[str]:
    """Return a line for each change that is to be made."""
    return [
        f"{item.sign} {item.step.path}: {_text(item, done=False)}" for item in changes.of_plan(plan)
    ]


def _line(mark: str, text: str, color: str | None, style: Style) -> str:
    """Return one line; at a terminal its mark is in colour, and it is wrapped with an indent."""
    line = wrap(f"{mark} {printable(text)}", style.width)
    if color is None:
        return line
    painted = paint(mark, color, ("bold",), colors=style.colors, default=style.default)
    return painted + line[len(mark) :]


def _summary(signs: Sequence[str], done: bool) -> str:
    counts = Counter(signs)
    words = _DONE_SUMMARY if done else _SUMMARY
    listed = ", ".join(f"{counts[sign]} {word}" for sign, word in words.items() if counts[sign])
    if not listed:
        return "Nothing to change" if done else "No differences"
    return f"{'Done' if done else 'Plan'}: {listed}."


def _text(change: Change, done: bool) -> str:
    step = change.step
    name = setting_names.of_step(step)
    if name is not None:
        return f"{_verb(SET, done)} {_setting(name, step)}"
    verb = _AGAIN.get(step.verb, step.verb) if change.sign == RECREATE else step.verb
    text = f"{_verb(verb, done)} {step.subject}".rstrip()
    if change.parts:
        text += f", with {changes.counted(change.parts)}"
    return f"{text}: {change.why}" if change.why else text


def _verb(verb: str, done: bool) -> str:
    """Return a verb as something that would be done, or that was done."""
    if not done:
        return f"would {verb}"
    return _PAST.get(verb) or (f"{verb}d" if verb.endswith("e") else f"{verb}ed")


def _setting(name: str, step: Step) -> str:
    before, after = (_value(name, value) for value in (step.before, step.value))
    if step.before is None:
        return f"{name}: {after}"
    changed = " (another one)" if before == after == SECRET else ""
    return f"{name}: {before} -> {after}{changed}"


def _value(name: str, value: str | None) -> str:
    if not value:
        return "not set"
    if name == "size" and value.isdecimal():
        return scalars.size(int(value))
    return "; ".join(map(str.strip, value.splitlines()))


def facts(plan: Plan, disturbances: Sequence[Disturbance] = ()) -> dict[str, object]:
    """Return the same as JSON values, with the steps that the lines leave out."""
    names = {"+": "create", "~": "update", RECREATE: "replace", "-": "delete"}
    return {
        "same": not plan,
        "plan": [
            {"action": names[sign], "path": step.path, "text": text, **setting(step)}
            for sign, step, text in _entries(plan)
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


def setting(step: Step) -> dict[str, object]:
    """Return the name of the setting that a step changes, and its values; None without one."""
    name = setting_names.of_step(step)
    if name is None:
        return {"setting": None, "before": None, "after": None}
    before, after = (typed.value(name, text) for text in (step.before, step.value))
    return {"setting": name, "before": before, "after": after}


def _entries(plan: Plan) -> Iterator[tuple[str, Step, str]]:
    """Yield sign, step and text of each entry for JSON."""
    made = {step.path for step in plan.steps if step.action is Action.CREATE}
    for step in plan.steps:
        why = plan.replaced.get(step.path)
        if changes.is_part(step.path, plan.replaced):
            continue
        if why is not None:
            if step.action is Action.CREATE:
                yield RECREATE, step, f"{step.text}: {why}"
        elif step.action is not Action.UPDATE or not _is_within(step.path, made):
            yield step.action.value, step, step.text


def _is_within(path: str, made: Container[str]) -> bool:
    """Return True for a new object and for a part of one, as its default target port group."""
    return path in made or changes.is_part(path, made)


def number(plan: Plan) -> int:
    """Return the number of changes that the lines show."""
    return len(changes.of_plan(plan))
