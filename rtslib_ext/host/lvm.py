# SPDX-License-Identifier: Apache-2.0
"""Whether the LVM of this host uses every device that it finds."""

from __future__ import annotations

import os
import re

from . import devices, system

_FOLDER = "/etc/lvm"
# lvm.conf(5): a filter that also holds for udev and autoactivation.
_FILTER = re.compile(r"^\s*global_filter\s*=", re.MULTILINE)
# lvmdevices(8): if this file exists, only the devices in it are used.
_DEVICES = "devices/system.devices"
_MEMBER = "LVM2_member"


def is_filtered() -> bool:
    """Return True if a filter or a list of devices restricts the devices that LVM uses."""
    if os.path.exists(f"{_FOLDER}/{_DEVICES}"):
        return True
    files = ("lvm.conf", "lvmlocal.conf")
    return any(_FILTER.search(system.read_text(f"{_FOLDER}/{name}")) for name in files)


def is_member(device: str) -> bool:
    """Return True if a block device is a physical volume, as udev found it last."""
    try:
        number = os.stat(device).st_rdev
    except OSError:
        return False
    return devices.udev_property(number, "ID_FS_TYPE") == _MEMBER
