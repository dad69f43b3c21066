# SPDX-License-Identifier: Apache-2.0
"""confirm: changes that are rolled back automatically unless they are confirmed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rtslib_ext.errors import InUse, InvalidValue, LioError, NotFound
from rtslib_ext.steps import Step
from rtslib_ext.transaction import beside, confirmed_commit
from rtslib_ext.transaction.confirmed_commit import PendingCommit
from rtslib_ext.transaction.journal import Creation, Unfinished
from rtslib_ext.transaction.lock import LastChange

from ..changes import apply
from ..env import Env
from ..result import Result
from ..tree import Node

ACTIONS = ("keep", "status", "back", "watch")


def confirm(env: Env, node: Node, action: str) -> Result:
    """Confirm, show or roll back the change that is waiting for confirmation.

    ``watch`` starts the process that rolls it back again: it may have been killed.
    """
    if action not in ACTIONS:
        raise InvalidValue(f"action must be one of: {', '.join(ACTIONS)}")
    if action != "status" and apply.only_shown(env, f"confirm action={action}"):
        return Result()
    file = confirmed_commit.beside(env.journal)
    found = confirmed_commit.find(file)
    if action == "status":
        last = found or confirmed_commit.last(file)
        line = _description(last) if last else "No change is waiting for confirmation"
        return _result(line, last, "waits" if found else "ended")
    if found is None and action == "watch":
        return _result("No change is waiting for confirmation", None, "none")
    if found is None:
        raise NotFound("no change is waiting for confirmation", hint=_ended(file))
    if action in ("back", "watch"):
        # Imported here, as in within: nothing else starts processes.
        from ..changes import auto_revert
    if action == "watch":
        auto_revert.start(auto_revert.Paths.of(env))
        return _result(_description(found), found, "waits")
    if action == "back":
        found = auto_revert.roll_back(auto_revert.Paths.of(env), found)
        if not found.outcome.startswith(auto_revert.ROLLED_BACK):
            raise LioError(
                f"{found}: {found.outcome}",
                hint="diff compares the running configuration with a file",
            )
        env.session.last_change = LastChange.OTHER
        return _result(_description(found), found, "ended")
    os.unlink(file)
    env.session.last_change = LastChange.OTHER
    env.session.note_unsaved(env.session.report.path or "/", "confirm")
    line = f"Confirmed: {found}"
    return _result(line, found, "confirmed")


def _ended(file: str) -> str:
    last = confirmed_commit.last(file)
    return _description(last) if last else "apply --confirm-within 60s makes such a change"


def _description(pending: PendingCommit) -> str:
    if pending.outcome:
        return f"{pending}: {pending.outcome}"
    if pending.is_overdue:
        return f"{pending} was not confirmed in time; it {pending.prospect}"
    return f"{pending} is waiting for confirmation; it {pending.prospect}"


def _result(line: str, pending: PendingCommit | None, state: str) -> Result:
    facts = {
        "state": state if pending else "none",
        "change": str(pending) if pending else None,
        "until": pending.until if pending and not pending.outcome else None,
        "outcome": (pending.outcome or None) if pending else None,
    }
    return Result([line], data=lambda: facts, shows=True)


def refuse_another(env: Env) -> None:
    """Raise InUse if a change is waiting: an auto-revert would undo half of both."""
    found = confirmed_commit.find(confirmed_commit.beside(env.journal))
    if found:
        raise InUse(_description(found), hint="confirm keeps it, confirm back rolls it back now")


def recovered(env: Env, half: Unfinished | Creation) -> None:
    """Record that a change no longer waits, because recover undid it."""
    file = confirmed_commit.beside(env.journal)
    found = confirmed_commit.find(file)
    if found and found.is_cut_off(half):
        confirmed_commit.write(file, found.ended("undone by recover"))


@contextmanager
def within(env: Env, steps: Sequence[Step], seconds: float) -> Iterator[list[str]]:
    """Roll back the changes of the block unless they are confirmed in time.

    Yields a list that receives the messages. The process that rolls back is started before the
    first step, because this one may be killed after any of them. The time counts from the end of
    the block.
    """
    from ..changes import auto_revert

    file = confirmed_commit.beside(env.journal)
    # The journal has the process as well, which identifies the change if it is interrupted.
    about = {**apply.journal(env).about, "process": os.getpid()}
    messages: list[str] = []
    replaced = beside.under_way(beside.Files.of(env.journal))
    confirmed_commit.write(file, PendingCommit.of(steps, about, seconds, replaced))
    try:
        auto_revert.start(auto_revert.Paths.of(env))
        yield messages
    except BaseException:
        if env.session.report.changes:
            # It came after the steps, such as Ctrl-C.
            env.session.last_change = LastChange.UNCONFIRMED
        else:
            os.unlink(file)
        raise
    pending = PendingCommit.of(steps, about, seconds, replaced)
    confirmed_commit.write(file, pending)
    env.session.last_change = LastChange.UNCONFIRMED
    env.session.report.unconfirmed = True
    messages += [f"Applied. It {pending.prospect} unless you run `targetcli confirm`."]
