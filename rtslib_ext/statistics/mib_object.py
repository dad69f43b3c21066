# SPDX-License-Identifier: Apache-2.0
"""A row of the tables of MIB objects."""

from __future__ import annotations

from ..fast_dataclasses import dataclass

SCSI, ISCSI = 4455, 4544
"""The RFCs of the SCSI MIB and the iSCSI MIB."""


@dataclass(frozen=True, slots=True)
class MibObject:
    """A file with a MIB object.

    ``group`` and ``file`` are its directory and its name. ``name`` is the MIB object; "" for a
    file that no MIB has. ``meaning`` is the real meaning of the value in LIO. ``test``: the tests
    measure it with initiators; otherwise the kernel's source shows it.
    """

    group: str
    file: str
    name: str
    meaning: str
    test: bool = False

    @property
    def rfc(self) -> int | None:
        """Return the number of the RFC; None for a file that no MIB has."""
        if not self.name:
            return None
        return ISCSI if self.group.startswith("iscsi_") else SCSI
