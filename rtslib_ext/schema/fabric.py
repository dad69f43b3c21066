# SPDX-License-Identifier: Apache-2.0
"""The files of a fabric's own folder."""

from __future__ import annotations

from .attribute import Attribute, Kind

_CONFIGFS = "drivers/target/iscsi/iscsi_target_configfs.c"

FABRIC = (
    Attribute(
        "cpus_allowed_list",
        Kind.STRING,
        "The CPUs on which the threads of connections may run, as 0-3,8. It holds for logins "
        "after a change; keep some CPUs free for other work.",
        low=1,
        high=4094,
        fabrics=("iscsi",),
        source=_CONFIGFS,
    ),
    Attribute(
        "lio_version",
        Kind.STRING,
        "Version of the iSCSI target in the kernel, as it tells it. It has not changed for years: "
        "the kernel's release says more.",
        fabrics=("iscsi",),
        writable=False,
        source=_CONFIGFS,
    ),
)

_FABRIC = {row.name: row for row in FABRIC}


def fabric(name: str) -> Attribute | None:
    """Find a file of a fabric's own folder."""
    return _FABRIC.get(name)
