# SPDX-License-Identifier: Apache-2.0
"""Performs steps: all of them or none, or as many as possible with a list of what failed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from ..errors import Interrupted, KernelRefused, LioError, RollbackFailed
from ..fast_dataclasses import dataclass, field
from ..kernel import log as kernel_log
from ..kernel.configfs import ConfigfsPath
from ..kernel.log import Log
from ..steps import Action, Context, Step
from ..steps.operations import StillMapped
from ..steps.step import REPAIR, not_undone
from .journal import Journal

# Told of each step that was done and changed something: a new object may have a value already.
Observer = Callable[[Step], None]
# Plans what is left of a change, from what there is by then.
Anew = Callable[[], Sequence[Step]]
# Ctrl-C, a stop of the service, a terminal that is gone.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that could not be done, and why."""

    step: Step
    error: LioError

    def __str__(self) -> str:
        return f"{self.error.path or self.step.path}: {self.step.text}: {self.error}"


@dataclass(slots=True)
class Outcome:
    """What became of a list of steps; ``notes`` are (shell path, text).

    ``done`` are those that were done, and where not all had to be, that changed something.
    ``made`` are the folders that objects share which were not there before.
    """

    done: list[Step] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    skipped: list[Step] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    made: set[ConfigfsPath] = field(default_factory=set)


def perform(
    context: Context,
    steps: Sequence[Step],
    observer: Observer | None = None,
    journal: Journal | None = None,
    anew: Anew | None = None,
    done: Sequence[Step] = (),
) -> Outcome:
    """Do all steps or none.

    On any failure, an interrupt included, what was done is undone and the reason is raised:
    LioError with the object's shell path. RollbackFailed when the old state could not be
    brought back. ``anew`` plans what is left once more where a step finds that the plan missed
    mapped LUNs. ``done`` are steps of the same change that were done before.
    """
    outcome = Outcome(done=list(done))
    with kernel_log.watch() as log, held_interrupts() as let_through:
        if journal:
            _note(journal, done, steps)
            context.begin = journal.begin

        def pause(seconds: float) -> None:
            time.sleep(seconds)
            let_through()

        context.pause = pause
        try:
            step, rest = None, iter(steps)
            while (step := next(rest, None)) is not None:
                try:
                    changed = _do(context, step, log)
                except StillMapped:
                    if anew is None:
                        raise
                    rest, anew = iter(_plan_anew(anew, outcome.done, journal)), None
                    let_through()
                    continue
                outcome.done.append(step)
                if observer and changed:
                    observer(step)
                let_through()
        except BaseException as err:
            if isinstance(err, LioError):
                err.failed_step = len(outcome.done)
            # A step that could not take back what it had done itself is left as well.
            stuck = [step] if step and isinstance(err, RollbackFailed) else []
            _roll_back(context, outcome.done, err, journal, stuck)
            raise
        if journal:
            journal.close()
    outcome.notes, outcome.made = context.notes, context.made
    return outcome


def _plan_anew(anew: Anew, done: Sequence[Step], journal: Journal | None) -> Sequence[Step]:
    """What is left to be done after what was, also for who comes after this process."""
    left = anew()
    if journal:
        _note(journal, done, left)
    return left


def _note(journal: Journal, done: Sequence[Step], left: Sequence[Step]) -> None:
    journal.open([*done, *left], sum(len(step.operations) for step in done))


def keep_going(
    context: Context, steps: Iterable[Step], observer: Observer | None = None
) -> Outcome:
    """Do what can be done.

    A step whose object, or one that it needs, could not be made is skipped: it would only
    repeat the reason. An interrupt raises Interrupted; what was done stays.
    """
    with kernel_log.watch() as log, held_interrupts() as let_through:
        return _keep_going(context, steps, observer, log, let_through)


def _keep_going(
    context: Context,
    steps: Iterable[Step],
    observer: Observer | None,
    log: Log,
    let_through: Callable[[], None],
) -> Outcome:
    outcome = Outcome()
    missing: set[str] = set()
    for step in steps:
        try:
            let_through()
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted after {len(outcome.done)} steps, which stay",
                hint="restoreconfig keep_existing=true goes on, clearconfig takes all away",
            ) from None
        if missing and any(path in missing for path in _depends_on(step)):
            outcome.skipped.append(step)
            if step.action is Action.CREATE:
                missing.add(step.path)
            continue
        try:
            changed = _do(context, step, log)
        except LioError as err:
            outcome.failures.append(Failure(step, err))
            if step.action is Action.CREATE:
                missing.add(step.path)
            continue
        if changed:
            outcome.done.append(step)
            if observer:
                observer(step)
    outcome.notes, outcome.made = context.notes, context.made
    return outcome


@contextmanager
def held_interrupts() -> Iterator[Callable[[], None]]:
    """Hold signals that end the process back, so that no step is left half done.

    The function given lets one through. What comes after the last call of it comes too late: all
    is done by then.
    """
    caught: list[int] = []
    before = {}

    def let_through() -> None:
        if caught:
            caught.clear()
            raise KeyboardInterrupt

    try:
        for number in _ENDING:
            # Whoever else wants to hear them: configshell has a handler for Ctrl-C of its own.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, lambda got, frame: caught.append(got))
    except ValueError:
        # Only the main thread gets signals.
        before = {}
    try:
        yield let_through
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _depends_on(step: Step) -> Iterator[str]:
    """The step's object, those above it, and those it needs."""
    yield from step.needs
    path = step.path
    while path:
        yield path
        path = path.rpartition("/")[0]


def _do(context: Context, step: Step, log: Log) -> bool:
    """Do one step; whether it changed anything."""
    before = context.fs.changes
    try:
        step.do(context)
    except KernelRefused as err:
        err.path = err.path or step.path
        _explain(context, step, err, log)
        raise
    except LioError as err:
        err.path = err.path or step.path
        raise
    while context.missed:
        owner, refused = context.missed.pop()
        _explain(context, step, refused, log)
        context.notes.append((owner, str(refused)))
    return context.fs.changes > before


def _explain(context: Context, step: Step, error: KernelRefused, log: Log) -> None:
    # Imported here: nothing but an error needs it.
    from .. import refusals

    refusals.explain(context.fs, step, error, log.lines())


def _roll_back(
    context: Context,
    done: list[Step],
    reason: BaseException,
    journal: Journal | None,
    stuck: list[Step],
) -> None:
    """Take back what was done; ``stuck`` is what could not be taken back already.

    Raises RollbackFailed where something is left. A journal then keeps that, with all that was
    done before it: taken back out of turn, it would be in the way of what is stuck.
    """
    left: list[str] = []
    for number in reversed(range(len(done))):
        if journal and stuck:
            left.append(f"steps before that, which wait for it: {number + 1}")
            stuck[:0] = done[: number + 1]
            break
        more = done[number].roll_back(context)
        left += more
        if more:
            stuck.insert(0, done[number])
        if journal:
            journal.undone(number)
    if journal and stuck:
        journal.leave(stuck)
    elif journal:
        journal.close()
    if left:
        raise not_undone(reason, "", left, kept=journal is not None) from reason
    if journal and isinstance(reason, RollbackFailed):
        reason.hint = REPAIR
