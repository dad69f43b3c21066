# SPDX-License-Identifier: Apache-2.0
"""status at /: whether the whole configuration is healthy, saved and complete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtslib_ext.checks.rule import Finding
from rtslib_ext.checks.rules import RULES, findings
from rtslib_ext.config.wording import counted
from rtslib_ext.statistics import logins
from rtslib_ext.transaction import confirmed_commit

from ..changes import seen_logins
from ..env import Env
from ..result import Result, show
from ..tree import Node
from ..views import history as times
from ..views.checks import command
from . import navigation, situation

HEALTHY, UNHEALTHY = 0, 1


def root(env: Env, node: Node) -> Result:
    """Show whether the configuration is healthy and saved, and each problem with its cure."""
    if not env.is_root:
        return navigation.status(env, node)
    facts = situation.of_running(env, node)
    problems = [one for _, one in findings(facts, [rule for rule in RULES if rule.breaks])]
    unsaved, note = facts.unsaved
    notes = [*([note] if note else []), *_pending(env), *_refused(env, node)]
    words = [f"NOT HEALTHY: {counted(len(problems), 'problem')}" if problems else "healthy"]
    words += [f"{counted(unsaved, 'change')} not saved"] if unsaved else []
    summary = ", ".join(words)
    result = show(
        [f"Status for /: {summary}", *_lines(problems), *(f"Note: {text}" for text in notes)],
        lambda: {
            "summary": summary,
            "healthy": not problems,
            "notes": notes,
            "problems": [
                {"path": one.path, "text": one.text, "help": _cure(one)} for one in problems
            ],
            "unsaved": unsaved,
        },
    )
    result.status = UNHEALTHY if problems else HEALTHY
    return result


def _lines(problems: Sequence[Finding]) -> Iterator[str]:
    """Yield a line for each problem; the last of several with the same cure names it."""
    for number, one in enumerate(problems, 1):
        following = [_cure(item) for item in problems[number : number + 1]]
        cure = _cure(one)
        yield f"{one.path}: {one.text}" + (f" ({cure})" if following != [cure] else "")


def _cure(one: Finding) -> str:
    """Return what to do: in words, or the commands."""
    lines = (command(words, in_shell=True) for words in one.commands)
    return one.help or ", then ".join(lines)


def _refused(env: Env, node: Node) -> Iterator[str]:
    """Yield the number of logins that were refused since logins last showed them."""
    refused = {item.target: item.total for item in logins.read(node.reader)}
    seen = seen_logins.read(env) if any(refused.values()) else None
    number = seen.new(refused) if seen else sum(refused.values())
    if number:
        since = f" since {times.when(seen.time)}" if seen else ""
        yield f"{counted(number, 'login')} refused{since} (logins shows why)"


def _pending(env: Env) -> Iterator[str]:
    """Yield what waits for the user: changes to confirm, and a transaction."""
    waiting = confirmed_commit.find(confirmed_commit.beside(env.journal))
    if waiting is not None:
        cure = "confirm back does it now" if waiting.is_overdue else "confirm keeps it"
        yield f"{waiting} {waiting.prospect} ({cure})"
    transaction = env.session.transaction
    # A batch is committed at its end.
    if transaction is not None and not transaction.is_dry_run and env.options.batch is None:
        yield "a transaction is in progress (commit applies it, rollback discards it)"
