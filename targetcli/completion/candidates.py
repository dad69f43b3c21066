# SPDX-License-Identifier: Apache-2.0
"""The input and output of completers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from rtslib_ext.fast_dataclasses import dataclass, field

from ..env import Env
from ..tree import Node


class Candidate(NamedTuple):
    """A possible completion of the word being typed.

    ``end`` is the text after it: a blank if the value is complete, "=" for the name of a
    parameter, "" if it continues.
    """

    value: str
    end: str = " "


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for completions: ``partial`` is being typed, ``given`` are the other values."""

    env: Env
    node: Node
    partial: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    """The values of the command's parameters, by name."""
    positional: tuple[str, ...] = ()
    keywords: Mapping[str, str] = field(default_factory=dict)
    keyword: str = ""
    """The name in NAME=VALUE, if the value is being typed."""


Completer = Callable[[Ask], Iterable[str | Candidate]]
"""Returns values, or candidates for incomplete ones; the caller drops those that do not begin with
``partial``."""
