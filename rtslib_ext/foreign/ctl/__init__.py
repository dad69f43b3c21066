# SPDX-License-Identifier: Apache-2.0
"""ctl.conf, the configuration of FreeBSD's ctld, in both of its forms."""
