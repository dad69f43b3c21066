# SPDX-License-Identifier: Apache-2.0
"""What the kernel counts: commands, bytes, aborts, errors and logins, and their rates."""
