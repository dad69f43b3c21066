# SPDX-License-Identifier: Apache-2.0
"""How commands change the kernel."""
