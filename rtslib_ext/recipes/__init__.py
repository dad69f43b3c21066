# SPDX-License-Identifier: Apache-2.0
"""The steps by which a host connects to a target, for each operating system; pure functions."""
