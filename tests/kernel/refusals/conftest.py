# SPDX-License-Identifier: Apache-2.0
"""The same user, files and devices as the tests of the commands."""

from ..commands.conftest import disks, ram, scsi_disk, shell

__all__ = ["disks", "ram", "scsi_disk", "shell"]
