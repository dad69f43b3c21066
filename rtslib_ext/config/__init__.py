# SPDX-License-Identifier: Apache-2.0
"""A configuration as a value, and functions from value to value."""
