# SPDX-License-Identifier: Apache-2.0
"""Rules by which a configuration is checked: unsafe, broken and unintended settings."""
