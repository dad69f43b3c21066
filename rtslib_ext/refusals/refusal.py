# SPDX-License-Identifier: Apache-2.0
"""A row of the table of refusals: what the kernel was asked, its answer, the cause, a way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from errno import errorcode

from ..fast_dataclasses import dataclass

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One cause for which the kernel refuses something.

    ``operation`` is the system call and ``object`` a pattern of the path it was made on; named
    parts of it can be used in the texts. ``log`` is a pattern of the line that the kernel writes
    for this cause, "" where it writes none. ``when`` looks closer where several causes have one
    errno and no line. ``cause`` and ``help`` are texts with the names of facts in braces;
    ``what`` says in the manual what was tried.
    """

    name: str
    what: str
    operation: str
    object: str
    errno: tuple[int, ...]
    cause: str
    help: str
    log: str = ""
    when: Callable[[Facts], bool] | None = None

    @property
    def codes(self) -> str:
        """The errnos by name."""
        return " or ".join(errorcode[number] for number in self.errno)
