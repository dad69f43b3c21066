# SPDX-License-Identifier: Apache-2.0
"""The seam to the kernel: configfs, its paths, its log."""
