# SPDX-License-Identifier: Apache-2.0
"""A change that goes back by itself unless it is confirmed in time: its file, and going back.

The file lies beside the journal of changes, where a restart of the machine removes it, as that
removes the change. While the change waits it holds the steps; afterwards what became of it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import Any

from ..errors import InUse, LioError
from ..fast_dataclasses import asdict, dataclass, replace
from ..host import atomic
from ..kernel.configfs import WriteFS
from ..steps import Context, Step, codec, inverse
from ..steps.operations import MakeShared
from . import executor, recovery
from . import journal as journals
from .journal import Journal, Unfinished


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """A change that waits, or waited: ``outcome`` is "" while it does, else what became of it.

    ``about`` tells what it is, without secrets. ``until`` is when it goes back, in Unix time for
    people; ``deadline`` is the same on the clock that nobody sets and that runs while the machine
    sleeps. ``seconds`` is how long it waits. ``back`` are the steps that take it back.
    """

    about: dict[str, Any]
    seconds: float
    until: float
    deadline: float
    back: tuple[dict[str, Any], ...] = ()
    outcome: str = ""

    @classmethod
    def of(cls, steps: Sequence[Step], about: dict[str, Any], seconds: float) -> PendingCommit:
        """A change that waits from now on."""
        back = tuple(codec.encode(step) for step in inverse.invert(steps, _hbas(steps)))
        return cls(about, seconds, time.time() + seconds, _now() + seconds, back)

    @property
    def left(self) -> float:
        """The seconds until it goes back."""
        return self.deadline - _now()

    def __str__(self) -> str:
        return f"{self.about.get('command')} on {self.about.get('path')}"

    def is_cut_off(self, half: Unfinished) -> bool:
        """Whether this is the change that a journal tells to have been cut off half way."""
        return half.about.get("process") == self.about.get("process")

    def ended(self, outcome: str) -> PendingCommit:
        """The same once it is over; its steps, which have passwords in them, are forgotten."""
        return replace(self, back=(), outcome=outcome)


def _hbas(steps: Sequence[Step]) -> set[str]:
    """The HBAs of new storage objects, which go with them."""
    operations = (item for step in steps for item in step.operations)
    return {
        item.directory for item in operations if isinstance(item, MakeShared) and not item.module
    }


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def beside(journal: str) -> str:
    """Where the file is, by the journal of changes."""
    return f"{os.path.dirname(journal)}/waiting"


def write(path: str, waiting: PendingCommit) -> None:
    """Write the file, all of it or none; only root may read the steps."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    atomic.replace(path, json.dumps(asdict(waiting)).encode())


def last(path: str) -> PendingCommit | None:
    """The change that waits or that waited last; raises LioError for a file that is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            found = json.load(file)
        return PendingCommit(**{**found, "back": tuple(found["back"])})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as err:
        raise LioError(
            f"{path} does not tell which change waits for confirmation",
            hint="look at what runs, then remove it",
        ) from err


def find(path: str) -> PendingCommit | None:
    """The change that waits, if there is one; raises LioError for a file that is none."""
    found = last(path)
    return found if found and not found.outcome else None


def in_the_way(found: PendingCommit, journal: str) -> Unfinished | None:
    """Another change that was cut off half way, and has to be ended first."""
    half = journals.find(journal)
    return half if half and not found.is_cut_off(half) else None


def go_back(fs: WriteFS, found: PendingCommit, journal: Journal) -> None:
    """Take a change back that waited, all of it or nothing; raises LioError.

    Of one that was cut off half way itself, what was done of it. What others changed since is in
    the way, as it is of revert.
    """
    half = journals.find(journal.path)
    context = Context(fs)
    if half is None:
        back = inverse.revalidate(fs, [codec.decode(step) for step in found.back])
        executor.perform(context, back, journal=journal)
        return
    if not found.is_cut_off(half):
        raise InUse("another change was cut off half way", hint="recover ends that one")
    left = recovery.undo(context, half)
    if left:
        raise LioError("; ".join(left))
