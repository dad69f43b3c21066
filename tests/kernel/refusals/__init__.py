# SPDX-License-Identifier: Apache-2.0
"""What the kernel refuses: each cause provoked, and the help tried."""
