# SPDX-License-Identifier: Apache-2.0
"""clearconfig, and what restoreconfig shares with it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext, suppress

from rtslib_ext.config.model import Config
from rtslib_ext.errors import InvalidValue, LioError, NotFound, RestoreIncomplete
from rtslib_ext.steps import Action
from rtslib_ext.transaction import clear
from rtslib_ext.transaction.executor import Outcome
from rtslib_ext.transaction.journal import find_restore

from ..changes import apply, consent, prompt, running
from ..changes.apply import Recorder
from ..env import Env
from ..progress import Total
from ..result import Result, say
from ..tree import Node


def clearconfig(env: Env, node: Node, confirm: bool, savefile: str | None) -> Result:
    """Delete the whole running configuration; ``savefile`` is restored next."""
    if not confirm:
        raise InvalidValue(
            "As a precaution, confirm=True needs to be set", hint="clearconfig confirm=true"
        )
    if env.session.transaction is not None:
        env.session.transaction.refuse_irreversible()
    with _before_restoring(env, savefile):
        problems = cleared(env)
    if env.session.transaction is None:
        if find_restore(env.journal):
            os.unlink(env.journal)
        forget(env)
    if problems:
        text = "\n".join(["the configuration could not be cleared:", *map(line, problems)])
        raise RestoreIncomplete(text, causes=problems)
    return say("All configuration cleared")


def forget(env: Env) -> None:
    """Drop the records about the configuration: it was cleared on purpose."""
    running.set_unrestored(env)
    if os.path.exists(env.owners):
        # Imported here: few systems have owners.
        from ..changes import owners

        owners.forget(env)


def _before_restoring(env: Env, savefile: str | None) -> AbstractContextManager[None]:
    if env.session.transaction is not None:
        return nullcontext()
    # Imported here: a dry run needs none.
    from ..changes import clearing

    if savefile is None:
        return clearing.replacing(env, None, lambda: clearing.NOTHING)
    # Imported here: only the stop of the service names a file.
    from rtslib_ext.savefile import disk

    from .save_files import path_of

    path = path_of(env, savefile)
    return clearing.stopping(env, lambda: disk.read(path))


def cleared(env: Env, part: Config | None = None) -> list[LioError]:
    """Delete the whole configuration, or ``part`` of it; return an error for each failure.

    If a user may undo it, it is read first; a service that stops does not wait for
    that. What cannot be read is deleted anyway.
    """
    have = None
    if env.session.several or env.on_terminal:
        with suppress(LioError):
            have = running.read(env)
    if have is not None and prompt.is_possible(env):
        consent.ask(env, clear.planned(env.fs, have, part))
    with recording(env, "clearing", lambda done: done + _running(env)) as recorder:
        if part is None:
            return causes(clear.everything(env.fs, recorder.observe, have, host=env.host))
        return causes(clear.part(env.fs, part, recorder.observe, have, host=env.host))


def recording(env: Env, what: str, total: Total) -> AbstractContextManager[Recorder]:
    """Record changes that an error or an interrupt does not undo."""
    return apply.recording(env, what, total, partial=True, objects_only=True)


def causes(outcome: Outcome) -> list[LioError]:
    """Return an error for each object that could not be created or deleted as planned."""
    causes = []
    for failure in outcome.failures:
        failure.error.path = failure.error.path or failure.step.path
        failure.error.prefix(failure.step.text)
        causes.append(failure.error)
    for step in outcome.skipped:
        if step.action is Action.CREATE:
            causes.append(NotFound(f"{step.text}: an object it needs is missing", path=step.path))
    return causes


def line(cause: LioError) -> str:
    """Return a failure in one line, with its cure."""
    path = f"{cause.path}: " if cause.path else ""
    hint = f" ({cause.hint})" if cause.hint else ""
    return f"{path}{cause}{hint}, skipped"


def _running(env: Env) -> int:
    # Imported here: only a bar needs the number.
    from rtslib_ext.reading import counting

    return counting.running(env.fs)
