# SPDX-License-Identifier: Apache-2.0
"""Performs steps: all of them or none, or as many as possible with a list of what failed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import kernel_log
from .errors import KernelRefused, LioError, RollbackFailed
from .kernel_log import Log
from .steps import Action, Kernel, Step

Observer = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that could not be done, and why."""

    step: Step
    error: LioError

    def __str__(self) -> str:
        return f"{self.error.path or self.step.path}: {self.step.text}: {self.error}"


@dataclass(slots=True)
class Outcome:
    """What became of a list of steps; ``notes`` are (shell path, text)."""

    done: list[Step] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    skipped: list[Step] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


def perform(kernel: Kernel, steps: Iterable[Step], observer: Observer | None = None) -> Outcome:
    """Do all steps or none.

    On any failure, an interrupt included, what was done is undone and the reason is raised:
    LioError with the object's shell path. RollbackFailed when the old state could not be
    brought back.
    """
    outcome = Outcome()
    with kernel_log.watch() as log, _held_interrupts() as let_through:
        try:
            for step in steps:
                _do(kernel, step, log)
                outcome.done.append(step)
                if observer:
                    observer(step)
                let_through()
        except BaseException as err:
            _roll_back(kernel, outcome.done, err)
            raise
    outcome.notes = kernel.notes
    return outcome


def keep_going(kernel: Kernel, steps: Iterable[Step], observer: Observer | None = None) -> Outcome:
    """Do what can be done.

    A step whose object, or one that it needs, could not be made is skipped: it would only
    repeat the reason.
    """
    with kernel_log.watch() as log, _held_interrupts() as let_through:
        return _keep_going(kernel, steps, observer, log, let_through)


def _keep_going(
    kernel: Kernel,
    steps: Iterable[Step],
    observer: Observer | None,
    log: Log,
    let_through: Callable[[], None],
) -> Outcome:
    outcome = Outcome()
    missing: set[str] = set()
    for step in steps:
        let_through()
        if any(path in missing for path in _depends_on(step)):
            outcome.skipped.append(step)
            if step.action is Action.CREATE:
                missing.add(step.path)
            continue
        try:
            _do(kernel, step, log)
        except LioError as err:
            outcome.failures.append(Failure(step, err))
            if step.action is Action.CREATE:
                missing.add(step.path)
            continue
        outcome.done.append(step)
        if observer:
            observer(step)
    outcome.notes = kernel.notes
    return outcome


@contextmanager
def _held_interrupts() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back, so that no step is left half done; the function given lets it through."""
    caught: list[int] = []

    def let_through() -> None:
        if caught:
            caught.clear()
            raise KeyboardInterrupt

    held = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if held:
            signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    except ValueError:  # only the main thread is interrupted
        held = False
    try:
        yield let_through
    finally:
        if held:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _depends_on(step: Step) -> Iterator[str]:
    """The step's object, those above it, and those it needs."""
    yield from step.needs
    path = step.path
    while path:
        yield path
        path = path.rpartition("/")[0]


def _do(kernel: Kernel, step: Step, log: Log) -> None:
    try:
        step.do(kernel)
    except KernelRefused as err:
        err.path = err.path or step.path
        said = log.last()
        if said and not err.hint:
            err.hint = f"the kernel says: {said}"
        raise
    except LioError as err:
        err.path = err.path or step.path
        raise


def _roll_back(kernel: Kernel, done: list[Step], reason: BaseException) -> None:
    left = []
    for step in reversed(done):
        try:
            step.take_back(kernel)
        except (LioError, OSError) as err:
            left.append(f"{step.path}: {step.text}: {err}")
    if left:
        what = str(reason) or type(reason).__name__
        lines = "".join(f"\n  {line}" for line in left)
        raise RollbackFailed(
            f"{what}; and what was done before could not all be undone:{lines}",
            path=getattr(reason, "path", ""),
            hint="look at the objects named, then restoreconfig or delete them by hand",
        ) from reason
