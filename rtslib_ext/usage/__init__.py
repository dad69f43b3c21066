# SPDX-License-Identifier: Apache-2.0
"""Who uses what: exports, sessions, reservations, holders of devices."""
