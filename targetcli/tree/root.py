# SPDX-License-Identifier: Apache-2.0
"""The root of the tree."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rtslib_ext import fabrics

from .fabrics import FabricNode
from .node import Node, Summary


class Root(Node):
    """``/``: the backstores and the fabrics."""

    kind = "root"

    def children(self) -> Iterator[Node]:
        """Yield the backstores and fabrics; hardware fabrics need an adapter or a target."""
        # Imported here: a path below one fabric does not need it.
        from rtslib_ext.host import adapters

        yield self._backstores()
        for fabric in fabrics.FABRICS.values():
            node = FabricNode(self.tree, fabric.name, self)
            if not fabric.hardware or adapters.hardware_wwns(fabric.name) or any(node.children()):
                yield node

    def _backstores(self) -> Node:
        from .backstores import Backstores

        return Backstores(self.tree, "backstores", self)

    def find(self, name: str) -> Node | None:
        """Accept the fabrics' names of older tools too."""
        if name == "backstores":
            return self._backstores()
        fabric = fabrics.find(name)
        return FabricNode(self.tree, fabric.name, self) if fabric else None

    def summary(self) -> Summary:
        """Return the number of objects that could not be restored, if there are any."""
        record = self.tree.env.unrestored
        if not os.path.exists(record):
            return Summary("")
        # Imported here: this is rare.
        from rtslib_ext.savefile.unrestored import DamagedRecord

        try:
            number = len(self._unrestored(record))
        except DamagedRecord:
            return Summary("Not restored: unknown", False)
        return Summary(f"Not restored: {number}", False) if number else Summary("")

    def _unrestored(self, record: str) -> tuple[str, ...]:
        """Return the paths of the missing objects; reads the tree."""
        from rtslib_ext.reading.reader import Reader
        from rtslib_ext.reading.topology import TopologyReader
        from rtslib_ext.savefile import unrestored

        found = unrestored.load(record)
        if not found:
            return ()
        if found.instead:
            have = Reader(self.fs).config()
            return unrestored.remaining(found, have, have.storage_objects).paths
        there = TopologyReader(self.fs).topology()
        return unrestored.remaining(found, there.config, there.locations).paths
