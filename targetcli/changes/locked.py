# SPDX-License-Identifier: Apache-2.0
"""The lock of a command that changes something, and what an earlier change left to do under it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from rtslib_ext.config.printable import printable
from rtslib_ext.transaction import journal as journals
from rtslib_ext.transaction.lock import LastChange, change_lock

from ..env import Env
from ..tree import Node
from . import apply

# What stops a process at its terminal: Ctrl-Z, and with "stty tostop" writing in the background.
_STOPS = (signal.SIGTSTP, signal.SIGTTOU)
# The commands that complete an interrupted restore, or clear what it created.
_ENDING = ("restoreconfig", "restore_pending", "clearconfig")


@contextmanager
def locked(env: Env, node: Node, command: str) -> Iterator[None]:
    """Hold the lock for a change; prints its holder after a second of waiting.

    Queued changes need no lock: commit takes it.
    """
    if env.session.transaction is not None:
        _refuse_unfinished(env, command)
        yield
        return

    def show(holder: str) -> None:
        print(printable(holder), file=env.stderr)

    holding = change_lock(
        f"{node.path} {command}", path=env.lock_file, wait=env.options.wait, waiting=show
    )
    with _stopped_later(), holding as held:
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        env.session.last_change = held.left
        _settle(env)
        # A process that was killed could not leave a note, but its journal.
        if held.left is LastChange.UNCONFIRMED or os.path.exists(env.journal):
            _roll_back_overdue(env)
        _refuse_unfinished(env, command)
        if held.left is LastChange.UNCONFIRMED:
            held.leaves = env.session.last_change = _still_waiting(env, command)
        try:
            yield
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{node.path}: {_interrupted(env)}") from None
        finally:
            if env.session.last_change is LastChange.UNCONFIRMED:
                held.leaves = LastChange.UNCONFIRMED
            # Record the changes made before a failure as well.
            report = env.session.report
            if report.changes or report.owners or report.networks:
                apply.record(env, f"{node.path} {env.session.report.text}")
        held.leaves = _leaves(env, command, held.left)


@contextmanager
def _stopped_later() -> Iterator[None]:
    """Stop at the end for a Ctrl-Z that the block deferred, when others can have the lock."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _settle(env: Env) -> None:
    """End the records of an earlier change, unless it left a journal for ``recover``."""
    records = os.path.exists(env.owners) or os.path.exists(env.allowed_networks)
    if not records or os.path.exists(env.journal):
        return
    # Imported here: few systems have owners or allowed networks.
    from rtslib_ext.transaction import beside

    files = beside.Files.of(env.journal)
    if beside.is_unfinished(files):
        for text in beside.settle(files):
            print(f"Note: {printable(text)}", file=env.stderr)


def _refuse_unfinished(env: Env, command: str) -> None:
    """Raise InUse if an earlier change was interrupted, except in commands that end it."""
    if command != "recover":
        journals.refuse_unfinished(env.journal, but_restores=command in _ENDING)


def _leaves(env: Env, command: str, left: LastChange) -> LastChange:
    """Return the note for the next process, after a command that succeeded."""
    if command == "clearconfig":
        return LastChange.CLEARED
    if command == "saveconfig":
        # It changes nothing, so the change before it is still the last one.
        return left
    # No other command needs to look for a change that is waiting.
    waiting = env.session.last_change is LastChange.UNCONFIRMED
    return LastChange.UNCONFIRMED if waiting else LastChange.OTHER


def _interrupted(env: Env) -> str:
    number = len(env.session.report.changes)
    if not number:
        return "interrupted, nothing was changed"
    return f"interrupted after {number} changes, which are kept (revert undoes them)"


def _roll_back_overdue(env: Env) -> None:
    """Roll back a change that was not confirmed in time: its own process may be gone."""
    # Imported here, as below: nothing else needs it.
    from rtslib_ext.transaction import confirmed_commit

    file = confirmed_commit.beside(env.journal)
    found = confirmed_commit.find(file)
    if found is None or not found.is_overdue or confirmed_commit.blocking(found, env.journal):
        return
    from . import auto_revert

    ended = auto_revert.roll_back(auto_revert.Paths.of(env), found)
    print(f"Note: {ended} was not confirmed in time: {ended.outcome}", file=env.stderr)


def _still_waiting(env: Env, command: str) -> LastChange:
    """Print a note about a change that waits for confirm; return UNCONFIRMED if there is one."""
    # Imported here: nothing else needs it.
    from rtslib_ext.transaction import confirmed_commit

    found = confirmed_commit.find(confirmed_commit.beside(env.journal))
    if found is None:
        return LastChange.OTHER
    if command != "confirm":
        print(f"Note: {printable(str(found))} {found.prospect} unless confirmed", file=env.stderr)
    return LastChange.UNCONFIRMED
