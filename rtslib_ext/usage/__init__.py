# SPDX-License-Identifier: Apache-2.0
"""The current use of objects and devices: exports, sessions, reservations, holders."""
