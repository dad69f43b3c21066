# SPDX-License-Identifier: Apache-2.0
"""The counters of each kind of object: their names, files and units."""

from __future__ import annotations

from ..fast_dataclasses import dataclass

MIB = 1 << 20
"""The kernel shows bytes as whole MiB, cut off: a counter of bytes is a multiple of this."""

STORAGE_OBJECT, LUN, MAPPED_LUN = "storage_object", "lun", "mapped_lun"
TARGET, SESSION = "target", "session"

COUNTER, GAUGE, INDEX = "counter", "gauge", "index"


@dataclass(frozen=True, slots=True)
class Column:
    """One number that the kernel keeps for an object.

    ``file`` is its path below the directory of the object in configfs. ``scale`` turns what the
    file shows into the unit of the name, so the value is always a multiple of it. ``form`` is
    COUNTER for a number that only grows while the object exists, GAUGE for one of the moment,
    INDEX for the kernel's number of an object.
    """

    name: str
    file: str
    scale: int = 1
    form: str = COUNTER


def _traffic(commands: str, read: str, written: str) -> tuple[Column, ...]:
    return (
        Column("commands", commands),
        Column("read_bytes", read, MIB),
        Column("written_bytes", written, MIB),
    )


_LU, _DEVICE = "statistics/scsi_lu", "statistics/scsi_tgt_dev"
_PORT, _INITIATOR = "statistics/scsi_tgt_port", "statistics/scsi_auth_intr"
_INSTANCE, _ERRORS = "fabric_statistics/iscsi_instance", "fabric_statistics/iscsi_sess_err"
_LOGIN, _LOGOUT = "fabric_statistics/iscsi_login_stats", "fabric_statistics/iscsi_logout_stats"
_SESSION = "fabric_statistics/iscsi_sess_stats"

COLUMNS: dict[str, tuple[Column, ...]] = {
    STORAGE_OBJECT: (
        *_traffic(f"{_LU}/num_cmds", f"{_LU}/read_mbytes", f"{_LU}/write_mbytes"),
        Column("aborts", f"{_DEVICE}/aborts_complete"),
        Column("aborts_without_task", f"{_DEVICE}/aborts_no_task"),
        Column("resets", f"{_LU}/resets"),
        Column("device", "statistics/scsi_dev/indx", form=INDEX),
    ),
    LUN: (
        *_traffic(f"{_PORT}/in_cmds", f"{_PORT}/read_mbytes", f"{_PORT}/write_mbytes"),
        Column("device", f"{_PORT}/dev", form=INDEX),
    ),
    MAPPED_LUN: _traffic(
        f"{_INITIATOR}/num_cmds", f"{_INITIATOR}/read_mbytes", f"{_INITIATOR}/write_mbytes"
    ),
    TARGET: (
        Column("sessions", f"{_INSTANCE}/sessions", form=GAUGE),
        Column("logins", f"{_LOGIN}/accepts"),
        Column("authorize_fails", f"{_LOGIN}/authorize_fails"),
        Column("authenticate_fails", f"{_LOGIN}/authenticate_fails"),
        Column("negotiate_fails", f"{_LOGIN}/negotiate_fails"),
        Column("redirects", f"{_LOGIN}/redirects"),
        Column("other_fails", f"{_LOGIN}/other_fails"),
        Column("logouts", f"{_LOGOUT}/normal_logouts"),
        Column("abnormal_logouts", f"{_LOGOUT}/abnormal_logouts"),
        Column("digest_errors", f"{_ERRORS}/digest_errors"),
        Column("connection_errors", f"{_ERRORS}/cxn_errors"),
        Column("format_errors", f"{_ERRORS}/format_errors"),
    ),
    SESSION: (
        Column("commands", f"{_SESSION}/cmd_pdus"),
        Column("responses", f"{_SESSION}/rsp_pdus"),
        Column("sent_bytes", f"{_SESSION}/txdata_octs"),
        Column("received_bytes", f"{_SESSION}/rxdata_octs"),
        Column("digest_errors", f"{_SESSION}/conn_digest_errors"),
        Column("timeout_errors", f"{_SESSION}/conn_timeout_errors"),
    ),
}
"""The columns of each kind of object, in the order in which ``Row.values`` has them.

``device`` is equal for a storage object and the LUNs that export it. ``received_bytes`` leaves out
immediate data. The kernel keeps aborts and resets for storage objects only, and counts neither
BUSY nor TASK SET FULL (target_core_stat.c: scsiPortBusyStatuses and scsiLuOutTaskSetFullStatus
are 0 at all times).
"""

KINDS = tuple(COLUMNS)


POSITIONS = {
    kind: {column.name: number for number, column in enumerate(columns)}
    for kind, columns in COLUMNS.items()
}
"""The place of each column among those of its kind."""


def names(kind: str) -> tuple[str, ...]:
    """Return the names of the columns of a kind."""
    return tuple(column.name for column in COLUMNS[kind])
