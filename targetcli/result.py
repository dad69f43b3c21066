# SPDX-License-Identifier: Apache-2.0
"""What a command returns: what to say, and where the shell is afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Result:
    """``lines`` go to standard output; ``problems`` to standard error, with exit status 1.

    ``created`` is the path of a new node, ``cd`` the path to go to.
    """

    lines: Iterable[str] = ()
    problems: list[str] = field(default_factory=list)
    created: str | None = None
    cd: str | None = None
    leave: bool = False


def say(*lines: str) -> Result:
    """A result that is nothing but text."""
    return Result(list(lines))
