# SPDX-License-Identifier: Apache-2.0
"""What differs by kernel: the only table of the releases that tests depend on.

Which files a kernel has is in the schema, with ``since`` and ``until`` of each; here is how kernels
behave. Each expectation begins with the oldest kernel, 6.1, whose release is "".
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

from rtslib_ext.schema import Attribute, Kind

RELEASE = os.uname().release
"""The release of the kernel that runs, such as 6.1.176."""


TRACING = os.path.isdir("/sys/kernel/tracing/events")
"""Whether the kernel traces, as full kernels do; the user-mode kernels have no CONFIG_FTRACE."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What tests expect from a release on, until a later row of the same name."""

    name: str
    since: str
    value: object
    source: str = ""
    """Where the kernel has it: a file and a function, or the release it was measured on."""


TABLE = (
    Expected("pgr_support=0 of block is refused with", "", errno.ENOSYS),
    Expected(
        "pgr_support=0 of block is refused with", "6.5", None,
        "target_core_configfs.c, pgr_support_store",
    ),
    Expected("wwn has the file pd_text_id_info", "", False),
    Expected(
        "wwn has the file pd_text_id_info", "7.0", True, "target_core_configfs.c, 7.0"
    ),
    Expected("a TPG has the file rtpi", "", False),
    Expected("a TPG has the file rtpi", "6.4", True, "target_core_fabric_configfs.c"),
    Expected("exclusive=false opens a device that is in use", "", False),
    Expected(
        "exclusive=false opens a device that is in use", "6.17", True,
        "target_core_iblock.c, iblock_configure_device",
    ),
    Expected("optimal_sectors is refused after block_size=4096", "", True),
    Expected(
        "optimal_sectors is refused after block_size=4096", "6.12", False, "measured on 6.12.95"
    ),
)  # fmt: skip


def value(name: str, release: str = "") -> object:
    """Return what to expect on a kernel; "" is the one that runs. Raises LookupError."""
    release = release or RELEASE
    rows = [row for row in TABLE if row.name == name and _begun(row.since, release)]
    if not rows:
        raise LookupError(name)
    return rows[-1].value


def _begun(since: str, release: str) -> bool:
    return Attribute("", Kind.BOOL, "", since=since).in_kernel(release)
