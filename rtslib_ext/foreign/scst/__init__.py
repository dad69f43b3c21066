# SPDX-License-Identifier: Apache-2.0
"""scst.conf, the configuration of SCST by scstadmin."""
