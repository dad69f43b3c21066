# SPDX-License-Identifier: Apache-2.0
"""What a completer is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from rtslib_ext.fast_dataclasses import dataclass, field

from ..env import Env
from ..tree import Node


class Candidate(NamedTuple):
    """A value that the word being typed could become.

    ``end`` is what is typed next: a blank when the value is whole, "=" behind a parameter's
    name, nothing when it goes on.
    """

    value: str
    end: str = " "


@dataclass(frozen=True, slots=True)
class Ask:
    """What is typed so far: ``partial`` of one value, ``given`` of the other parameters."""

    env: Env
    node: Node
    partial: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    """The values of the command's parameters, by name."""
    positional: tuple[str, ...] = ()
    keywords: Mapping[str, str] = field(default_factory=dict)
    keyword: str = ""
    """The name in front of the value, where one is typed."""


Completer = Callable[[Ask], Iterable[str | Candidate]]
"""Gives values, or candidates where one is not whole; what does not begin with ``partial`` is
left out later."""
