# SPDX-License-Identifier: Apache-2.0
"""A user, and the devices and the handler that rows name."""

from ..commands.conftest import ram, scsi_disk, shell
from ..commands.test_user_backed import log as handler

__all__ = ["handler", "ram", "scsi_disk", "shell"]
