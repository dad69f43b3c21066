# SPDX-License-Identifier: Apache-2.0
"""undo, history and revert: list the recorded changes and undo them."""

from __future__ import annotations

from collections.abc import Sequence

from rtslib_ext.config import shell_paths
from rtslib_ext.errors import InUse, InvalidValue, LioError, Unsupported
from rtslib_ext.plan import disturbance
from rtslib_ext.plan.builder import Plan
from rtslib_ext.steps import Action, Step, codec, inverse
from rtslib_ext.steps.step import SET

from ..audit import history as records
from ..audit.history import Record
from ..changes import apply, consent, plans
from ..env import Env
from ..result import Aside, Result, show
from ..tree import Node
from ..views import history as view
from ..views import plan as view_plan

_ALL_CHANGES = "history lists all changes, revert NUMBER undoes one of them"


def undo(env: Env, node: Node) -> Result:
    """Undo the last change of this session."""
    if apply.only_shown(env, "undo the last change of this session"):
        return Result()
    notes = _drop_undone(env)
    if not env.session.done:
        raise InvalidValue(
            "this session has no change to undo",
            hint="; ".join([*notes, _ALL_CHANGES]),
        )
    last = env.session.done[-1]
    env.session.report.undoing = True
    result = _undo(env, last.command, last.number, last.back, last.irreversible)
    if env.session.report.changes:
        env.session.done.pop()
    result.notes += (Aside(f"Note: {text}") for text in notes)
    return result


def _drop_undone(env: Env) -> list[str]:
    """Drop the last changes of this session that others undid; return a text for each.

    Such a change is one that was not confirmed in time, or that another process reverted.
    """
    texts = []
    while env.session.done and (last := env.session.done[-1]).number is not None:
        found = records.undone_by(env.history, last.number)
        if found is None:
            break
        env.session.done.pop()
        texts.append(f"{last.command} was undone already, by change {found.number}")
    return texts


def revert(env: Env, node: Node, number: int, dry_run: bool) -> Result:
    """Undo one change of the history."""
    if apply.only_shown(env, f"revert change {number}"):
        return Result()
    record = records.find(env.history, number)
    path = inverse.missing_password(record.back)
    if path:
        raise Unsupported(
            f"{record.command}: reverting it needs a password, and passwords are not recorded",
            path=path,
            hint=f"history {number} shows the change, set the password by hand",
        )
    _check_passwords(env, record)
    return _undo(env, record.command, number, record.back, record.irreversible, dry_run=dry_run)


def _check_passwords(env: Env, record: Record) -> None:
    """Raise InUse if a password was changed again later.

    Its value is not recorded, so it cannot be compared with the kernel's.
    """
    names = {(step.path, step.subject) for step in inverse.of_passwords(record.back)}
    for later in records.read(env.history) if names else ():
        if later.number <= record.number:
            continue
        for item in later.changes:
            verb, subject, _, _ = codec.parts(item)
            if verb == SET and (item["path"], subject) in names:
                raise InUse(
                    f"its password was changed later, by change {later.number}",
                    path=item["path"] or "",
                    hint="set it by hand",
                )


def _undo(
    env: Env,
    command: str,
    number: int | None,
    back: Sequence[Step],
    irreversible: str,
    *,
    dry_run: bool = False,
) -> Result:
    """Undo one change, all of it or nothing."""
    if irreversible:
        raise Unsupported(
            f"{command}: this cannot be undone: {irreversible}",
            hint="correct it by hand; revert NUMBER undoes an earlier change",
        )
    steps = inverse.revalidate(env.fs, back)
    disturbances = disturbance.of(env.fs, steps)
    plan = Plan(tuple(steps))
    if not dry_run:
        consent.require_yes(env, disturbances)
        env.session.report.undoes = number
        try:
            apply.apply(env, steps, agreed=True)
        except LioError as err:
            err.prefix(f"{command}: could not be undone")
            raise
    files = dict.fromkeys(inverse.kept_files(back))
    lines = [
        f"{'Would undo' if dry_run else 'Undone'}: {command}",
        *view_plan.lines(plan, disturbances, done=not dry_run, style=plans.style(env)),
    ]
    notes = [f"Note: {file} is kept, with its data" for file in files]
    ramdisks = shell_paths.backstore("ramdisk")
    notes += [
        f"Note: {step.path} is empty: the data in memory was lost"
        for step in steps
        if step.action is Action.CREATE and step.path.rpartition("/")[0] == ramdisks
    ]
    facts = {"number": number, "command": command, "files": [*files]}
    return Result(
        lines, notes, data=lambda: {**facts, **view_plan.facts(plan, disturbances)}, shows=True
    )


def history(env: Env, node: Node, number: int | None) -> Result:
    """Show the recorded changes, or one of them in full."""
    if number is None:
        found = records.read(env.history)
        return show(view.table(found), lambda: {"history": [view.facts(item) for item in found]})
    record = records.find(env.history, number)
    return show(view.lines(record), lambda: {"history": [view.facts(record, detailed=True)]})
