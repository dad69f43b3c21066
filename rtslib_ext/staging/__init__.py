# SPDX-License-Identifier: Apache-2.0
"""A tree in which changes are staged instead of done."""
