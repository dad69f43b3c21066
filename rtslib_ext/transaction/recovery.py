# SPDX-License-Identifier: Apache-2.0
"""Ends a change that was cut off: takes it back, or finishes it.

Either can be cut off itself: the journal notes what was taken back, and what was done.
"""

from __future__ import annotations

from ..errors import Interrupted
from ..fast_dataclasses import replace
from ..steps import Context, Step
from ..steps.context import Operation
from ..steps.defaults import NoDefaults
from ..steps.observed import is_done
from .executor import Outcome, held_interrupts, perform
from .journal import Journal, Unfinished


def undo(context: Context, found: Unfinished) -> list[str]:
    """Take everything back that was done, in its order; then the journal is gone.

    What could not be taken back is returned: with what was done before it, it stays in the
    journal. Raises Interrupted, and then the rest stays there.
    """
    steps = _to_take_back(context, found)
    journal = Journal(found.path, found.about)
    journal.go_on()
    with held_interrupts() as let_through:
        # What there is tells no more what was done, once taking it back has begun.
        journal.undone(len(steps))
        for number in reversed(range(len(steps))):
            left = steps[number].roll_back(context)
            if left:
                journal.close(keep=True)
                return left + [f"steps before that, which wait for it: {number}"] * bool(number)
            journal.undone(number)
            try:
                let_through()
            except KeyboardInterrupt:
                journal.close(keep=True)
                raise Interrupted(
                    f"interrupted with {number} steps left to be taken back",
                    hint="recover goes on",
                ) from None
        journal.close()
    return []


def _to_take_back(context: Context, found: Unfinished) -> list[Step]:
    """What was done, in its order; of the step that was under way, the part that was done."""
    if found.undone is not None:
        return list(found.steps[: found.undone])
    number, begun = found.position()
    steps = list(found.steps[:number])
    if begun:
        step = found.steps[number]
        done = _done(context, step.operations[:begun], unsure=True)
        steps += [replace(step, operations=done)] if done else []
    return steps


def finish(context: Context, found: Unfinished) -> Outcome:
    """Do the rest; then the journal is gone. Where that fails, all of the change is taken back.

    Raises LioError. A change whose taking back had begun cannot be finished: ``found.undone``
    tells.
    """
    # The first object of a kind may be one that has been given its values by now.
    context.defaults = NoDefaults()
    number, begun = found.position()
    done, rest = list(found.steps[:number]), list(found.steps[number:])
    part = _done(context, rest[0].operations[:begun], unsure=False) if begun else ()
    if part:
        step = rest[0]
        done.append(replace(step, operations=part))
        # What takes the whole step back is for the part that was done before.
        undo = None if step.undo is None else ()
        rest[0] = replace(step, operations=step.operations[len(part) :], undo=undo)
    rest = [step for step in rest if step.operations]
    return perform(context, rest, journal=Journal(found.path, found.about), done=done)


def _done(context: Context, begun: tuple[Operation, ...], *, unsure: bool) -> tuple[Operation, ...]:
    """The operations that were done: all but the last for sure, and that one if it shows.

    ``unsure`` is what counts where it does not show. It can be done, and taken back, twice.
    """
    found = is_done(context.fs, begun[-1]) if begun else None
    return begun if found or (found is None and unsure) else begun[:-1]
