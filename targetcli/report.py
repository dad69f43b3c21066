# SPDX-License-Identifier: Apache-2.0
"""The report of a line, filled in while it runs, for --json and the history."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rtslib_ext.fast_dataclasses import dataclass, field

from .result import Result

if TYPE_CHECKING:
    from rtslib_ext.steps import Step


Networks = tuple[tuple[str, ...], tuple[str, ...]]
"""Networks before and after a change."""


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was made: the steps that undo it, or why it is irreversible.

    ``number`` is its number in the history; None if it could not be recorded.
    """

    command: str
    number: int | None
    back: tuple[Step, ...]
    irreversible: str = ""
    owners: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """The owners before and after it, by shell path, where they changed; "": no owner."""
    networks: Mapping[str, Networks] = field(default_factory=dict)
    """The allowed networks before and after it, by portal, where they changed; (): all."""


@dataclass(slots=True)
class Report:
    """The report of a line, or of one object that a path with wildcards matched.

    ``command`` and ``path`` are None until they are known; ``changes`` are the steps that were
    done and not rolled back. ``parts`` has a report for each matched object.
    """

    command: str | None = None
    path: str | None = None
    messages: list[str] = field(default_factory=list)
    data: object = None
    changes: list[Step] = field(default_factory=list)
    created: str | None = None
    failures: list[Exception] = field(default_factory=list)
    parts: list[Report] | None = None
    dry_run: bool = False
    """Whether the data shows what would be done."""
    failed: int = 1
    """The exit status if it failed."""
    text: str = ""
    """The line without its path, passwords masked."""
    typed: str = field(default="", repr=False)
    """The line as it was typed."""
    asides: list[str] = field(default_factory=list)
    """Notes about the effect of its changes, which do not depend on the command."""
    before_plan: list[str] = field(default_factory=list)
    """Lines of the command that belong before its plan, in a dry run or a transaction."""
    beside_plan: dict[str, object] = field(default_factory=dict)
    """Values that belong beside those of its plan then."""
    back: list[Step] = field(default_factory=list)
    """The steps that undo the changes, in order."""
    irreversible: str = ""
    """Why they cannot be undone; "" if they can."""
    undoes: int | None = None
    """The number in the history of the change that this one undoes."""
    unrestored: str | None = None
    """The record of unrestored objects before the command, if it changed it; "" without one."""
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The owners before and after the command, by shell path, where they changed; "": no owner."""
    networks: dict[str, Networks] = field(default_factory=dict)
    """The allowed networks before and after it, by portal, where they changed; (): all."""
    unconfirmed: bool = False
    """Whether the change is reverted unless it is confirmed in time."""
    undoing: str = ""
    """The command that this one, undo, undoes; redo undoes this one, undo does not."""
    redoing: str = ""
    """The command that this one, redo, makes again."""
    since: float = field(default_factory=time.time)
    """When it began: its journal, and what waits for confirmation, are of one change."""

    def take(self, result: Result) -> None:
        """Fill in the result of a command, and make its data; raises LioError."""
        messages = () if result.shows else result.lines
        self.messages = [*messages, *result.notes]
        self.data = result.data() if result.data else None
        self.created = result.created
        self.failures += result.failures
