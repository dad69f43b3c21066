# SPDX-License-Identifier: Apache-2.0
"""The service that registers this host's iSCSI targets with iSNS servers."""
