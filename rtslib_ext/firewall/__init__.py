# SPDX-License-Identifier: Apache-2.0
"""The networks that may reach each portal, by rules of nftables: the kernel's target has none."""
