# SPDX-License-Identifier: Apache-2.0
"""A row of the table of refusals: the operation, the kernel's answer, the cause, what helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from errno import errorcode

from ..fast_dataclasses import dataclass

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One cause of a refusal by the kernel.

    ``operation`` is the system call, ``object`` a pattern of its path, whose named groups can be
    used in the texts. ``log`` is a pattern of the line that the kernel logs for this cause ("":
    none). ``when`` separates causes with the same errno and no line. ``cause`` and ``help``
    are texts with names of facts in braces; ``what`` describes the operation in the manual.
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
        """The names of the errnos."""
        return " or ".join(errorcode[number] for number in self.errno)
