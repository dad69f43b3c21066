# SPDX-License-Identifier: Apache-2.0
"""Apply a configuration: plan, perform all or nothing, verify by reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..config.model import Config
from ..config.sample import sample
from ..errors import LioError, RollbackFailed
from ..fast_dataclasses import dataclass, replace
from ..kernel import setup
from ..kernel.configfs import ReadFS, WriteFS
from ..plan import demo_mode
from ..plan.builder import Plan
from ..plan.rtpi import without_duplicates
from ..reading.part import PartReader
from ..reading.reader import Reader
from ..steps import Context, Step
from ..steps.step import REPAIR
from . import creation, executor
from .executor import Observer, Outcome
from .journal import Journal
from .planning import planned


@dataclass(frozen=True, slots=True)
class Change:
    """A plan, with the configurations before and after it."""

    have: Config
    want: Config
    plan: Plan


@dataclass(frozen=True, slots=True)
class PartChange(Change):
    """A change of which ``have`` is only a part of the running configuration.

    ``read`` reads this part again, ``reserved`` are as in ``Context``.
    """

    read: Callable[[ReadFS], Config]
    reserved: frozenset[int] = frozenset()


def prepare(
    fs: ReadFS, want: Config, have: Config | None = None, *, unseen: bool = False
) -> Change:
    """Return the change from the running configuration to ``want``.

    ``have`` is the running configuration if it was already read. ``unseen``: the steps
    are not shown before they are performed, so none are made yet if all of them create objects.
    Raises KernelRefused if it cannot be read, KeyError for an unknown fabric. What cannot be
    created or set, such as a LUN of a missing storage object, becomes a step that raises the
    reason.
    """
    if have is None:
        have = Reader(fs).config()
    if unseen and have.is_empty and not want.is_empty:
        want, notes = without_duplicates(want)
        want, kept = demo_mode.consistent(have, want)
        return Change(have, want, Plan(notes=(*notes, *kept), creates=True))
    return Change(have, want, planned(fs, have, want))


def perform(
    fs: WriteFS,
    change: Change,
    observer: Observer | None = None,
    journal: Journal | None = None,
) -> Outcome:
    """Perform a whole plan or nothing.

    On a failure or an interrupt the previous state is restored and verified by reading it. Raises
    LioError or KeyboardInterrupt with the cause, RollbackFailed if the previous state could not be
    restored; a journal then keeps the steps left.
    """
    setup.prepare(fs)
    context = Context(fs)
    if isinstance(change, PartChange):
        context.reserved = change.reserved
    steps: Iterable[Step] = change.plan.steps
    if change.plan.creates:
        steps = creation.steps(context, change.want)
        if journal:
            creation.record(journal, change.want)
    try:
        return executor.perform(context, steps, observer, journal)
    except RollbackFailed:
        raise
    except (LioError, KeyboardInterrupt) as err:
        now = change.read(fs) if isinstance(change, PartChange) else None
        left = prepare(fs, change.have, now).plan.steps
        if left:
            if journal:
                journal.leave([_backwards(step) for step in reversed(left)])
            raise RollbackFailed(
                f"{err or 'interrupted'}; and the previous state was not restored: "
                + "; ".join(map(str, left)),
                hint=REPAIR,
            ) from err
        raise


def _backwards(step: Step) -> Step:
    """Return a completed step that is reversed by performing ``step``."""
    return replace(step, operations=(), undo=step.operations)


def differences(fs: ReadFS, change: Change, read: Callable[[], Config] | None = None) -> Plan:
    """Return the plan that is left after an apply; it is empty if all values took effect.

    ``read`` reads the running configuration. Where everything is new, it is not called if the
    kernel changed nothing in one object of each kind: what it makes of a value depends on no other.
    """
    if change.plan.creates or change.have.is_empty:
        part = sample(change.want)
        if not prepare(fs, part, PartReader(fs, part).config()).plan:
            return Plan()
    return prepare(fs, change.want, read() if read else None).plan
