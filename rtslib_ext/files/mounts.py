# SPDX-License-Identifier: Apache-2.0
"""The types of mounted file systems."""

from __future__ import annotations

import os
from contextlib import suppress

_OF_KERNEL = frozenset(
    (
        *("proc", "sysfs", "debugfs", "tracefs", "configfs", "securityfs", "cgroup", "cgroup2"),
        *("bpf", "binfmt_misc", "efivarfs", "pstore", "nfsd", "rpc_pipefs", "selinuxfs"),
    )
)


def type_of(device: int) -> str:
    """Return the type of the file system with a device number; "" if it is not mounted."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with (
        suppress(OSError),
        open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file,
    ):
        for line in file:
            # proc(5): mount ID, parent ID, major:minor, … - type source options
            fields, _, rest = line.partition(" - ")
            if fields.split(" ")[2:3] == [wanted]:
                return rest.partition(" ")[0]
    return ""


def of_kernel(status: os.stat_result) -> str:
    """Return the type of the file system of a file that the kernel generates; "" for others.

    Reading such a file may have effects: a line of /proc/kmsg can be read once. It has no size.
    """
    if status.st_size or os.major(status.st_dev):
        return ""
    found = type_of(status.st_dev)
    return found if found in _OF_KERNEL else ""
