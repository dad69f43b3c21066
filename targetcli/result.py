# SPDX-License-Identifier: Apache-2.0
"""The result of a command: its output, and where the shell is afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rtslib_ext.errors import LioError
from rtslib_ext.fast_dataclasses import dataclass, field

RunLine = Callable[[Any, Callable[[], Any]], "Result | None"]
"""Runs a line of an environment and prints its result, as ``session.run_line``."""


class Warn(str):
    """A message of the level warning; plain strings have the level info."""

    __slots__ = ()


class Aside(str):
    """A message that targetcli-fb does not have: it goes to standard error.

    Standard output stays the same as targetcli-fb's, because scripts compare it.
    """

    __slots__ = ()


class Caution(Aside, Warn):
    """An Aside of the level warning."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Again:
    """Lines that are shown again every ``every`` seconds until Ctrl-C, below a title."""

    title: str
    every: float
    frame: Callable[[], Sequence[str]]


@dataclass(slots=True)
class Result:
    """``lines`` and then ``notes`` are printed on standard output, asides on standard error.

    ``failures`` are the parts that failed while others succeeded: printed on standard error, with
    exit status 1. ``created`` is the path of a new node, ``cd`` the new current path, ``last`` the
    path that the bookmark last gets if it is not that of the new node. ``data`` makes the plain
    values for --json, and is called for it only. With ``shows``, the lines are these values as
    text, and add nothing. With ``pages``, a pager shows them at a terminal if they are longer than
    it. With ``messages``, the lines report changes, and the preference loglevel_console filters
    them. ``status`` is the exit status of a successful
    command. ``under_lock`` is for a command that changes the kernel in some of its calls only: it
    makes the change, dispatch calls it with the lock held, and its result is the command's.
    ``screen`` is for a command that takes the whole terminal: the session calls it with the
    function that runs lines, and its result is the command's. With ``again``, the session shows
    that instead of ``lines``. ``printed`` is called once all of it has been written, with success.
    """

    lines: Iterable[str] = ()
    notes: list[str] = field(default_factory=list)
    failures: list[LioError] = field(default_factory=list)
    created: str | None = None
    last: str | None = None
    cd: str | None = None
    leave: bool = False
    data: Callable[[], object] | None = None
    shows: bool = False
    pages: bool = False
    status: int = 0
    messages: bool = False
    under_lock: Callable[[], Result] | None = None
    screen: Callable[[RunLine], Result] | None = None
    again: Again | None = None
    printed: Callable[[], object] | None = None


def say(*lines: str) -> Result:
    """Return a result of plain text."""
    return Result(list(lines))


def show(lines: Iterable[str], data: Callable[[], object]) -> Result:
    """Return a result that shows values."""
    return Result(lines, data=data, shows=True)
