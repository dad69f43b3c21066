# SPDX-License-Identifier: Apache-2.0
"""A rule as data, and its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from ..fast_dataclasses import dataclass
from .facts import Facts

Words = tuple[str, ...]
"""A command: the words of a line of targetcli, which begins with a path, or of a host program."""


class Severity(Enum):
    """How severe a finding is, the most severe first.

    ERROR: data is at risk, open to anyone, or cannot be reached. WARNING: it will be after another
    mistake or failure. NOTE: worth knowing, and often intended.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Needs(Enum):
    """The source that a rule needs: the configuration alone, or also this host, kernel, or peer."""

    CONFIG = "config"
    HOST = "host"
    KERNEL = "kernel"
    PEER = "peer"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a rule found at the object ``path``, a shell path.

    ``text`` is the reason. ``commands`` fix it, in their order; ``help`` says what to do in words,
    where a person has to choose or something else than a command is needed.
    """

    path: str
    text: str
    help: str = ""
    commands: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: ``meaning`` says what it finds and why that matters, ``cure`` what to do about it.

    ``breaks``: where it applies, an object does not work now or will not after the next boot, so
    that ``status`` counts it as a problem.
    """

    name: str
    severity: Severity
    needs: Needs
    find: Callable[[Facts], Iterator[Finding]]
    meaning: str
    cure: str
    breaks: bool = False
