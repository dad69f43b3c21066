# SPDX-License-Identifier: Apache-2.0
"""The objects of the SCSI MIB and the iSCSI MIB that the kernel keeps, as a table.

docs/STATISTICS.md is generated from it. Names are those of RFC 4455 and RFC 4544; the kernel's
comments spell some of them differently (target_core_stat.c, iscsi_target_stat.c).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..config.shell_paths import ShellPath
from ..fast_dataclasses import dataclass
from ..kernel.configfs import ReadFS
from . import mib_iscsi, mib_scsi
from .columns import LUN, MAPPED_LUN, SESSION, STORAGE_OBJECT, TARGET
from .counted import Counted
from .mib_object import MibObject


@dataclass(frozen=True, slots=True)
class Instance:
    """The MIB objects of one object, with their text.

    ``kind`` and ``path`` are those of ``Counted``. A value is None without a session, or if the
    kernel lacks or refuses it.
    """

    kind: str
    path: ShellPath
    values: tuple[tuple[MibObject, str | None], ...]


GROUPS = {
    STORAGE_OBJECT: ("scsi_dev", "scsi_tgt_dev", "scsi_lu"),
    LUN: ("scsi_port", "scsi_tgt_port", "scsi_transport"),
    MAPPED_LUN: ("scsi_auth_intr", "scsi_att_intr_port"),
    TARGET: (
        "iscsi_instance",
        "iscsi_sess_err",
        "iscsi_tgt_attr",
        "iscsi_login_stats",
        "iscsi_logout_stats",
    ),
    SESSION: ("iscsi_sess_stats",),
}
"""The directories of each kind of object."""


def path_of(row: MibObject) -> str:
    """Return the path of a file below the directory of its object."""
    above = "fabric_statistics" if row.group.startswith("iscsi_") else "statistics"
    return f"{above}/{row.group}/{row.file}"


def of_kind(kind: str) -> Iterator[MibObject]:
    """Yield the rows of a kind of object."""
    rows = (*mib_scsi.ROWS, *mib_iscsi.ROWS)
    return (row for row in rows if row.group in GROUPS[kind])


def read(fs: ReadFS, objects: Iterable[Counted]) -> Iterator[Instance]:
    """Yield the MIB objects of each object of which at least one file can be read."""
    rows = {kind: tuple(of_kind(kind)) for kind in GROUPS}
    for item in objects:
        values = tuple(
            (row, fs.read_if_there(f"{item.configfs}/{path_of(row)}") or None)
            for row in rows[item.kind]
        )
        if any(value is not None for _, value in values):
            yield Instance(item.kind, item.path, values)
