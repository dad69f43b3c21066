# SPDX-License-Identifier: Apache-2.0
"""The language of the command line: from text to a call."""
