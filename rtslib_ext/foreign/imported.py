# SPDX-License-Identifier: Apache-2.0
"""The result of an import: a configuration, and remarks about what LIO does differently."""

from __future__ import annotations

from ..config.model import Config
from ..fast_dataclasses import dataclass, field
from ..firewall.allowed import Allowed

LOST = "lost"
"""LIO cannot express it: initiators will notice that it is missing."""
CHANGED = "changed"
"""It is expressed differently, and initiators may see the difference."""
NOTE = "note"
"""It has no effect on initiators, or is only to be known."""
SEVERITIES = (LOST, CHANGED, NOTE)
ISNS = "name the server in /etc/target/isns.conf, and enable targetcli-isns.service"
"""The cure where a file names an iSNS server."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a source: ``line`` counts from 1, ``path`` is that in a JSON document.

    A format without lines has line 0.
    """

    file: str
    line: int = 0
    path: str = ""

    def __str__(self) -> str:
        parts = (self.file, str(self.line) if self.line else "", self.path)
        return ":".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that the import loses, changes, or that is to be known.

    ``severity`` is one of SEVERITIES, ``file``, ``line`` and ``path`` are as in Place, ``cure`` is
    the next thing to do ("": none). ``text`` contains no secret.
    """

    severity: str
    file: str
    line: int
    text: str
    cure: str = ""
    path: str = ""

    @property
    def place(self) -> Place:
        """Return its place in the source."""
        return Place(self.file, self.line, self.path)


def of_object(severity: str, path: str, text: str, cure: str = "") -> Remark:
    """Return a remark about an object of the running configuration, by its shell path."""
    return Remark(severity, "", 0, text, cure, path)


@dataclass(frozen=True, slots=True)
class Imported:
    """The configuration of a source; the remarks are in the order of its lines."""

    config: Config
    remarks: tuple[Remark, ...] = ()
    allowed_networks: Allowed = field(default_factory=dict)
    """The networks that may reach portals, where all targets on a portal admit the same."""

    @property
    def loses(self) -> bool:
        """Return True if LIO cannot express something."""
        return any(remark.severity == LOST for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Exported:
    """The text of a configuration in another target's format.

    Remarks are about what the format cannot express; their ``path`` is the shell path of the
    object, ``file`` is "" and ``line`` 0.
    """

    text: str
    remarks: tuple[Remark, ...] = ()
