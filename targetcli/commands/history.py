# SPDX-License-Identifier: Apache-2.0
"""undo, redo, revert and history: list the recorded changes and undo them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rtslib_ext.config import shell_paths
from rtslib_ext.errors import InUse, InvalidValue, LioError, NotFound, Unsupported
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.plan import interrupted
from rtslib_ext.plan.builder import Plan
from rtslib_ext.steps import Action, Step, codec, inverse
from rtslib_ext.steps.step import SET

from ..audit import actor
from ..audit import history as records
from ..audit.history import Record
from ..changes import allowed, apply, consent, plans, running
from ..env import Env
from ..report import Done
from ..result import Aside, Result, show
from ..tree import Node
from ..views import history as view
from ..views import plan as view_plan
from ..views.wrap import width_of, wrapped

_ALL_CHANGES = "history lists all changes, revert NUMBER undoes one of them"


_REDONE = ("Redone", "Would redo", "redone")
_UNDONE = ("Undone", "Would undo", "undone")


def undo(env: Env, node: Node, dry_run: bool) -> Result:
    """Undo the last change of this session."""
    dry_run = apply.is_dry_run(env) or dry_run
    notes = _drop_undone(env, env.session.done, _UNDONE)
    if not env.session.done:
        raise InvalidValue(
            "this session has no change to undo", hint="; ".join([*notes, _how_to_revert(env)])
        )
    last = env.session.done[-1]
    env.session.report.undoing = last.command
    result = _undo(env, last, dry_run=dry_run)
    if _is_done(env):
        env.session.done.pop()
    result.notes += (Aside(f"Note: {text}") for text in notes)
    return result


def _is_done(env: Env) -> bool:
    report = env.session.report
    return bool(report.changes or report.owners or report.networks)


def _how_to_revert(env: Env) -> str:
    """Return the command that reverts this user's last change of other sessions, for a hint."""
    record = None if env.session.several else records.last_of(env.history, actor.present())
    if record is None:
        return _ALL_CHANGES
    return f"revert {record.number} undoes your last one: {record.command}"


def redo(env: Env, node: Node, dry_run: bool) -> Result:
    """Redo what the last undo of this session undid; of a single command, the last one at all."""
    dry_run = apply.is_dry_run(env) or dry_run
    if not env.session.several and not env.session.undone:
        return _redo_recorded(env, dry_run)
    notes = _drop_undone(env, env.session.undone, _REDONE)
    if not env.session.undone:
        raise InvalidValue(
            "this session has no undo to redo",
            hint="; ".join([*notes, "a later change ends redo", _ALL_CHANGES]),
        )
    last = env.session.undone[-1]
    env.session.report.redoing = last.command
    result = _undo(env, last, dry_run=dry_run, words=_REDONE)
    if _is_done(env):
        env.session.undone.pop()
    result.notes += (Aside(f"Note: {text}") for text in notes)
    return result


def _redo_recorded(env: Env, dry_run: bool) -> Result:
    """Redo what the last undo or revert of the history undid, if no other change followed."""
    record = records.last_undo(env.history)
    if record is None or record.undoes is None:
        # Raises LioError if the history cannot be read.
        records.read(env.history)
        raise InvalidValue("the last change was not an undo", hint=_ALL_CHANGES)
    _refuse_password(env, record)
    done = replace(_done(record), command=records.find(env.history, record.undoes).command)
    return _undo(env, done, dry_run=dry_run, words=_REDONE)


def _drop_undone(env: Env, changes: list[Done], words: Sequence[str]) -> list[str]:
    """Drop the last changes of this session that others undid; return a text for each.

    Such a change is one that was not confirmed in time, or that another process reverted.
    """
    texts = []
    while changes and (last := changes[-1]).number is not None:
        found = records.undone_by(env.history, last.number)
        if found is None:
            break
        changes.pop()
        texts.append(f"{last.command} was {words[2]} already, by change {found.number}")
    return texts


def revert(env: Env, node: Node, number: int, dry_run: bool) -> Result:
    """Undo one change of the history."""
    dry_run = apply.is_dry_run(env) or dry_run
    record = records.find(env.history, number)
    _refuse_password(env, record)
    by = records.undone_by(env.history, number)
    if by is not None:
        raise InUse(
            f"{record.command}: it was undone already, by change {by.number}",
            hint=f"revert {by.number} redoes it",
        )
    return _undo(env, _done(record), dry_run=dry_run)


def _done(record: Record) -> Done:
    beside = record.owners, record.networks
    return Done(record.command, record.number, record.back, record.irreversible, *beside)


def _refuse_password(env: Env, record: Record) -> None:
    """Raise Unsupported or InUse if a change cannot be undone because a password is not known."""
    path = inverse.missing_password(record.back)
    if path:
        raise Unsupported(
            f"{record.command}: reverting it needs a password, and passwords are not recorded",
            path=path,
            hint=f"history {record.number} shows the change, set the password by hand",
        )
    _check_passwords(env, record)


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


def _undo(env: Env, change: Done, *, dry_run: bool, words: Sequence[str] = _UNDONE) -> Result:
    """Undo one change, all of it or nothing; ``words`` say so: done, planned, refused."""
    command = change.command
    if change.irreversible:
        raise Unsupported(
            f"{command}: this cannot be {words[2]}: {change.irreversible}",
            hint="correct it by hand; revert NUMBER undoes an earlier change",
        )
    steps = inverse.revalidate(env.fs, change.back)
    disturbances = interrupted.of(env.fs, steps)
    plan = Plan(tuple(steps))
    networks = allowed.reverting(env, change.networks, dry_run=dry_run)
    if dry_run:
        with _explained(command, words), networks as others:
            _try(env, steps)
    else:
        consent.require_yes(env, disturbances)
        env.session.report.undoes = change.number
        owners = _owners_of(env, change, steps)
        with _explained(command, words), owners, networks as others:
            apply.apply(env, steps, agreed=True)
        running.undo_record(env, change.number)
    files = dict.fromkeys(inverse.kept_files(change.back))
    lines = [f"{words[1] if dry_run else words[0]}: {command}", *others]
    if plan or not (others or change.owners):
        lines += view_plan.lines(plan, disturbances, done=not dry_run, style=plans.style(env))
    notes = [f"Note: {file} is kept, with its data" for file in files]
    ramdisks = shell_paths.backstore("ramdisk")
    notes += [
        f"Note: {step.path} is empty: the data in memory was lost"
        for step in steps
        if step.action is Action.CREATE and step.path.rpartition("/")[0] == ramdisks
    ]
    facts = {"number": change.number, "command": command, "files": [*files]}
    if env.session.transaction is not None:
        # A dry run has the same data for every command.
        env.session.report.dry_run, facts = True, {}
    return Result(
        lines, notes, data=lambda: {**facts, **view_plan.facts(plan, disturbances)}, shows=True
    )


def _owners_of(env: Env, change: Done, steps: Sequence[Step]) -> AbstractContextManager[None]:
    """Return what restores the owners that a change replaced, around the steps of its undo."""
    if not change.owners:
        return nullcontext()
    # Imported here, as few systems have owners.
    from ..changes import owners

    return owners.undoing(env, change.owners, steps)


@contextmanager
def _explained(command: str, words: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except LioError as err:
        err.prefix(f"{command}: could not be {words[2]}")
        raise


def _try(env: Env, steps: Sequence[Step]) -> None:
    """Raise LioError for what the kernel is known to refuse, such as a deletion while in use."""
    # Imported here: only a dry run needs it.
    from rtslib_ext.staging import stage
    from rtslib_ext.staging.tree import StagedFS

    stage.stage(StagedFS(env.fs), steps)


def history(env: Env, node: Node, number: int | None, last: bool) -> Result:
    """Show the recorded changes at or below a node, or one of all changes in full."""
    if number is not None and last:
        raise InvalidValue("a number and last cannot be combined")
    if number is None and not last:
        found = [item for item in records.read(env.history) if _concerns(node, item)]
        return show(
            view.table(found, width_of(env.stdout)),
            lambda: {"history": [view.facts(item) for item in found]},
        )
    record = records.find(env.history, number) if number is not None else _last(env, node)
    lines = wrapped(view.lines(record), env.stdout)
    return show(lines, lambda: {"history": [view.facts(record, detailed=True)]})


def _last(env: Env, node: Node) -> Record:
    """Return the last change at or below a node; raises NotFound."""
    for record in reversed(records.read(env.history)):
        if _concerns(node, record):
            return record
    raise NotFound("no change is recorded", hint="/ history lists all recorded changes")


def _concerns(node: Node, record: Record) -> bool:
    """Return True if a change was at or below a node; one too large to be listed counts."""
    if node.parent is None or not record.changes:
        return True
    paths = (item["path"] or "" for item in record.changes)
    return any(shell_paths.is_within(path, node.path) for path in paths)
