# SPDX-License-Identifier: Apache-2.0
"""Make the running configuration what is wanted: plan, perform whole, verify by reading."""

from __future__ import annotations

from ..config.model import Config
from ..errors import LioError, RollbackFailed
from ..fast_dataclasses import dataclass, replace
from ..kernel import paths, setup
from ..kernel.configfs import ReadFS, WriteFS
from ..plan import Plan, plan
from ..reading.reader import Reader
from ..steps import Context, Step
from ..steps.step import REPAIR
from ..usage import reservations
from . import executor
from .executor import Observer, Outcome
from .journal import Journal


@dataclass(frozen=True, slots=True)
class Change:
    """A plan with what it starts from and what it leads to."""

    have: Config
    want: Config
    plan: Plan


def prepare(fs: ReadFS, want: Config, have: Config | None = None) -> Change:
    """The plan that makes ``want`` of what runs; ``have`` is what runs where that is known."""
    if have is None:
        have = Reader(fs).config()
    dbroot = setup.dbroot(fs)
    found = plan(
        have,
        want,
        paths.locator(fs),
        paths.HbaAllocator(fs),
        lambda serial: reservations.kept(dbroot, serial),
    )
    return Change(have, want, found)


def perform(
    fs: WriteFS,
    change: Change,
    observer: Observer | None = None,
    journal: Journal | None = None,
) -> Outcome:
    """Do all of a plan or none.

    On any failure, an interrupt included, the old state is brought back, which is verified by
    reading it. Raises LioError, RollbackFailed where something of it is not back.
    """
    setup.prepare(fs)
    try:
        return executor.perform(Context(fs), change.plan.steps, observer, journal)
    except RollbackFailed:
        raise
    except (LioError, KeyboardInterrupt) as err:
        left = prepare(fs, change.have).plan.steps
        if left:
            if journal:
                journal.leave([_backwards(step) for step in reversed(left)])
            raise RollbackFailed(
                f"{err or 'interrupted'}; and this is not as it was: " + "; ".join(map(str, left)),
                hint=REPAIR,
            ) from err
        raise


def _backwards(step: Step) -> Step:
    """A step that was done, and that doing ``step`` takes back."""
    return replace(step, operations=(), undo=step.operations)


def differences(fs: ReadFS, change: Change, have: Config | None = None) -> Plan:
    """What of ``want`` the kernel did not make so; nothing after a good apply.

    ``have`` is what runs by now where that was read again.
    """
    return prepare(fs, change.want, have).plan
