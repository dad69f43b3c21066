# SPDX-License-Identifier: Apache-2.0
"""top: the activity of LUNs, targets and initiators on the full screen."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..env import Env
from ..result import Result, RunLine
from ..tree import Node, walk


def top(env: Env, node: Node, interval: float) -> Result:
    """Show rates at and below a node on the full screen."""
    # Imported here, as below: urwid takes longer to import than most commands run.
    from rtslib_ext.reading.reader import Reader
    from rtslib_ext.statistics.counted import Counted

    from ..screens import terminal
    from . import stats

    terminal.require(env, "top", "stats shows the same as text and JSON")
    walk.require_readable(env)

    def objects(kinds: Collection[str]) -> Iterator[Counted]:
        return stats.objects(Reader(env.fs), node, kinds)

    def show(_: RunLine) -> Result:
        from ..screens.top import Top

        Top(env, objects, interval).start()
        return Result()

    return Result(screen=show)
