# SPDX-License-Identifier: Apache-2.0
"""begin, commit and rollback: several commands as one change."""

from __future__ import annotations

from rtslib_ext.errors import Exists, InvalidValue, NotFound

from ..changes import apply, plans
from ..changes.locked import locked
from ..changes.transaction import Transaction, counted
from ..env import Env
from ..result import Result, say
from ..tree import Node


def begin(env: Env, node: Node) -> Result:
    """Start a transaction: queue the changes of the following lines."""
    if env.session.transaction is not None:
        if env.session.transaction.is_dry_run:
            return Result()
        raise Exists(
            "a transaction is already in progress", hint="commit applies it, rollback discards it"
        )
    if not env.session.several:
        raise InvalidValue(
            "begin needs more lines to follow",
            hint="use the shell, or --batch FILE",
        )
    apply.require_root(env)
    Transaction.begin(env)
    return say("Transaction started: changes wait for `commit`; `rollback` discards them.")


def commit(env: Env, node: Node) -> Result:
    """Apply the queued changes, all or nothing."""
    transaction = _in_progress(env)
    if transaction.is_trial:
        return plans.show(env, transaction.plan())
    if transaction.is_dry_run:
        return Result()
    number = transaction.number
    with transaction.suspended(), locked(env, node, "commit"):
        done = transaction.perform()
    lines = [text for result in done for text in (*result.lines, *result.notes)]
    lines.append(f"Committed: {counted(number)}." if number else "There was nothing to commit.")
    return Result(lines, failures=[err for result in done for err in result.failures])


def rollback(env: Env, node: Node) -> Result:
    """Discard the queued changes."""
    transaction = _in_progress(env)
    if transaction.is_dry_run:
        return Result()
    number = transaction.number
    transaction.close()
    return say(f"Discarded: {counted(number)}.")


def _in_progress(env: Env) -> Transaction:
    transaction = env.session.transaction
    if not isinstance(transaction, Transaction):
        raise NotFound("no transaction is in progress", hint="begin starts one")
    return transaction
