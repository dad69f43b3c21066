# SPDX-License-Identifier: Apache-2.0
"""Perform steps: all or nothing, or as many as possible with a list of the failures."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from ..errors import Interrupted, KernelRefused, LioError, RollbackFailed
from ..fast_dataclasses import dataclass, field
from ..kernel import log as kernel_log
from ..kernel.configfs import ConfigfsPath
from ..kernel.log import Log
from ..steps import Action, Context, Step
from ..steps.operations import StillMapped
from ..steps.step import REPAIR, not_undone
from .journal import Journal

# Called after each step that changed something: a new object may already have a value.
Observer = Callable[[Step], None]
# Plans the remaining steps from the current state.
Replan = Callable[[], Sequence[Step]]
# Ctrl-C, a stop of the service, a closed terminal.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed step and its error."""

    step: Step
    error: LioError

    def __str__(self) -> str:
        return f"{self.error.path or self.step.path}: {self.step.text}: {self.error}"


@dataclass(slots=True)
class Outcome:
    """The result of a list of steps; ``notes`` are (shell path, text).

    ``done`` are the completed steps; of keep_going() only those that changed something. ``made``
    are the shared directories that did not exist before. ``remaining`` are steps that are still
    needed after all, if the kernel was read again.
    """

    done: list[Step] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    skipped: list[Step] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    made: set[ConfigfsPath] = field(default_factory=set)
    remaining: list[Step] = field(default_factory=list)


def perform(
    context: Context,
    steps: Iterable[Step],
    observer: Observer | None = None,
    journal: Journal | None = None,
    replan: Replan | None = None,
    done: Sequence[Step] = (),
) -> Outcome:
    """Perform all steps or none.

    On a failure or an interrupt the completed steps are rolled back and the cause is raised:
    LioError with the shell path of the object, or RollbackFailed if the rollback failed. ``replan``
    is called once if a step finds mapped LUNs that the plan missed. ``done`` are steps of the same
    change that are already completed. Only with a journal that has a document, or without one, may
    ``steps`` be made while they are performed.
    """
    with kernel_log.watch() as log, held_interrupts() as deliver:
        run = _Run(context, log, deliver, observer, journal, replan, list(done))
        run.journal_steps(steps)
        if journal:
            context.begin = journal.begin
        context.pause = run.pause
        try:
            run.perform(steps)
        except BaseException as err:
            if isinstance(err, LioError):
                err.failed_step = len(run.done)
            # A step that could not roll back its own operations is not undone either.
            stuck = [run.step] if run.step and isinstance(err, RollbackFailed) else []
            _roll_back(context, run.done, err, journal, stuck)
            raise
        if journal:
            journal.close(done=True)
    return Outcome(done=run.done, notes=context.notes, made=context.made)


@dataclass(slots=True)
class _Run:
    """A list of steps while they are performed; ``step`` is the present one."""

    context: Context
    log: Log
    deliver: Callable[[], None]
    observer: Observer | None
    journal: Journal | None
    replan: Replan | None
    done: list[Step]
    step: Step | None = None

    def perform(self, steps: Iterable[Step]) -> None:
        rest = iter(steps)
        while (step := next(rest, None)) is not None:
            self.step = step
            try:
                changed = _do(self.context, step, self.log)
            except StillMapped:
                if self.replan is None:
                    raise
                rest = iter(self._replanned(self.replan))
            else:
                self.done.append(step)
                if self.observer and changed:
                    self.observer(step)
            self.deliver()
        self.step = None

    def pause(self, seconds: float) -> None:
        """Wait, unless a signal arrived by then."""
        time.sleep(seconds)
        self.deliver()

    def journal_steps(self, left: Iterable[Step]) -> None:
        if self.journal:
            begun = sum(len(step.operations) for step in self.done)
            self.journal.open(chain(self.done, left), begun)

    def _replanned(self, replan: Replan) -> Sequence[Step]:
        """Replan the remaining steps, once, and journal them."""
        self.replan = None
        left = replan()
        self.journal_steps(left)
        return left


def keep_going(
    context: Context, steps: Iterable[Step], observer: Observer | None = None
) -> Outcome:
    """Perform as many steps as possible.

    A step is skipped if its object, or one that it needs, could not be created: it would fail for
    the same reason. An interrupt raises Interrupted; completed steps stay.
    """
    with kernel_log.watch() as log, held_interrupts() as deliver:
        return _keep_going(context, steps, observer, log, deliver)


def _keep_going(
    context: Context,
    steps: Iterable[Step],
    observer: Observer | None,
    log: Log,
    deliver: Callable[[], None],
) -> Outcome:
    outcome = Outcome()
    missing: set[str] = set()
    for step in steps:
        try:
            deliver()
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted after {len(outcome.done)} steps, which were kept",
                hint="restoreconfig keep_existing=true continues, clearconfig removes everything",
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
    """Defer signals that end the process, so that no step is interrupted.

    Yields a function that raises KeyboardInterrupt if a signal arrived. A signal after its last
    call is ignored: the change is complete.
    """
    caught: list[int] = []
    before = {}

    def deliver() -> None:
        if caught:
            caught.clear()
            raise KeyboardInterrupt

    try:
        for number in _ENDING:
            # Replace custom handlers as well: configshell installs its own for SIGINT.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, lambda got, frame: caught.append(got))
    except ValueError:
        # Only the main thread can set signal handlers.
        before = {}
    try:
        yield deliver
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _depends_on(step: Step) -> Iterator[str]:
    """Yield the paths of the step's object, its ancestors, and the objects it needs."""
    yield from step.needs
    path = step.path
    while path:
        yield path
        path = path.rpartition("/")[0]


def _do(context: Context, step: Step, log: Log) -> bool:
    """Perform one step; return True if it changed anything."""
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
    # Imported here: only an error needs it.
    from .. import refusals

    refusals.explain(context.fs, step, error, log.lines())


def _roll_back(
    context: Context,
    done: list[Step],
    reason: BaseException,
    journal: Journal | None,
    stuck: list[Step],
) -> None:
    """Roll back the completed steps; ``stuck`` are steps that could not be rolled back.

    Raises RollbackFailed if steps remain. A journal then keeps these and all steps before them:
    rolled back out of order, they would conflict with the stuck ones.
    """
    left: list[str] = []
    for number in reversed(range(len(done))):
        if journal and stuck:
            left.append(f"earlier steps, to be rolled back after it: {number + 1}")
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
