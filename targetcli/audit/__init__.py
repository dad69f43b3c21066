# SPDX-License-Identifier: Apache-2.0
"""Who changed what, kept on disk."""
