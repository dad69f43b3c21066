# SPDX-License-Identifier: Apache-2.0
"""Lines that a screen runs: first as a dry run, to show what they would do, then for real.

They are the commands of the shell, so a screen has no second way to change anything.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel.configfs import WriteFS
from rtslib_ext.plan.builder import Plan

from ..env import Env
from ..language import grammar
from ..language.grammar import Line
from ..result import Result, RunLine

if TYPE_CHECKING:
    from ..env import PendingChanges

NO_INITIATOR = "Interrupts no initiator."


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a line.

    ``lines`` are its output, errors included, ``failed`` if there are any. Of a preview,
    ``changes`` is True if the line would change something, and ``facts`` are those about
    initiators that were shown. ``cd`` is the path that it goes to, "" for none.
    """

    lines: tuple[str, ...]
    failed: bool = False
    changes: bool = False
    facts: frozenset[str] = frozenset()
    cd: str = ""
    leave: bool = False


def words(path: str, *rest: str) -> Line:
    """Return a command at a path; each later word is one value or name=value, of any content."""
    return grammar.parse_words([grammar.quote(path), *rest])


class Lines:
    """Runs lines in the environment of a screen, and keeps their output off the terminal."""

    def __init__(self, env: Env, run: RunLine) -> None:
        self.env = env
        self._run = run

    def preview(self, read: Callable[[], Line]) -> Answer:
        """Return what a line would do, and the initiators that it would interrupt."""
        asked: set[str] = set()

        def note(fact: str) -> bool:
            asked.add(fact)
            return True

        fs = self.env.fs
        with self._captured(note) as out, _trial(self.env) as added:
            result = self._run(self.env, read)
            plan = added()
            dry_run = self.env.session.report.dry_run
        lines = tuple(out.getvalue().splitlines())
        if result is None:
            return Answer(lines, failed=True)
        if plan.steps:
            return _of_plan(fs, plan, lines, asked)
        facts = asked | _disturbed(result)
        if dry_run and not facts:
            lines = (*lines, NO_INITIATOR)
        return Answer(lines, False, dry_run, frozenset(facts), result.cd or "", leave=result.leave)

    def run(self, read: Callable[[], Line], shown: frozenset[str] = frozenset()) -> Answer:
        """Run a line; fails if it would interrupt more than the facts that were ``shown``."""
        with self._captured(lambda fact: _is_shown(fact, shown)) as out:
            result = self._run(self.env, read)
        lines = tuple(out.getvalue().splitlines())
        if result is None:
            return Answer(lines, failed=True)
        return Answer(lines, cd=result.cd or "", leave=result.leave)

    @contextmanager
    def _captured(self, agrees: Callable[[str], bool]) -> Iterator[io.StringIO]:
        """Collect the output of a block; questions are answered by ``agrees``."""
        env, session = self.env, self.env.session
        streams = env.stdin, env.stdout, env.stderr
        kept = session.agrees, session.interactive, session.several, session.cwd
        out = io.StringIO()
        env.stdin, env.stdout, env.stderr = io.StringIO(), out, out
        session.agrees, session.interactive, session.several = agrees, False, True
        try:
            yield out
        finally:
            env.stdin, env.stdout, env.stderr = streams
            session.agrees, session.interactive, session.several, session.cwd = kept


@contextmanager
def _trial(env: Env) -> Iterator[Callable[[], Plan]]:
    """Queue the changes of a block, and drop them; yields a function that returns its plan."""
    # Imported here: only a change needs it.
    from ..changes.transaction import Transaction

    logs, outer = env.session.logs, env.session.transaction
    queue: PendingChanges = outer or Transaction.for_dry_run(env)
    if outer is not None:
        outer.start_trial()
    before = len(queue.plan().steps)

    def added() -> Plan:
        plan = queue.plan()
        return Plan(plan.steps[before:], plan.replaced)

    try:
        yield added
    finally:
        if outer is not None:
            outer.end_trial()
        else:
            queue.discard()
        env.session.logs = logs


def _of_plan(fs: WriteFS, plan: Plan, output: Sequence[str], asked: set[str]) -> Answer:
    """Return a plan as ``apply --dry-run`` shows it, and the notes of the command."""
    # Imported here: only a change needs it.
    from rtslib_ext.plan import interrupted

    from ..views import plan as view

    found = interrupted.of(fs, plan.steps)
    facts = {item.text for item in found}
    lines = [f"asks: {fact}" for fact in sorted(asked - facts)]
    lines += view.lines(plan, found)
    lines += [NO_INITIATOR] * (not found)
    lines += [line for line in output if line.startswith("Note: ") and line not in lines]
    return Answer(tuple(lines), changes=True, facts=frozenset(asked | facts))


def _disturbed(result: Result) -> set[str]:
    """Return the facts about initiators of a command that plans by itself, such as undo."""
    data = result.data() if result.data else None
    found = data.get("disturbs", ()) if isinstance(data, dict) else ()
    return {item["text"] for item in found}


def _is_shown(fact: str, shown: frozenset[str]) -> bool:
    """Return True for a fact that was shown, perhaps without the step that causes it."""
    return fact in shown or fact.rpartition("; ")[0] in shown
