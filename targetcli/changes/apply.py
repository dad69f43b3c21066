# SPDX-License-Identifier: Apache-2.0
"""Make the changes of a command: all steps or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rtslib_ext.errors import InUse, KernelRefused, LioError, PermissionDenied, reason
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.kernel import paths, setup
from rtslib_ext.kernel.abi import AUTH_FILES
from rtslib_ext.steps import Action, Context, Step, inverse
from rtslib_ext.steps.operations import BestEffort, Link, Write
from rtslib_ext.transaction import executor
from rtslib_ext.transaction.executor import Outcome, Replan
from rtslib_ext.transaction.journal import Journal

from .. import progress
from ..env import Env
from ..progress import Total, Work
from ..report import Done
from ..result import Result
from . import consent

if TYPE_CHECKING:
    from rtslib_ext.transaction.apply import Change

    from .reused import LoggedIn

_ACCESS = frozenset(
    {"generate_node_acls", "cache_dynamic_acls", "authentication", *AUTH_FILES.values()}
)


def apply(
    env: Env,
    steps: Iterable[Step],
    replan: Replan | None = None,
    *,
    before: Sequence[str] = (),
    agreed: bool = False,
    logged_in: LoggedIn | None = None,
) -> Outcome:
    """Perform all steps or none, or queue them; raises LioError.

    At a terminal, asks first if the steps interrupt initiators, regardless of the command;
    ``before`` and ``agreed`` are as for ``consent.ask``. ``replan`` plans the remaining steps
    again, as for ``executor.perform``. ``logged_in`` is as for ``reused.notes``.
    """
    if env.session.transaction is None:
        setup.prepare(env.fs)
    # Plan all steps before the first one is performed: a refused value changes nothing.
    planned = list(steps)
    if not agreed:
        consent.ask(env, planned, before)
    if env.session.transaction is not None:
        return env.session.transaction.add(planned)
    _refuse_active(env, planned)
    note_reused(env, planned, logged_in)
    context = Context(env.fs)
    try:
        with recording(env, "changing", lambda _: len(planned)) as recorder:
            outcome = executor.perform(context, planned, recorder.observe, journal(env), replan)
            recorder.made |= outcome.made
        _note_effects(env, planned, outcome)
        note_access(env, planned)
        return outcome
    except KernelRefused as err:
        if err.operation == "write":
            err.label = err.label or paths.name_of(err.file)
        raise


def _refuse_active(env: Env, planned: Sequence[Step]) -> None:
    """Raise InUse if steps make objects active that move between hosts, and are in standby here.

    If the record of owners is damaged, raise LioError for objects that exist; those that are
    created, as by undo, are not in standby.
    """
    if not os.path.exists(env.owners):
        return
    # Imported here: few systems have owners.
    from rtslib_ext.owners import states
    from rtslib_ext.steps import quiesce

    active = {*quiesce.made_active(planned)}
    try:
        states.refuse_standby(env.fs, env.owners, active)
    except InUse:
        raise
    except LioError:
        if any(step.path in active and step.action is Action.UPDATE for step in planned):
            raise


def _note_effects(env: Env, planned: Sequence[Step], outcome: Outcome) -> None:
    """Add the notes of the steps to the report, but those that a command itself reports."""
    if not outcome.notes:
        return
    operations = (item for step in planned for item in step.operations)
    attempts = {item.owner for item in operations if isinstance(item, BestEffort)}
    notes = [note for note in outcome.notes if note[0] not in attempts]
    if notes:
        # Imported here: few changes have notes.
        from ..views import notes as view

        env.session.report.asides += view.lines(notes)


def note_access(env: Env, done: Sequence[Step]) -> None:
    """Add notes to the report about initiators that changed access control does not stop."""
    operations = (item for step in done if step.action is Action.UPDATE for item in step.operations)
    if any(isinstance(item, Write) and paths.name_of(item.file) in _ACCESS for item in operations):
        # Imported here: few commands change them.
        from ..views import notes as view
        from . import access

        env.session.report.asides += view.lines(access.notes(env.fs, done))


def note_reused(
    env: Env,
    planned: Sequence[Step],
    logged_in: LoggedIn | None = None,
    renamed: Mapping[str, str] | None = None,
) -> None:
    """Add notes to the report about LUN numbers that initiators know as another disk.

    ``renamed`` are storage objects that stay the same disk: new names by old ones.
    """
    created = (step for step in planned if step.action is Action.CREATE)
    if any(isinstance(item, Link) for step in created for item in step.operations):
        # Imported here: few commands create LUNs.
        from . import reused

        env.session.report.asides += reused.notes(env, planned, logged_in, renamed)


def _renamed(change: Change) -> dict[str, str]:
    """Return the storage objects that get another name, as PLUGIN/NAME: they keep their serial."""
    had, wanted = change.have.storage_objects, change.want.storage_objects
    new = {(key[0], so.wwn): key for key, so in wanted.items() if so.wwn and key not in had}
    pairs = ((key, new.get((key[0], so.wwn or ""))) for key, so in had.items())
    return {"/".join(old): "/".join(key) for old, key in pairs if key and old not in wanted}


def reach(env: Env, change: Change) -> Sequence[Step]:
    """Perform a plan for a whole configuration or none of it, or queue it; return its steps.

    Raises LioError.
    """
    planned, creates = change.plan.steps, change.plan.creates
    if env.session.transaction is not None:
        env.session.transaction.add(planned, change.plan.replaced)
        return planned
    _refuse_active(env, planned)
    note_reused(env, planned, renamed=_renamed(change))
    # Imported here: a single step needs no plan.
    from rtslib_ext.reading import counting
    from rtslib_ext.transaction import apply as applying

    def total(_: int) -> int:
        return counting.wanted(change.want) if creates else len(planned)

    with recording(env, "changing", total, objects_only=creates) as recorder:
        outcome = applying.perform(env.fs, change, recorder.observe, journal(env))
        recorder.made |= outcome.made
    _note_effects(env, planned, outcome)
    note_access(env, planned)
    return recorder.steps if creates else planned


@dataclass(slots=True)
class Recorder:
    """Records the steps that were done, and the shared directories that were created."""

    work: Work
    objects_only: bool
    steps: list[Step] = field(default_factory=list)
    made: set[str] = field(default_factory=set)

    def observe(self, step: Step) -> None:
        """Record a completed step."""
        self.steps.append(step)
        if not (self.objects_only and step.action is Action.UPDATE):
            self.work.count()


@contextmanager
def recording(
    env: Env,
    what: str,
    total: Total,
    *,
    partial: bool = False,
    objects_only: bool = False,
) -> Iterator[Recorder]:
    """Record the steps of a block with a progress bar, and note them as changes when it ends.

    ``partial``: an error does not undo the steps before it, so they are noted as well; the caller
    changes the record of the owners itself.
    ``objects_only``: ``total`` counts created and deleted objects, not their updates.
    """
    with progress.work(env, what, total) as work:
        recorder = Recorder(work, objects_only)
        try:
            yield recorder
        except BaseException:
            if partial:
                note(env, recorder.steps, recorder.made)
            raise
    note(env, recorder.steps, recorder.made)
    if not partial and os.path.exists(env.owners):
        # Imported here: few systems have owners.
        from . import owners

        owners.drop_deleted(env, recorder.steps)
    if not partial and os.path.exists(env.unrestored):
        # Imported here: after most restores nothing is missing.
        from . import running

        _note_other_disks(env, running.prune_record(env, recorder.steps))


def _note_other_disks(env: Env, luns: Sequence[str]) -> None:
    """Add a note to the report for each LUN that is not restored with another disk."""
    if luns:
        from ..views import notes as view

        text = "it could not be restored, and is not any more: its storage object is another disk"
        env.session.report.asides += view.lines([(path, text) for path in luns])


def note(env: Env, changed: Sequence[Step], made: Container[str] = ()) -> None:
    """Note changes and how to undo them; ``made`` are the shared directories they created."""
    env.session.report.changes += changed
    env.session.changed = env.session.changed or bool(changed)
    env.session.unsaved.update(map(key, changed))
    env.session.report.irreversible = env.session.report.irreversible or inverse.why_irreversible(
        changed
    )
    if not env.session.report.irreversible:
        env.session.report.back[:0] = inverse.invert(changed, made)


def key(step: Step) -> tuple[str, str]:
    """Return what a step changes: (shell path, setting); a new or deleted object has no setting."""
    return step.path, step.subject if step.action is Action.UPDATE else ""


def record(env: Env, command: str) -> None:
    """Record a change: for undo in this session, and in the history."""
    # Imported here: commands that change nothing do not need it.
    from ..audit import history

    report = env.session.report
    known = report.back or not report.changes
    irreversible = report.irreversible or ("" if known else "the previous state is not known")
    back = () if irreversible else tuple(report.back)
    number = None
    try:
        number = history.keep(
            env.history,
            command,
            report.changes,
            back,
            irreversible,
            report.undoes,
            report.owners,
            report.networks,
        )
        if report.unrestored is not None:
            from . import running

            running.keep_record(env, number)
    except (OSError, LioError) as err:
        why = reason(err) if isinstance(err, OSError) else err
        print(
            f"the change is not recorded in the history: {env.history}: {why}",
            file=env.stderr,
        )
    if report.unconfirmed:
        from rtslib_ext.transaction import beside, confirmed_commit

        replaced = beside.Replaced(dict(report.owners), dict(report.networks))
        confirmed_commit.complete(confirmed_commit.beside(env.journal), number, replaced)
    _remember(env, command, number, back, irreversible)


def _remember(
    env: Env, command: str, number: int | None, back: tuple[Step, ...], irreversible: str
) -> None:
    """Keep a change for undo in this session, or that of an undo for redo."""
    report, session = env.session.report, env.session
    if number is not None:
        session.recorded.append(number)
    beside = dict(report.owners), dict(report.networks)
    if report.undoing:
        session.undone.append(Done(report.undoing, number, back, irreversible, *beside))
        return
    if not report.redoing:
        session.undone.clear()
    name = report.redoing or command
    session.done.append(Done(name, number, back, irreversible, *beside))


def journal(env: Env) -> Journal:
    """Return the journal of the present command, for recovery if it is killed."""
    about = {
        "command": env.session.report.command,
        "path": env.session.report.path,
        "since": env.session.report.since,
    }
    return Journal(env.journal, about)


def defer(env: Env, text: str, action: Callable[[], Result]) -> Result | None:
    """Queue an action in a transaction, where its result is filled in later; else return None."""
    return (
        env.session.transaction.defer(text, action) if env.session.transaction is not None else None
    )


def only_shown(env: Env, text: str) -> bool:
    """Return True if an irreversible action is only to be shown, because this is a dry run.

    Raises Unsupported in other transactions.
    """
    if not is_dry_run(env) or env.session.transaction is None:
        return False
    env.session.transaction.note(text)
    return True


def is_dry_run(env: Env) -> bool:
    """Return True in a dry run. Raises Unsupported in other transactions."""
    if env.session.transaction is None:
        return False
    env.session.transaction.refuse_irreversible()
    return True


def require_root(env: Env) -> None:
    """Raise PermissionDenied for users other than root."""
    if not env.is_root:
        raise PermissionDenied(
            "This privileged command is disabled: you are not root.", hint="run it with sudo"
        )
