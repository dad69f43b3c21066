# SPDX-License-Identifier: Apache-2.0
"""Every command as data."""
