# SPDX-License-Identifier: Apache-2.0
"""Recover an interrupted change: roll it back, or finish it.

Both can be interrupted as well: the journal records every step rolled back or done.
"""

from __future__ import annotations

from ..errors import Interrupted
from ..fast_dataclasses import replace
from ..steps import Context, Step
from ..steps.context import Operation
from ..steps.defaults import NoDefaults
from ..steps.observed import is_done
from . import creation
from .executor import Outcome, held_interrupts, perform
from .journal import Creation, Journal, Unfinished


def undo(context: Context, change: Unfinished | Creation) -> list[str]:
    """Roll back everything that was done, and remove the journal.

    Returns the steps that could not be rolled back, as texts; they stay in the journal, with those
    before them. Raises Interrupted; the remaining steps then stay in the journal.
    """
    if isinstance(change, Creation):
        return creation.undo(context, change)
    steps = _to_roll_back(context, change)
    journal = Journal(change.path, change.about)
    journal.resume()
    with held_interrupts() as deliver:
        # Mark the start: from now on the running objects do not show which steps were done.
        journal.undone(len(steps))
        for number in reversed(range(len(steps))):
            left = steps[number].roll_back(context)
            if left:
                journal.close(keep=True)
                return left + [f"earlier steps, to be rolled back after it: {number}"] * bool(
                    number
                )
            journal.undone(number)
            try:
                deliver()
            except KeyboardInterrupt:
                journal.close(keep=True)
                raise Interrupted(
                    f"interrupted with {number} steps left to roll back",
                    hint="recover continues",
                ) from None
        journal.close()
    return []


def _to_roll_back(context: Context, change: Unfinished) -> list[Step]:
    """Return the completed steps in order; the interrupted one cut to its completed operations."""
    if change.undone is not None:
        return list(change.steps[: change.undone])
    number, begun = change.position()
    steps = list(change.steps[:number])
    if begun:
        step = change.steps[number]
        done = _done(context, step.operations[:begun], if_unknown=True)
        steps += [replace(step, operations=done)] if done else []
    return steps


def finish(context: Context, change: Unfinished | Creation) -> Outcome:
    """Perform the remaining steps and remove the journal; on a failure roll back the whole change.

    Raises LioError. A change whose rollback has begun (``change.undone``) cannot be finished.
    """
    if isinstance(change, Creation):
        return creation.finish(context, change)
    # Assume no defaults: the first object of a kind may already have been changed.
    context.defaults = NoDefaults()
    number, begun = change.position()
    done, rest = list(change.steps[:number]), list(change.steps[number:])
    part = _done(context, rest[0].operations[:begun], if_unknown=False) if begun else ()
    if part:
        step = rest[0]
        done.append(replace(step, operations=part))
        # ``undo`` reverses a whole step; it belongs to the completed part.
        undo = None if step.undo is None else ()
        rest[0] = replace(step, operations=step.operations[len(part) :], undo=undo)
    rest = [step for step in rest if step.operations]
    return perform(context, rest, journal=Journal(change.path, change.about), done=done)


def _done(
    context: Context, begun: tuple[Operation, ...], *, if_unknown: bool
) -> tuple[Operation, ...]:
    """Return the completed operations: all but the last, and the last if configfs shows its effect.

    ``if_unknown``: the result if configfs does not show it. The operation can be done or rolled
    back twice.
    """
    done = is_done(context.fs, begun[-1]) if begun else None
    return begun if done or (done is None and if_unknown) else begun[:-1]
