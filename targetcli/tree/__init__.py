# SPDX-License-Identifier: Apache-2.0
"""The tree of the shell: its nodes are created as paths are resolved.

The groups of settings are imported by get and set only, because most commands need none.
"""

from .node import Node, Summary, Tree
from .root import Root

__all__ = ["Node", "Root", "Summary", "Tree"]
