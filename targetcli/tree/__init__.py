# SPDX-License-Identifier: Apache-2.0
"""The tree of the shell: what is where, made when somebody walks there.

The groups of settings are imported by get and set only: most commands are neither.
"""

from .node import Node, Summary, Tree
from .root import Root

__all__ = ["Node", "Root", "Summary", "Tree"]
