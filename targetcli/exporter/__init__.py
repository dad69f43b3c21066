# SPDX-License-Identifier: Apache-2.0
"""The metrics of this host for Prometheus: their table, their sources, and their HTTP server."""
