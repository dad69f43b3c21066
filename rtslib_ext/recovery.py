# SPDX-License-Identifier: Apache-2.0
"""Ends a change that was cut off: takes it back, or finishes it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .executor import Outcome, perform
from .journal import Unfinished
from .records import replace
from .steps import Kernel, Step
from .steps.host_files import MakeFile
from .steps.operations import (
    Discard,
    Link,
    Mkdir,
    Operation,
    Rmdir,
    RmdirOverLuns,
    Unlink,
)


def undo(kernel: Kernel, found: Unfinished) -> list[str]:
    """Take everything back that was done; what could not be taken back is returned."""
    number, begun = found.position()
    left = []
    if begun and found.undone is None:
        step = found.steps[number]
        done = _done(kernel, step.operations[:begun])
        left += step.take_back(kernel, done) if done else []
    for step in reversed(found.steps[: number if found.undone is None else found.undone]):
        left += step.take_back(kernel)
    return left


def finish(kernel: Kernel, found: Unfinished) -> Outcome:
    """Do the rest; raises LioError when that fails, and then all that this did is undone.

    A change whose taking back had begun cannot be finished: ``found.undone`` tells.
    """
    number, begun = found.position()
    rest: list[Step] = list(found.steps[number:])
    if begun:
        step = rest[0]
        done = _done(kernel, step.operations[:begun])
        rest[0] = replace(step, operations=step.operations[len(done) :])
    return perform(kernel, [step for step in rest if step.operations])


def _done(kernel: Kernel, begun: Sequence[Operation]) -> list[Operation]:
    """The operations that were done: all but the last for sure, and that one if it shows."""
    if not begun or _shows(kernel, begun[-1]):
        return list(begun)
    return list(begun[:-1])


def _shows(kernel: Kernel, operation: Operation) -> bool:
    """Whether an operation was done; one that can be done twice counts as done."""
    fs = kernel.fs
    match operation:
        case Mkdir():
            return fs.is_dir(operation.file)
        case Rmdir() | RmdirOverLuns() | Discard():
            return not fs.is_dir(operation.file)
        case Link():
            return fs.exists(operation.file)
        case Unlink():
            return not fs.exists(operation.file)
        case MakeFile():
            return os.path.exists(operation.file)
    return True
