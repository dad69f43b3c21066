# SPDX-License-Identifier: Apache-2.0
"""Changes that are queued instead of made: for --dry-run, --batch, and between begin and commit.

During a transaction ``env.fs`` shows the tree with the queued changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, cast

from rtslib_ext.errors import InUse, KernelRefused, LioError, Unsupported
from rtslib_ext.kernel import paths
from rtslib_ext.plan.builder import Plan
from rtslib_ext.staging import stage
from rtslib_ext.staging.tree import StagedFS
from rtslib_ext.steps import Action, Step
from rtslib_ext.steps.operations import Write
from rtslib_ext.transaction.executor import Outcome

from .. import progress
from ..env import Env
from ..prefs import Preferences
from ..report import Report
from ..result import Result
from ..views import plan as view
from . import apply, plans
from .prompt import Question
from .queued_records import QueuedRecords, Saved

# The files from which the kernel derives the identifier of a storage object.
_IDENTIFIES = ("vpd_unit_serial", "company_id")
_Savepoint = tuple[int, int, tuple[int, int], Saved]


class _TemporaryPreferences(Preferences):
    """Preferences that hold during a transaction, and are not written."""

    def __init__(self, like: Preferences) -> None:
        super().__init__(like.folder, deepcopy(like._stored))

    def _change(self, change: Callable[[dict[str, Any]], object]) -> bool:
        change(self._stored)
        self._adopt(self._stored)
        return True


def counted(number: int, which: str = "") -> str:
    """Return a number of changes in words: "2 queued changes"."""
    return " ".join(filter(None, (str(number), which, "change" if number == 1 else "changes")))


def atomically(env: Env, calls: Sequence[Callable[[], Result]]) -> Result:
    """Run several calls as one change, all or none; return their joined results.

    The caller holds the lock. Raises LioError.
    """
    outer = env.session.transaction
    if outer is not None:
        savepoint = outer.savepoint()
        try:
            return _joined(_each(env, calls))
        except BaseException:
            outer.rollback_to(savepoint)
            raise
    # Like each single call, it asks questions and saves preferences at once.
    transaction = Transaction(env, asks=True, keeps=True)
    try:
        results = _each(env, calls)
    finally:
        transaction.close()
    after = transaction.perform(noted=True)
    return _joined([*results, after[0]])


def _each(env: Env, calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run the calls; raises one Question for all that they ask."""
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
    """The changes that the lines so far have queued.

    ``is_dry_run``: they are never made; ``is_trial``: those of the present line are not.
    ``asks``: a user at a terminal answers questions. ``prefs`` are the preferences to change at
    the end; None if they are changed at once.
    """

    def __init__(
        self, env: Env, *, is_dry_run: bool = False, asks: bool = False, keeps: bool = False
    ) -> None:
        self.env = env
        self.is_dry_run = is_dry_run
        self.is_trial = False
        self.asks = asks
        self.performed = False
        self.steps: list[Step] = []
        self.real = env.fs
        self.prefs = None if keeps else env.prefs
        self._replaced: dict[str, str] = {}
        self._later: list[tuple[Result, Callable[[], Result]]] = []
        self._reported = 0
        # The lowest numbers that may be free, by directory: creating many LUNs counts only once.
        self.free_numbers: dict[str, int] = {}
        self._end_trial: Callable[[], None] = lambda: None
        env.fs = self.staged = StagedFS(env.fs)
        self.host = self.staged.host
        self.records = QueuedRecords(env)
        if not keeps:
            env.prefs = _TemporaryPreferences(env.prefs)
        env.session.transaction = self

    @classmethod
    def for_dry_run(cls, env: Env) -> Transaction:
        """Start a transaction that only shows its changes; nothing is written, logs included."""
        env.session.logs = False
        return cls(env, is_dry_run=True)

    @classmethod
    def for_batch(cls, env: Env) -> Transaction:
        """Start a transaction that applies everything at the end, preferences too."""
        return cls(env)

    @classmethod
    def begin(cls, env: Env) -> Transaction:
        """Start a transaction of the shell: it asks questions, and saves preferences at once."""
        return cls(env, asks=True, keeps=True)

    # -- what commands do with it ------------------------------------------------------------

    def add(self, steps: Iterable[Step], replaced: Mapping[str, str] | None = None) -> Outcome:
        """Queue steps, all or none; raises LioError."""
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
        """Queue a text that is only shown: it changes nothing in the kernel."""
        self.steps.append(Step(Action.UPDATE, "/", text, "", ()))

    def defer(self, text: str, action: Callable[[], Result]) -> Result:
        """Queue an action to run after the changes; its result is filled in then."""
        self.note(text)
        result = Result()
        self._later.append((result, action))
        return result

    def follow(self, action: Callable[[], None]) -> None:
        """Queue an action that keeps a record true after the changes; it is not shown."""

        def run() -> Result:
            action()
            return Result()

        self._later.append((Result(), run))

    def set_preference(self, text: str, change: Callable[[Preferences], object]) -> None:
        """Queue a change of the preferences, which already hold for the following lines."""
        prefs = self.prefs
        if prefs is None:
            return

        def action() -> Result:
            change(prefs)
            return Result()

        self.note(text)
        self._later.append((Result(), action))

    def refuse_irreversible(self) -> None:
        """Raise Unsupported for a command that cannot be part of an all-or-nothing change."""
        if not self.is_dry_run or self.env.options.batch is not None:
            raise Unsupported(
                "this takes effect at once, so it cannot be part of a transaction",
                hint="run it by itself; apply FILE can be part of one",
            )

    # -- what it shows -------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Return all queued changes."""
        return Plan(tuple(self.steps), self._replaced)

    @property
    def number(self) -> int:
        """Return the number of changes that the plan shows."""
        return view.number(self.plan())

    def report(self, report: Report, result: Result) -> Result:
        """Return what a line would do, instead of its command's messages."""
        # Commands that continue after an error have staged their steps themselves.
        self.steps += report.changes
        report.changes = []
        new = tuple(self.steps[self._reported :])
        self._reported = len(self.steps)
        if self.is_trial:
            report.dry_run, result.leave = True, False
        if not new:
            return result
        report.dry_run = True
        shown_changes = plans.show(self.env, Plan(new, self._replaced), status=result.status)
        if report.beside_plan:
            _complete(shown_changes, report)
        if not self.is_dry_run:
            shown_changes.notes = [f"Queued: {counted(self.number)} so far."]
        shown_changes.failures, shown_changes.cd, shown_changes.leave = (
            result.failures,
            result.cd,
            result.leave,
        )
        return shown_changes

    def at_stake(self) -> list[str]:
        """Describe what discarding would lose; an empty list if nothing is queued."""
        number = self.number
        text = f"{counted(number, 'queued')} would be discarded; commit applies them"
        return [text] * bool(number)

    def savepoint(self) -> _Savepoint:
        """Return a mark for rollback_to: the sizes of the queues, and the other savepoints."""
        sizes = len(self.steps), len(self._later)
        return *sizes, self.staged.savepoint(), self.records.savepoint()

    def rollback_to(self, savepoint: _Savepoint) -> None:
        """Discard the changes since a savepoint."""
        steps, later, staged, records = savepoint
        del self.steps[steps:], self._later[later:]
        self.staged.rollback_to(staged)
        self.records.rollback_to(records)
        self.free_numbers.clear()

    def start_trial(self) -> None:
        """Only show what the present line would queue, until end_trial: --dry-run in it."""
        env, prefs = self.env, self.prefs
        outer = self.is_dry_run, self.asks, dict(self._replaced), self._reported, env.prefs
        savepoint = self.savepoint()
        self.is_trial, self.is_dry_run, self.asks = True, True, False
        self.prefs, env.prefs = env.prefs, _TemporaryPreferences(env.prefs)
        env.session.logs = False

        def end() -> None:
            self.rollback_to(savepoint)
            self.is_trial, self.prefs = False, prefs
            self.is_dry_run, self.asks, self._replaced, self._reported, env.prefs = outer

        self._end_trial = end

    def end_trial(self) -> None:
        """Drop what the line queued."""
        self._end_trial()

    # -- its end -----------------------------------------------------------------------------

    def close(self) -> None:
        """End the transaction: restore the real tree and preferences."""
        self.env.fs = self.real
        self.env.prefs = self.prefs or self.env.prefs
        self.env.session.transaction = None

    def discard(self) -> list[str]:
        """End the transaction, and describe the discarded changes."""
        self.close()
        number = self.number
        text = f"{counted(number, 'queued')} discarded: without commit nothing is applied"
        return [text] * bool(number)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Use the real kernel in a block; after an error continue, unless it was performed."""
        env, prefs = self.env, self.env.prefs
        self.close()
        try:
            yield
        except BaseException:
            if not self.performed:
                env.fs, env.prefs, env.session.transaction = self.staged, prefs, self
            raise

    def perform(self, *, noted: bool = False) -> list[Result]:
        """Apply the changes, all or nothing, then run the deferred actions; raises LioError.

        The caller holds the lock. The results are notes of the changes, and one for each action;
        an action that fails reports that in its result, and the changes stay. ``noted``: the
        messages of the commands are shown, so their notes need not be given here.
        """
        env = self.env
        self._refuse_changed()
        # The lines that queued them have asked.
        queued = [step for step in self.steps if step.operations]
        with self.records.changing(queued) as notes:
            apply.apply(env, queued, agreed=True)
        found = () if noted else _twins(env, queued)
        results = [Result(notes=[*notes, *(f"Note: {path}: {text}" for path, text in found)])]
        self.performed = True
        for result, action in self._later:
            results.append(result)
            try:
                done = action()
            except LioError as err:
                err.prefix("the changes were applied, but this failed")
                result.failures.append(err)
            else:
                result.lines, result.notes, result.data = list(done.lines), done.notes, done.data
        return results

    def _refuse_changed(self) -> None:
        """Raise InUse if another process changed values that the plan was based on."""
        changed = self.staged.changed_meanwhile()
        if changed:
            raise InUse(
                f"another process changed {', '.join(changed[:3])} after this was queued",
                hint="run rollback and start again",
            )


def _complete(shown: Result, report: Report) -> None:
    """Add what the command itself says to its plan."""
    facts = shown.data
    shown.lines = [*report.before_plan, *shown.lines]
    shown.data = lambda: {**cast("dict[str, object]", facts and facts()), **report.beside_plan}


def _twins(env: Env, steps: Iterable[Step]) -> list[tuple[str, str]]:
    """Return (path, text) for objects that initiators take for one disk since these steps."""
    files = [
        item.file
        for step in steps
        for item in step.operations
        if isinstance(item, Write) and paths.name_of(item.file) in _IDENTIFIES
    ]
    if not files:
        return []
    # Imported here: few transactions create storage objects.
    from rtslib_ext.usage import twins

    return list(twins.of_changed(env.fs, {paths.parent(paths.parent(file)) for file in files}))
