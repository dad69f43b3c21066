# SPDX-License-Identifier: Apache-2.0
"""The root of the tree."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext import fabrics

from .backstores import Backstores
from .fabrics import FabricNode
from .node import Node, Summary


class Root(Node):
    """``/``: the backstores and the fabrics."""

    kind = "root"

    def children(self) -> Iterator[Node]:
        """Yield the backstores and fabrics; hardware fabrics need an adapter or a target."""
        # Imported here: a path below one fabric does not need it.
        from rtslib_ext.host import adapters

        yield Backstores(self.tree, "backstores", self)
        for fabric in fabrics.FABRICS.values():
            node = FabricNode(self.tree, fabric.name, self)
            if not fabric.hardware or adapters.hardware_wwns(fabric.name) or any(node.children()):
                yield node

    def find(self, name: str) -> Node | None:
        """Accept the fabrics' names of older tools too."""
        if name == "backstores":
            return Backstores(self.tree, name, self)
        fabric = fabrics.find(name)
        return FabricNode(self.tree, fabric.name, self) if fabric else None

    def summary(self) -> Summary:
        return Summary("")
