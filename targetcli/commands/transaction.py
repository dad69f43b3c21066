# SPDX-License-Identifier: Apache-2.0
"""begin, commit and rollback: several lines as one change."""

from __future__ import annotations

from rtslib_ext.errors import Exists, InvalidValue, NotFound

from ..changes import apply
from ..changes.transaction import Transaction, counted
from ..env import Env
from ..result import Result, say
from ..tree import Node


def begin(env: Env, node: Node) -> Result:
    """Collect the changes of the lines that follow."""
    if env.session.transaction is not None:
        if env.session.transaction.is_dry_run:
            return Result()
        raise Exists("changes are being collected already", hint="commit does them")
    if not env.session.several:
        raise InvalidValue(
            "begin collects the lines that follow, and there are none",
            hint="use the shell, or --batch FILE",
        )
    apply.require_root(env)
    Transaction.begin(env)
    return say("Transaction started: changes are queued until `commit`; `rollback` discards them.")


def commit(env: Env, node: Node) -> Result:
    """Do what was collected, all or nothing."""
    found = _begun(env)
    if found.is_dry_run:
        return Result()
    number = found.number
    with found.suspended(), apply.locked(env, node, "commit"):
        done = found.perform()
    lines = [text for result in done for text in (*result.lines, *result.notes)]
    lines.append(f"Committed: {counted(number)}." if number else "There was nothing to do.")
    return Result(lines, failures=[err for result in done for err in result.failures])


def rollback(env: Env, node: Node) -> Result:
    """Forget what was collected."""
    found = _begun(env)
    if found.is_dry_run:
        return Result()
    number = found.number
    found.close()
    return say(f"Forgotten: {counted(number)}.")


def _begun(env: Env) -> Transaction:
    found = env.session.transaction
    if not isinstance(found, Transaction):
        raise NotFound("no changes are being collected", hint="begin starts that")
    return found
