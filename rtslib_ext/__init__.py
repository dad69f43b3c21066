# SPDX-License-Identifier: Apache-2.0
"""The Linux SCSI target as values: read, save, plan and apply its configuration."""
