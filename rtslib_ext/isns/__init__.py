# SPDX-License-Identifier: Apache-2.0
"""iSNS (RFC 4171): the messages, what a host registers, and the connection to a server."""
