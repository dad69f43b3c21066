# SPDX-License-Identifier: Apache-2.0
"""Changes that go back by themselves unless they are confirmed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rtslib_ext.errors import InUse, InvalidValue, LioError, NotFound
from rtslib_ext.steps import Step
from rtslib_ext.transaction import confirmed_commit
from rtslib_ext.transaction.confirmed_commit import PendingCommit
from rtslib_ext.transaction.journal import Unfinished

from ..changes import apply
from ..env import Env
from ..result import Result
from ..tree import Node

ACTIONS = ("keep", "status", "back")


def confirm(env: Env, node: Node, action: str) -> Result:
    """Keep a change that would go back by itself."""
    if action not in ACTIONS:
        raise InvalidValue(f"action must be one of: {', '.join(ACTIONS)}")
    if action != "status" and apply.only_shown(env, f"confirm action={action}"):
        return Result()
    file = confirmed_commit.beside(env.journal)
    found = confirmed_commit.find(file)
    if action == "status":
        last = found or confirmed_commit.last(file)
        line = _told(last) if last else "No change waits for confirmation"
        return _result(line, last, "waits" if found else "ended")
    if found is None:
        raise NotFound("no change waits for confirmation", hint=_ended(file))
    if action == "back":
        # Imported here, as below: nobody else starts processes.
        from ..changes import auto_revert

        found = auto_revert.back(file, env.journal, found)
        if not found.outcome.startswith("went back"):
            raise LioError(f"{found}: {found.outcome}", hint="diff shows what runs")
        return _result(_told(found), found, "ended")
    os.unlink(file)
    env.session.last_change = ""
    line = f"Confirmed: {found}, which would have gone back at {_clock(found)}"
    return _result(line, found, "confirmed")


def _ended(file: str) -> str:
    last = confirmed_commit.last(file)
    return _told(last) if last else "apply --confirm-within 60s makes one that does"


def _told(found: PendingCommit) -> str:
    if found.outcome:
        return f"{found}: {found.outcome}"
    return f"{found} waits for confirmation; without it, it goes back at {_clock(found)}"


def _clock(found: PendingCommit) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found.until))


def _result(line: str, found: PendingCommit | None, state: str) -> Result:
    facts = {
        "state": state if found else "none",
        "change": str(found) if found else None,
        "until": found.until if found and not found.outcome else None,
        "outcome": (found.outcome or None) if found else None,
    }
    return Result([line], data=lambda: facts, shows=True)


def refuse_another(env: Env) -> None:
    """Refuse a plan on top of one that waits: what goes back would be half of both."""
    found = confirmed_commit.find(confirmed_commit.beside(env.journal))
    if found:
        raise InUse(_told(found), hint="confirm keeps it, confirm back takes it back now")


def taken_back(env: Env, half: Unfinished) -> None:
    """Note that a change does not wait any more, as recover took it back."""
    file = confirmed_commit.beside(env.journal)
    found = confirmed_commit.find(file)
    if found and found.is_cut_off(half):
        confirmed_commit.write(file, found.ended("recover took it back"))


@contextmanager
def within(env: Env, steps: Sequence[Step], seconds: float) -> Iterator[list[str]]:
    """Have what the block does go back by itself; the list is filled with what to tell.

    The process that takes it back is there before the first step is done: who makes the change
    may be gone after any of them. The time counts from the end of the block.
    """
    from ..changes import auto_revert

    file = confirmed_commit.beside(env.journal)
    # The journal names the process too: so a change that was cut off is known for this one.
    about = {**apply.journal(env).about, "process": os.getpid()}
    said: list[str] = []
    confirmed_commit.write(file, PendingCommit.of(steps, about, seconds))
    try:
        auto_revert.start(file, env.lock_file, env.journal)
        yield said
    except BaseException:
        os.unlink(file)
        raise
    found = PendingCommit.of(steps, about, seconds)
    confirmed_commit.write(file, found)
    env.session.last_change = apply.WAITING
    said += [_told(found), "Confirm it with: targetcli confirm"]
