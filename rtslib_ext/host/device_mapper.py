# SPDX-License-Identifier: Apache-2.0
"""What a device of device mapper is: its UUID begins with its owner (libdevmapper.h)."""

from __future__ import annotations

import re

LVM, MULTIPATH, CRYPT, PARTITION, OTHER = "lvm", "multipath", "crypt", "partition", "dm"


def owner(uuid: str) -> str:
    """Return which of the above a device is, by its ``dm/uuid``."""
    for start, kind in (("LVM-", LVM), ("mpath-", MULTIPATH), ("CRYPT-", CRYPT)):
        if uuid.startswith(start):
            return kind
    return PARTITION if re.match(r"part\d+-", uuid) else OTHER


def volume(label: str) -> tuple[str, str]:
    """Return (volume group, logical volume) of the name of an LVM device.

    One dash separates them; a dash in a name is doubled.
    """
    group, _, name = re.sub(r"(?<!-)-(?!-)", "/", label, count=1).partition("/")
    return group.replace("--", "-"), name.replace("--", "-")
