# SPDX-License-Identifier: Apache-2.0
"""Stage steps in an overlay, and return the steps to perform later."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import KernelRefused
from ..fast_dataclasses import replace
from ..steps import Context, Step
from ..steps.context import Operation
from ..steps.operations import EnsureValue, Write
from ..transaction.executor import Outcome
from .tree import StagedFS


def stage(fs: StagedFS, steps: Iterable[Step]) -> Outcome:
    """Stage steps, all or none; the outcome has the steps to perform later.

    Raises LioError. Writes to an object that is created in the same tree lose their inverse: its
    values before are unknown, and a rollback deletes the object.
    """
    kept, context, outcome = fs.savepoint(), Context(fs, host=fs.host), Outcome()
    try:
        for step in steps:
            _stage(context, step)
            outcome.done.append(_to_perform(fs, step))
    except BaseException:
        fs.rollback_to(kept)
        raise
    outcome.notes = context.notes
    return outcome


def _stage(context: Context, step: Step) -> None:
    try:
        for operation in step.operations:
            operation.do(context)
    except KernelRefused as err:
        # Imported here: only an error needs it.
        from .. import refusals

        err.path = err.path or step.path
        refusals.explain(context.fs, step, err, [])
        raise
    context.notes += ((owner, str(err)) for owner, err in context.missed)
    context.missed.clear()


def _to_perform(fs: StagedFS, step: Step) -> Step:
    operations = tuple(_without_before(fs, item) for item in step.operations)
    undo = step.undo
    if undo is not None:
        undo = tuple(item for item in undo if not _is_value_of_new(fs, item))
    return replace(step, operations=operations, undo=undo)


def _without_before(fs: StagedFS, operation: Operation) -> Operation:
    if isinstance(operation, Write) and _is_value_of_new(fs, operation):
        return replace(operation, before=None)
    return operation


def _is_value_of_new(fs: StagedFS, operation: Operation) -> bool:
    match operation:
        case Write(file=file):
            return fs.is_new(file)
        case EnsureValue(folder=folder):
            return fs.is_new(folder)
    return False
