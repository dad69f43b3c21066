# SPDX-License-Identifier: Apache-2.0
"""recover: roll back or complete a change whose process was killed."""

from __future__ import annotations

import os

from rtslib_ext.errors import InvalidValue, LioError, RollbackFailed
from rtslib_ext.steps import Context
from rtslib_ext.transaction import journal as journals
from rtslib_ext.transaction import recovery
from rtslib_ext.transaction.journal import Creation, Unfinished

from ..changes import allowed, apply
from ..env import Env
from ..result import Aside, Result, say
from ..tree import Node
from . import clear, confirm, restoreconfig


def recover(env: Env, node: Node, action: str) -> Result:
    """Undo or finish a change that was interrupted."""
    if action not in ("undo", "finish"):
        raise InvalidValue(f"action must be undo or finish, not {action!r}")
    unfinished = journals.find(env.journal)
    if unfinished is None:
        return say("No change was interrupted")
    if apply.only_shown(env, f"{action} {unfinished}"):
        return Result()
    if action == "finish":
        if unfinished.undone is not None:
            raise InvalidValue("its rollback had started already", hint="recover undo completes it")
        if isinstance(unfinished, Creation) and unfinished.can_continue:
            return restoreconfig.complete(env, unfinished)
        _finish(env, unfinished)
    else:
        left = recovery.undo(Context(env.fs), unfinished)
        if left:
            listed = "; ".join(left)
            raise RollbackFailed(
                f"{unfinished}: could not be undone: {listed}",
                hint="remove the cause and run it again, or repair it and remove "
                f"{unfinished.path}",
            )
        confirm.recovered(env, unfinished)
        if isinstance(unfinished, Creation) and unfinished.clears_first:
            clear.forget(env)
    # As after a kill (transaction.beside), in this order.
    notes = allowed.recovered(env, undone=action == "undo")
    if os.path.exists(env.owners):
        # Imported here: few systems have owners.
        from ..changes import owners

        owners.recovered(env, undone=action == "undo")
    done = "undone" if action == "undo" else "finished"
    return Result([f"{unfinished}: {done}", *(Aside(f"Note: {text}") for text in notes)])


def _finish(env: Env, unfinished: Unfinished | Creation) -> None:
    try:
        done = recovery.finish(Context(env.fs), unfinished).done
    except RollbackFailed:
        raise
    except LioError as err:
        confirm.recovered(env, unfinished)
        err.prefix("this could not be finished, all of it was rolled back")
        raise
    apply.note(env, done)
    env.session.report.irreversible = "the steps completed before the interruption are not known"
