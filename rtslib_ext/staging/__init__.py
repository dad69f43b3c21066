# SPDX-License-Identifier: Apache-2.0
"""Changes that are staged in an overlay instead of performed."""
