# SPDX-License-Identifier: Apache-2.0
"""browse: the tree on the full screen."""

from __future__ import annotations

from ..env import Env
from ..result import Result, RunLine
from ..tree import Node, walk


def browse(env: Env, node: Node) -> Result:
    """Show the tree on the full screen, starting at a node."""
    # Imported here, as below: urwid takes longer to import than most commands run.
    from ..screens import terminal

    terminal.require(env, "browse", "ls shows the tree, get the settings, set changes them")
    walk.require_readable(env)

    def show(run: RunLine) -> Result:
        from ..screens.browse import Browse

        return Browse(env, node, run).start()

    return Result(screen=show)
