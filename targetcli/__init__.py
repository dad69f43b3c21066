# SPDX-License-Identifier: Apache-2.0
"""The shell of the Linux SCSI target."""

__version__ = "4.0.0.dev0"
