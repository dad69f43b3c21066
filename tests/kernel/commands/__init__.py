# SPDX-License-Identifier: Apache-2.0
"""Every command on a real kernel."""
