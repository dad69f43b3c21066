# SPDX-License-Identifier: Apache-2.0
"""Changes that are collected instead of done: for --dry-run, --batch, and between begin and commit.

While there is a transaction, ``env.fs`` is the tree as it would be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from rtslib_ext.errors import InUse, KernelRefused, LioError, Unsupported
from rtslib_ext.kernel import paths
from rtslib_ext.plan import Plan
from rtslib_ext.staging import stage
from rtslib_ext.staging.tree import StagedFS
from rtslib_ext.steps import Action, Step
from rtslib_ext.transaction.executor import Outcome

from .. import progress
from ..env import Env
from ..prefs import Preferences
from ..report import Report
from ..result import Result
from ..views import plan as view
from . import apply as change
from .prompt import Question


class _Unkept(Preferences):
    """Preferences that hold for what is being tried, and are written nowhere."""

    def __init__(self, like: Preferences) -> None:
        super().__init__(like.folder, deepcopy(like._stored))

    def _change(self, change: Callable[[dict[str, Any]], object]) -> bool:
        change(self._stored)
        self._adopt(self._stored)
        return True


def counted(number: int, which: str = "") -> str:
    """So many changes, in words."""
    return " ".join(filter(None, (str(number), which, "change" if number == 1 else "changes")))


def shown(plan: Plan) -> Result:
    """What would be done."""
    return Result(view.lines(plan), data=lambda: view.facts(plan), shows=True)


def atomically(env: Env, calls: Sequence[Callable[[], Result]]) -> Result:
    """Make several calls as one change, all or none; what they say, one after the other.

    To be called under the lock. Raises LioError.
    """
    outer = env.session.transaction
    if outer is not None:
        kept = outer.savepoint()
        try:
            return _joined(_each(env, calls))
        except BaseException:
            outer.rollback_to(kept)
            raise
    # It asks what each of the calls would, and keeps preferences as they do.
    transaction = Transaction(env, asks=True, keeps=True)
    try:
        results = _each(env, calls)
    finally:
        transaction.close()
    after = transaction.perform()
    return _joined([*results, after[0]])


def _each(env: Env, calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Make the calls; what they ask is asked at once."""
    results: list[Result] = []
    asked: list[str] = []
    with progress.work(env, "preparing", lambda _: len(calls)) as work:
        for call in calls:
            try:
                results.append(call())
            except Question as question:
                asked += question.facts
            work.count()
    if asked:
        raise Question(tuple(asked))
    return results


def _joined(results: Sequence[Result]) -> Result:
    lines = [line for result in results for line in result.lines]
    notes = [note for result in results for note in result.notes]
    return Result(lines, notes)


class Transaction:
    """What the lines so far would do.

    ``is_dry_run``: nothing will ever be done. ``asks``: somebody at a terminal answers questions.
    ``prefs`` are the preferences to change at the end; None where that is done at once.
    """

    def __init__(
        self, env: Env, *, is_dry_run: bool = False, asks: bool = False, keeps: bool = False
    ) -> None:
        self.env = env
        self.is_dry_run = is_dry_run
        self.asks = asks
        self.performed = False
        self.steps: list[Step] = []
        self.real = env.fs
        self.prefs = None if keeps else env.prefs
        self._replaced: dict[str, str] = {}
        self._later: list[tuple[Result, Callable[[], Result]]] = []
        self._told = 0
        # The first numbers that may be free, by folder: who makes many need not count again.
        self.free_numbers: dict[str, int] = {}
        env.fs = self.staged = StagedFS(env.fs)
        self.host = self.staged.host
        if not keeps:
            env.prefs = _Unkept(env.prefs)
        env.session.transaction = self

    @classmethod
    def for_dry_run(cls, env: Env) -> Transaction:
        """Nothing is done, nothing is written: what would be is told."""
        env.session.logs = False
        return cls(env, is_dry_run=True)

    @classmethod
    def for_batch(cls, env: Env) -> Transaction:
        """All lines are done at the end, the preferences too."""
        return cls(env)

    @classmethod
    def begin(cls, env: Env) -> Transaction:
        """Somebody types lines, looks at what they would do, and commits that."""
        return cls(env, asks=True, keeps=True)

    # -- what commands do with it ------------------------------------------------------------

    def add(self, steps: Iterable[Step], replaced: Mapping[str, str] | None = None) -> Outcome:
        """Collect steps, all or none; raises LioError."""
        try:
            outcome = stage.stage(self.staged, list(steps))
        except KernelRefused as err:
            if err.operation == "write":
                err.label = err.label or paths.name_of(err.file)
            raise
        self.steps += outcome.done
        if any(step.action is Action.DELETE for step in outcome.done):
            self.free_numbers.clear()
        self._replaced.update(replaced or {})
        return outcome

    def note(self, text: str) -> None:
        """Collect something that is no change of the kernel: it is only told."""
        self.steps.append(Step(Action.UPDATE, "/", text, "", ()))

    def defer(self, text: str, action: Callable[[], Result]) -> Result:
        """Collect something that follows the changes; its result is filled in then."""
        self.note(text)
        result = Result()
        self._later.append((result, action))
        return result

    def set_preference(self, text: str, change: Callable[[Preferences], object]) -> None:
        """Collect a change of the preferences, which hold for the lines that follow already."""
        kept = self.prefs
        if kept is None:
            return

        def action() -> Result:
            change(kept)
            return Result()

        self.note(text)
        self._later.append((Result(), action))

    def refuse_irreversible(self) -> None:
        """Refuse a command that is not done all or nothing."""
        if not self.is_dry_run or self.env.options.batch is not None:
            raise Unsupported(
                "this cannot be taken back, so it cannot be one of several changes",
                hint="run it by itself; apply FILE can be one of them",
            )

    # -- what is told of it --------------------------------------------------------------------

    def plan(self) -> Plan:
        """All of it."""
        return Plan(tuple(self.steps), self._replaced)

    @property
    def number(self) -> int:
        """How many changes a person would count."""
        return len(list(view.shown(self.plan())))

    def report(self, report: Report, result: Result) -> Result:
        """What a line would do in the place of what its command says of having done it."""
        # What goes on after an error has laid its steps down itself.
        self.steps += report.changes
        report.changes = []
        new = tuple(self.steps[self._told :])
        self._told = len(self.steps)
        if not new:
            return result
        report.dry_run = True
        told = shown(Plan(new, self._replaced))
        if not self.is_dry_run:
            told.notes = [f"Collected: {counted(self.number)} so far."]
        told.failures, told.cd, told.leave = result.failures, result.cd, result.leave
        return told

    def at_stake(self) -> list[str]:
        """What would be lost if it was forgotten, a text each."""
        number = self.number
        told = f"{counted(number, 'collected')} would be forgotten; commit does what is collected"
        return [told] * bool(number)

    def savepoint(self) -> tuple[int, int, tuple[int, int]]:
        """What was collected so far, to go back to."""
        return len(self.steps), len(self._later), self.staged.savepoint()

    def rollback_to(self, kept: tuple[int, int, tuple[int, int]]) -> None:
        """Forget what was collected since."""
        steps, later, staged = kept
        del self.steps[steps:], self._later[later:]
        self.staged.rollback_to(staged)
        self.free_numbers.clear()

    # -- its end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Forget it."""
        self.env.fs = self.real
        self.env.prefs = self.prefs or self.env.prefs
        self.env.session.transaction = None

    def discard(self) -> list[str]:
        """Forget it, with what is to be said of that."""
        self.close()
        number = self.number
        told = f"{counted(number, 'collected')} forgotten: commit does what is collected"
        return [told] * bool(number)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Look at the kernel itself; after an error go on collecting, unless it was performed."""
        env, prefs = self.env, self.env.prefs
        self.close()
        try:
            yield
        except BaseException:
            if not self.performed:
                env.fs, env.prefs, env.session.transaction = self.staged, prefs, self
            raise

    def perform(self) -> list[Result]:
        """Do it, all or nothing, and then what follows it; to be called under the lock.

        What follows may fail by itself: its result tells, and the changes stay.
        """
        env = self.env
        self._refuse_changed()
        outcome = change.apply(env, [step for step in self.steps if step.operations])
        results = [Result(notes=[f"Note: {path}: {text}" for path, text in outcome.notes])]
        self.performed = True
        for result, action in self._later:
            results.append(result)
            try:
                done = action()
            except LioError as err:
                err.prefix("the changes are made, but not this")
                result.failures.append(err)
            else:
                result.lines, result.notes, result.data = list(done.lines), done.notes, done.data
        return results

    def _refuse_changed(self) -> None:
        """Refuse to do what was planned on values that somebody changed since."""
        moved = self.staged.changed_meanwhile()
        if moved:
            raise InUse(
                f"somebody changed {', '.join(moved[:3])} since this was collected",
                hint="rollback, and look again",
            )
