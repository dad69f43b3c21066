# SPDX-License-Identifier: Apache-2.0
"""What scripts, files and habits expect of targetcli, held row by row."""
