# SPDX-License-Identifier: Apache-2.0
"""What each fabric can do on the kernel that runs."""
