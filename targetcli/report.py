# SPDX-License-Identifier: Apache-2.0
"""What became of a line, noted down while it is run: what --json tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtslib_ext.fast_dataclasses import dataclass, field

from .result import Result

if TYPE_CHECKING:
    from rtslib_ext.steps import Step


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was done: how it is taken back, or why it cannot be.

    ``number`` is the one that it has in the history; None when it could not be kept there.
    """

    command: str
    number: int | None
    back: tuple[Step, ...]
    irreversible: str = ""


@dataclass(slots=True)
class Report:
    """One line, or one of the objects that a line with ``*`` in its path was run on.

    ``command`` and ``path`` are None until they are known; ``changes`` are the steps that were
    done and stayed. ``parts`` has a report for each object where the path stood for several.
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
    """Whether its data is what would be done."""
    failed: int = 1
    """The exit status when it failed."""
    text: str = ""
    """The line without its path, secrets masked."""
    back: list[Step] = field(default_factory=list)
    """The steps that take the changes back, in the order to do them."""
    irreversible: str = ""
    """Why they cannot be taken back, where that is so."""
    undoes: int | None = None
    """The number of the change that this one takes back, in the history."""
    undoing: bool = False
    """Whether it is undo, which is not undone itself."""

    def take(self, result: Result) -> None:
        """Take what a command returned; makes its data, which may raise LioError."""
        said = () if result.shows else result.lines
        self.messages = [*said, *result.notes]
        self.data = result.data() if result.data else None
        self.created = result.created
        self.failures += result.failures
