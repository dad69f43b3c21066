# SPDX-License-Identifier: Apache-2.0
"""Why a restore could not create a running storage object: its file or device is gone.

The kernel keeps such an object, because it has the file or device open.
"""

from __future__ import annotations

import os
import re

from ..config.backing import Backing, Block, FileIO, Pscsi
from ..host import devices

_ADDRESS = re.compile(r"\d+:\d+:\d+:\d+")


def problem(backing: Backing) -> str:
    """Return the reason for which a restore would fail; "" if none is known.

    Opens no device: a disk that failed may not answer.
    """
    if not isinstance(backing, FileIO | Block | Pscsi):
        return ""
    if not backing.dev:
        return "its file or device is not known: udev_path is empty"
    if isinstance(backing, Pscsi) and _ADDRESS.fullmatch(backing.dev):
        found = os.path.exists(f"/sys/bus/scsi/devices/{backing.dev}")
        return "" if found else f"there is no SCSI device {backing.dev}"
    if not os.path.exists(backing.dev):
        return f"{backing.dev} does not exist"
    if devices.is_block_device(backing.dev):
        return _of_device(backing.dev)
    if isinstance(backing, Block):
        return f"{backing.dev} is not a block device"
    if isinstance(backing, FileIO) and not os.path.isfile(backing.dev):
        return f"{backing.dev} is neither a file nor a block device"
    return ""


def _of_device(path: str) -> str:
    sectors = devices.sectors(path)
    if sectors is None:
        return f"the device {path} is gone"
    return "" if sectors else f"the device {path} has no medium: its size is 0"
