# SPDX-License-Identifier: Apache-2.0
"""What a command returns: what to say, and where the shell is afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rtslib_ext.errors import LioError
from rtslib_ext.fast_dataclasses import dataclass, field


class Warn(str):
    """A message of the level warning; others are of the level info."""

    __slots__ = ()


class Aside(str):
    """A message that targetcli-fb does not give: it goes to standard error.

    What is on standard output stays what scripts compare it with.
    """

    __slots__ = ()


class Caution(Aside, Warn):
    """Such a message of the level warning."""

    __slots__ = ()


@dataclass(slots=True)
class Result:
    """``lines`` and then ``notes`` go to standard output, but for asides.

    ``failures`` are told on standard error, with exit status 1: what could not be done while the
    rest was. ``created`` is the path of a new node, ``cd`` the path to go to. ``data`` makes the
    plain values that --json gives, and is called for it only. With ``shows``, the lines are these
    values laid out for people, and say nothing besides. With ``messages`` they tell of the
    command's work, and are shown as the preference loglevel_console says. ``status`` is the exit
    status where a command that did its work has more than one.
    """

    lines: Iterable[str] = ()
    notes: list[str] = field(default_factory=list)
    failures: list[LioError] = field(default_factory=list)
    created: str | None = None
    cd: str | None = None
    leave: bool = False
    data: Callable[[], object] | None = None
    shows: bool = False
    status: int = 0
    messages: bool = False


def say(*lines: str) -> Result:
    """A result that is nothing but text."""
    return Result(list(lines))


def show(lines: Iterable[str], data: Callable[[], object]) -> Result:
    """A result that shows values."""
    return Result(lines, data=data, shows=True)
