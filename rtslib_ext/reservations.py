# SPDX-License-Identifier: Apache-2.0
"""Persistent reservations that survive a loss of power (SPC-4 section 5.13.5, APTPL)."""

from __future__ import annotations

_START = "PR_REG_START:"
_END = "PR_REG_END:"


def _decimal(field: str) -> str:
    """The kernel writes numbers as ``%02x`` and reads ``08`` as a wrong octal number."""
    name, equals, value = field.partition("=")
    return f"{name}{equals}{int(value)}" if value.isdecimal() else field


def kept(dbroot: str, serial: str) -> tuple[str, ...]:
    """The registrations that the kernel kept on disk for a unit serial number.

    Each is one line for the object's ``pr/res_aptpl_metadata``. The kernel writes them itself
    but does not read them again (drivers/target/target_core_pr.c,
    core_scsi3_update_aptpl_buf and target_pr_res_aptpl_metadata_store).
    """
    if not serial or "/" in serial:
        return ()
    try:
        with open(f"{dbroot}/pr/aptpl_{serial}", encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")
    except OSError:
        return ()
    found = []
    fields: list[str] = []
    for line in lines:
        if line.startswith(_START):
            fields = []
        elif line.startswith(_END):
            found.append(",".join(fields))
        elif line.strip():
            fields.append(_decimal(line.strip()))
    return tuple(found)
