# SPDX-License-Identifier: Apache-2.0
"""From an initiator to the disk and back: a graph that is read, folded and searched."""
