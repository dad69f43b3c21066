# SPDX-License-Identifier: Apache-2.0
"""The settings in the directory of a fabric."""

from __future__ import annotations

from .attribute import Attribute, Kind

_CONFIGFS = "drivers/target/iscsi/iscsi_target_configfs.c"

FABRIC = (
    Attribute(
        "cpus_allowed_list",
        Kind.STRING,
        "The CPUs on which the threads of connections may run, such as 0-3,8. Applies to logins "
        "after the change; use it to reserve CPUs for other work.",
        low=1,
        high=4094,
        fabrics=("iscsi",),
        source=_CONFIGFS,
    ),
    Attribute(
        "lio_version",
        Kind.STRING,
        "Version that the iSCSI target in the kernel reports. It has not changed for years: use "
        "the kernel release instead.",
        fabrics=("iscsi",),
        writable=False,
        source=_CONFIGFS,
    ),
)

_FABRIC = {row.name: row for row in FABRIC}


def fabric(name: str) -> Attribute | None:
    """Return a setting in the directory of a fabric; None if the table has no such row."""
    return _FABRIC.get(name)
