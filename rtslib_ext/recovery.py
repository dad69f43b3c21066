# SPDX-License-Identifier: Apache-2.0
"""Ends a change that was cut off: takes it back, or finishes it."""

from __future__ import annotations

from collections.abc import Sequence

from .executor import Outcome, perform
from .journal import Unfinished
from .records import replace
from .steps import Kernel, Step
from .steps.fresh import Unsure
from .steps.operations import Operation
from .steps.shown import shows


def undo(kernel: Kernel, found: Unfinished) -> list[str]:
    """Take everything back that was done; what could not be taken back is returned."""
    number, begun = found.position()
    left = []
    if begun and found.undone is None:
        step = found.steps[number]
        done = _done(kernel, step.operations[:begun], unsure=True)
        left += step.take_back(kernel, done) if done else []
    for step in reversed(found.steps[: number if found.undone is None else found.undone]):
        left += step.take_back(kernel)
    return left


def finish(kernel: Kernel, found: Unfinished) -> Outcome:
    """Do the rest; raises LioError when that fails, and then all that this did is undone.

    A change whose taking back had begun cannot be finished: ``found.undone`` tells.
    """
    # The first object of a kind may be one that has been given its values by now.
    kernel.fresh = Unsure()
    number, begun = found.position()
    rest: list[Step] = list(found.steps[number:])
    if begun:
        step = rest[0]
        done = _done(kernel, step.operations[:begun], unsure=False)
        rest[0] = replace(step, operations=step.operations[len(done) :])
    return perform(kernel, [step for step in rest if step.operations])


def _done(kernel: Kernel, begun: Sequence[Operation], *, unsure: bool) -> list[Operation]:
    """The operations that were done: all but the last for sure, and that one if it shows.

    ``unsure`` is what counts where it does not show. It can be done, and taken back, twice.
    """
    found = shows(kernel.fs, begun[-1]) if begun else None
    return list(begun if found or (found is None and unsure) else begun[:-1])
