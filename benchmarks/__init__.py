# SPDX-License-Identifier: Apache-2.0
"""How long things take, beside the bare system calls and beside other tools: make bench."""
