# SPDX-License-Identifier: Apache-2.0
"""How commands change the kernel: steps, all of them or none, under the lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rtslib_ext.errors import InUse, KernelRefused, PermissionDenied
from rtslib_ext.kernel import paths, setup
from rtslib_ext.steps import Context, Step, inverse
from rtslib_ext.steps.step import REPAIR
from rtslib_ext.transaction import executor
from rtslib_ext.transaction import journal as journals
from rtslib_ext.transaction.executor import Observer, Outcome, Replan
from rtslib_ext.transaction.journal import Journal, Unfinished
from rtslib_ext.transaction.lock import change_lock

from .. import progress
from ..env import Env
from ..report import Done
from ..result import Result
from ..tree import Node

if TYPE_CHECKING:
    from rtslib_ext.transaction.apply import Change

# The word for who takes the lock next: a change waits for confirmation.
WAITING = "waits"


def apply(env: Env, steps: Iterable[Step], anew: Replan | None = None) -> Outcome:
    """Do all steps or none, or collect them; raises LioError. ``anew`` is as for the executor."""
    if env.session.transaction is not None:
        return env.session.transaction.add(steps)
    setup.prepare(env.fs)
    # Planned whole before the first is done: a value that is refused changes nothing.
    planned = list(steps)
    context = Context(env.fs)
    try:
        return _performed(
            env,
            len(planned),
            lambda tell: executor.perform(context, planned, tell, journal(env), anew),
        )
    except KernelRefused as err:
        if err.operation == "write":
            err.label = err.label or paths.name_of(err.file)
        raise


def reach(env: Env, found: Change) -> None:
    """Do a plan for a whole configuration or none of it, or collect it; raises LioError."""
    if env.session.transaction is not None:
        env.session.transaction.add(found.plan.steps, found.plan.replaced)
        return
    # Imported here: a single step needs no plan.
    from rtslib_ext.transaction import apply as applying

    number = len(found.plan.steps)
    _performed(env, number, lambda tell: applying.perform(env.fs, found, tell, journal(env)))


def _performed(env: Env, number: int, perform: Callable[[Observer], Outcome]) -> Outcome:
    """Have so many steps performed, while somebody may watch, and note what they changed."""
    changed: list[Step] = []
    with progress.work(env, "changing", lambda _: number) as work:

        def observe(step: Step) -> None:
            changed.append(step)
            work.count()

        outcome = perform(observe)
    note(env, changed, outcome.made)
    return outcome


def note(env: Env, changed: Sequence[Step], made: Container[str] = ()) -> None:
    """Note what was changed, and how it is taken back; ``made`` are folders that objects share."""
    env.session.report.changes += changed
    env.session.report.irreversible = env.session.report.irreversible or inverse.why_irreversible(
        changed
    )
    if not env.session.report.irreversible:
        env.session.report.back[:0] = inverse.invert(changed, made)


def _keep(env: Env, command: str) -> None:
    """Keep a change: for undo in this session, and in the history."""
    # Imported here: what changes nothing needs none of it.
    from ..audit import history

    report = env.session.report
    irreversible = report.irreversible or (
        "" if report.back else "it is not known what it was before"
    )
    back = () if irreversible else tuple(report.back)
    number = None
    try:
        number = history.keep(
            env.history, command, report.changes, back, irreversible, report.undoes
        )
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        print(f"this is not in the history: {env.history}: {reason}", file=env.stderr)
    if not report.undoing:
        env.session.done.append(Done(command, number, back, irreversible))


def journal(env: Env) -> Journal:
    """Where a change notes what it does, for who comes after it should it be killed."""
    about = {
        "command": env.session.report.command,
        "path": env.session.report.path,
        "since": time.time(),
    }
    return Journal(env.journal, about)


def _refuse_unfinished(env: Env) -> None:
    """Refuse to change anything on top of half a change."""
    found = journals.find(env.journal)
    if found and found.is_repair:
        raise InUse(
            f"an earlier change could not be taken back whole: {describe(found)}",
            hint=REPAIR,
        )
    if found:
        raise InUse(
            f"an earlier change was cut off half way: {describe(found)}",
            hint="recover takes it back, recover finish does the rest",
        )


def describe(found: Unfinished) -> str:
    """A change that was cut off, in a few words."""
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found.about.get("since", 0)))
    number, _ = found.position()
    where = f"at step {number + 1} of {len(found.steps)}"
    if found.is_repair:
        where = f"steps left: {len(found.steps)}"
    return f"{found.about.get('command')} on {found.about.get('path')}, begun {since}, {where}"


def defer(env: Env, text: str, action: Callable[[], Result]) -> Result | None:
    """Where changes are collected, note what is to follow them; its result is filled in then."""
    return (
        env.session.transaction.defer(text, action) if env.session.transaction is not None else None
    )


def only_shown(env: Env, text: str) -> bool:
    """Whether what cannot be taken back is only to be told; it cannot be collected."""
    if env.session.transaction is None:
        return False
    env.session.transaction.refuse_irreversible()
    env.session.transaction.note(text)
    return True


def require_root(env: Env) -> None:
    """Refuse who may not change anything."""
    if not env.is_root:
        raise PermissionDenied(
            "This privileged command is disabled: you are not root.", hint="run it with sudo"
        )


@contextmanager
def locked(env: Env, node: Node, command: str) -> Iterator[None]:
    """Hold the lock; who has it is told after a second of waiting.

    That the last change was clearconfig is left for saveconfig, which changes nothing; that a
    change waits for confirmation is left for all, so that nobody else looks for one. What is
    collected needs no lock: that is for who performs it.
    """
    if env.session.transaction is not None:
        if command != "recover":
            _refuse_unfinished(env)
        yield
        return

    def tell(holder: str) -> None:
        print(holder, file=env.stderr)

    with change_lock(
        f"{node.path} {command}", path=env.lock_file, wait=env.options.wait, waiting=tell
    ) as held:
        if command != "recover":
            _refuse_unfinished(env)
        env.session.last_change = held.left
        if held.left == WAITING:
            held.leaves = env.session.last_change = _still_waiting(env, command)
        try:
            yield
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{node.path}: {_interrupted(env)}") from None
        finally:
            # What changed something before it failed is kept, too.
            if env.session.report.changes:
                _keep(env, f"{node.path} {env.session.report.text}")
        waits = WAITING if env.session.last_change == WAITING else ""
        held.leaves = {"clearconfig": command, "saveconfig": held.left}.get(command, waits)


def _interrupted(env: Env) -> str:
    number = len(env.session.report.changes)
    if not number:
        return "interrupted, nothing was changed"
    return f"interrupted after {number} changes, which stay (revert takes them back)"


def _still_waiting(env: Env, command: str) -> str:
    """Tell of a change that goes back by itself; the word for who comes next."""
    # Imported here: nobody else needs it.
    from rtslib_ext.transaction import confirmed_commit

    found = confirmed_commit.find(confirmed_commit.beside(env.journal))
    if found is None:
        return ""
    if command != "confirm":
        until = time.strftime("%H:%M:%S", time.localtime(found.until))
        print(f"Note: {found} waits for confirm, else goes back at {until}", file=env.stderr)
    return WAITING
