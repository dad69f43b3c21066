# SPDX-License-Identifier: Apache-2.0
"""A confirmed commit (NETCONF, RFC 6241 section 8.4): reverted unless confirmed in time.

Its file is beside the journal, on a file system that a reboot clears along with the running
configuration. It holds the steps of the revert while the commit is pending, afterwards the outcome.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import Any

from ..errors import InUse, LioError
from ..fast_dataclasses import asdict, dataclass, field, replace
from ..files import atomic, trusted
from ..kernel.configfs import WriteFS
from ..steps import Context, Step, codec, field_types, inverse
from ..steps.operations import MakeShared
from . import beside as besides
from . import executor, recovery
from . import journal as journals
from .beside import Replaced
from .journal import Creation, Journal, Unfinished


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """A commit that is pending while ``outcome`` is "", and over otherwise.

    ``about`` describes it without secrets. ``seconds`` is the time to confirm it; it ends at
    ``until`` in Unix time, for display, and at ``deadline`` in CLOCK_BOOTTIME, which is never set
    and counts suspended time. ``back`` are the steps of the revert, ``replaced`` is what it
    restores beside the kernel (``beside``). ``number`` is that of the commit in the history; None
    if it is not recorded. The field names are keys of the file.
    """

    about: dict[str, Any]
    seconds: float
    until: float
    deadline: float
    back: tuple[dict[str, Any], ...] = ()
    outcome: str = ""
    number: int | None = None
    replaced: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        steps: Sequence[Step],
        about: dict[str, Any],
        seconds: float,
        replaced: Replaced | None = None,
    ) -> PendingCommit:
        """Return a commit of ``steps`` that is pending from now on."""
        back = tuple(codec.encode(step) for step in inverse.invert(steps, _hbas(steps)))
        end, now = time.time() + seconds, _now()
        plain = (replaced or Replaced()).plain()
        return cls(about, seconds, end, now + seconds, back, replaced=plain)

    @property
    def left(self) -> float:
        """The seconds until it is reverted."""
        return self.deadline - _now()

    @property
    def is_overdue(self) -> bool:
        """Return True if the time to confirm it is over."""
        return self.left <= 0

    @property
    def prospect(self) -> str:
        """Return when it is rolled back: a time of today, or a date and time."""
        if self.is_overdue:
            return "is rolled back by the next change"
        until = time.localtime(self.until)
        is_today = until[:3] == time.localtime()[:3]
        when = time.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S", until)
        return f"is rolled back automatically at {when}"

    def __str__(self) -> str:
        return f"{self.about.get('command')} on {self.about.get('path')}"

    def is_cut_off(self, half: Unfinished | Creation) -> bool:
        """Return True if the journal ``half`` is of this commit, which was interrupted.

        The process is not enough: a shell makes several changes, its roll-back too.
        """
        return all(half.about.get(key) == self.about.get(key) for key in ("process", "since"))

    def ended(self, outcome: str) -> PendingCommit:
        """Return it with an outcome, and without its steps, which contain passwords."""
        return replace(self, back=(), replaced={}, outcome=outcome)


def _hbas(steps: Sequence[Step]) -> set[str]:
    """Return the HBAs of new storage objects, which are removed with them."""
    operations = (item for step in steps for item in step.operations)
    return {
        item.directory for item in operations if isinstance(item, MakeShared) and not item.module
    }


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def beside(journal: str) -> str:
    """Return the path of the file, which is beside the journal."""
    return f"{os.path.dirname(journal)}/waiting"


def write(path: str, commit: PendingCommit) -> None:
    """Write the file atomically, readable for root only: the steps contain passwords."""
    trusted.make_directory(os.path.dirname(path))
    atomic.replace(path, json.dumps(asdict(commit)).encode())


def complete(path: str, number: int | None, replaced: Replaced) -> None:
    """Add the number in the history, if it is recorded there, and all that was replaced."""
    commit = find(path)
    if commit:
        write(path, replace(commit, number=number, replaced=replaced.plain()))


def last(path: str) -> PendingCommit | None:
    """Return the last commit, pending or not; None without one.

    Raises LioError if the file is damaged, or cannot be read.
    """
    try:
        data = journals.contents(path)
        return _decoded(json.loads(data.decode(errors="surrogateescape")))
    except FileNotFoundError:
        return None
    except (OSError, trusted.Untrusted, *field_types.MALFORMED) as err:
        raise LioError(
            f"{path} is damaged, so the change that waits for confirmation is unknown",
            hint="check the running configuration, then remove the file",
        ) from err


def _decoded(fields: Any) -> PendingCommit:
    """Return the commit that a file describes; raises one of field_types.MALFORMED."""
    commit = PendingCommit(**{**fields, "back": tuple(fields["back"])})
    journals.checked_about(commit.about)
    times = (commit.seconds, commit.until, commit.deadline)
    if not all(type(item) in (int, float) and 0 <= item < field_types.LATEST for item in times):
        raise ValueError("not a time")
    if not isinstance(commit.outcome, str) or not isinstance(commit.number, int | None):
        raise TypeError("outcome or number has another type")
    besides.from_plain(commit.replaced)
    # Their values are converted when they are needed.
    for step in commit.back:
        codec.decode(step)
    return commit


def find(path: str) -> PendingCommit | None:
    """Return the pending commit; None without one.

    Raises LioError if the file is damaged.
    """
    commit = last(path)
    return commit if commit and not commit.outcome else None


def blocking(commit: PendingCommit, journal: str) -> Unfinished | Creation | None:
    """Return another interrupted change, which must be recovered before the revert; or None."""
    half = journals.find(journal)
    return half if half and not commit.is_cut_off(half) else None


def revert(fs: WriteFS, commit: PendingCommit, journal: Journal) -> Sequence[Step]:
    """Revert a pending commit, all of it or nothing; return the steps, for the history.

    Of an interrupted commit the completed part is reverted; there are no steps to record, because
    the history does not have it either. Raises LioError if other processes changed the same
    objects since (as revert does), InUse if another change was interrupted.
    """
    half = journals.find(journal.path)
    context = Context(fs)
    if half is None:
        back = inverse.revalidate(fs, [codec.decode(step) for step in commit.back])
        executor.perform(context, back, journal=journal)
        return back
    if not commit.is_cut_off(half):
        raise InUse("another change was interrupted", hint="run recover first")
    left = recovery.undo(context, half)
    if left:
        raise LioError("; ".join(left))
    return ()
