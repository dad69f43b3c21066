# SPDX-License-Identifier: Apache-2.0
"""configfs -> the LUNs that each initiator sees: names, links, tags, but no other settings."""

from __future__ import annotations

from ..config.model import NodeAcl
from ..fabrics import Fabric
from ..fast_dataclasses import replace
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from .reader import Reader
from .topology import TopologyReader


class MemberReader(TopologyReader):
    """A reader of what each initiator sees; its topology has no values but those."""

    def acl(self, fabric: Fabric, tpg: ConfigfsPath, name: str) -> NodeAcl:
        """Return an ACL with its tag."""
        tag = self.fs.read_if_there(f"{paths.acl(tpg, name)}/tag")
        return replace(super().acl(fabric, tpg, name), tag=tag or None)

    def write_protected(self, path: ConfigfsPath) -> bool:
        """Return True if the initiator may only read a mapped LUN."""
        return Reader.write_protected(self, path)
