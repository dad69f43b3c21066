# SPDX-License-Identifier: Apache-2.0
"""Where a TPG is: in configfs and in the shell."""

from __future__ import annotations

from . import paths
from .fabrics import Fabric
from .records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A TPG by its configfs path and its shell path."""

    fabric: Fabric
    file: str
    path: str

    @classmethod
    def of(cls, fabric: Fabric, wwn: str, tag: int) -> Place:
        """The place of a TPG."""
        return cls(fabric, paths.tpg(fabric, wwn, tag), paths.shell_tpg(fabric, wwn, tag))
