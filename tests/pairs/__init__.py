# SPDX-License-Identifier: Apache-2.0
"""Two hosts that serve the same disks: tests on several kernels at once."""
