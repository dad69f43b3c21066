# SPDX-License-Identifier: Apache-2.0
"""The nodes of LUNs and network portals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtslib_ext import naming, paths
from rtslib_ext.model import Lun, Portal

from .node import Node, Summary, scalars

if TYPE_CHECKING:
    from ..groups import Group


class Luns(Node):
    """The LUNs of a TPG."""

    kind = "luns"

    def children(self) -> Iterator[Node]:
        """One node a LUN."""
        for name in self._folders():
            yield LunNode(self.tree, name.replace("_", ""), self, f"{self.file}/{name}")

    def _folders(self) -> list[str]:
        names = self.fs.directories(self.file)
        return [name for name in names if name.removeprefix("lun_").isdigit()]

    def find(self, name: str) -> Node | None:
        """One LUN."""
        number = name.removeprefix("lun")
        file = f"{self.file}/lun_{number}"
        if not (number.isdecimal() and name != number and self.fs.is_dir(file)):
            return None
        return LunNode(self.tree, name, self, file)

    def summary(self) -> Summary:
        """How many there are."""
        return Summary(f"LUNs: {len(self._folders())}")


class LunNode(Node):
    """A storage object as a TPG exports it."""

    kind = "lun"

    @property
    def index(self) -> int:
        """Its number."""
        return int(self.name.removeprefix("lun"))

    def storage_object(self) -> tuple[str, str] | None:
        """The key of what it exports; None when the link is broken."""
        link = paths.link_in(self.fs, self.file)
        return paths.key_of_storage_object(link[1]) if link else None

    def summary(self) -> Summary:
        """What it exports, on which device, in which target port group."""
        link = paths.link_in(self.fs, self.file)
        key = paths.key_of_storage_object(link[1]) if link else None
        if link is None or key is None:
            return Summary("BROKEN STORAGE LINK", False)
        text = "/".join(key)
        device = self.fs.read_if_there(f"{link[1]}/udev_path")
        if device:
            text += f" ({device})"
        return Summary(f"{text} ({self._group()})", True)

    def _group(self) -> str | None:
        text = self.fs.read_if_there(f"{self.file}/alua_tg_pt_gp") or ""
        return text.partition("\n")[0].partition(": ")[2] or None

    def lun(self) -> Lun | None:
        """The whole LUN."""
        return self.reader.lun(self.file, self.index)

    def groups(self) -> list[Group]:
        """Its target port group."""
        from ..groups import LunAlua

        return [LunAlua(self.path, self.file)]

    def facts(self) -> dict[str, object]:
        """What it exports."""
        from rtslib_ext import dump

        lun = self.lun()
        if lun is None:
            return {"index": self.index}
        values = dump.lun(lun)
        return {name: values[name] for name in values if name not in dump.LUN_ALUA_KEYS}


class Portals(Node):
    """The network portals of a TPG."""

    kind = "portals"

    def children(self) -> Iterator[Node]:
        """One node a portal."""
        for name in self.reader.portal_names(self.file):
            yield PortalNode(self.tree, name, self, f"{self.file}/{name}")

    def find(self, name: str) -> Node | None:
        """One portal; brackets around an IPv6 address may be left out.

        The portal of all addresses is known by the names of both families: scripts look for
        0.0.0.0:3260, which was the default before ::0 was.
        """
        for found in (name, _bracketed(name)):
            if self.fs.is_dir(f"{self.file}/{found}"):
                return PortalNode(self.tree, found, self, f"{self.file}/{found}")
        other = self._same_address(name)
        if other is None:
            return None
        self.tree.notes[f"there is no {name}, this is {other}"] = None
        return PortalNode(self.tree, other, self, f"{self.file}/{other}")

    def _same_address(self, name: str) -> str | None:
        address, _, port = name.rpartition(":")
        wanted = naming.listens_on(address)
        if wanted is None:
            return None
        for found in self.fs.directories(self.file):
            address, _, there = found.rpartition(":")
            if there == port and naming.listens_on(address) == wanted:
                return found
        return None

    def summary(self) -> Summary:
        """How many there are."""
        return Summary(f"Portals: {len(self.reader.portal_names(self.file))}")


class PortalNode(Node):
    """An address on which a TPG listens."""

    kind = "portal"

    def portal(self) -> Portal:
        """The whole portal."""
        return self.reader.portal(self.file, self.name)

    def summary(self) -> Summary:
        """How it is served, if not by plain TCP."""
        portal = self.portal()
        return Summary("iser" if portal.iser else "offload" if portal.offload else "", True)

    def facts(self) -> dict[str, object]:
        """Its address."""
        from rtslib_ext import dump

        return scalars(dump.portal(self.portal()))


def _bracketed(name: str) -> str:
    address, _, port = name.rpartition(":")
    return f"[{address}]:{port}"
