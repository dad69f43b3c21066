# SPDX-License-Identifier: Apache-2.0
"""The nodes of LUNs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtslib_ext.config.model import Lun
from rtslib_ext.kernel import links, paths
from rtslib_ext.reading import backed_by

from .backstores import identifiers
from .node import Node, Summary

if TYPE_CHECKING:
    from ..settings import Group


class Luns(Node):
    """The LUNs of a TPG."""

    kind = "luns"

    def children(self) -> Iterator[Node]:
        for name in self._folders():
            yield LunNode(self.tree, name.replace("_", ""), self, paths.child(self.configfs, name))

    def _folders(self) -> list[str]:
        names = self.fs.directories(self.configfs)
        return [name for name in names if name.removeprefix("lun_").isdecimal()]

    def find(self, name: str) -> Node | None:
        number = name.removeprefix("lun")
        if not number.isdecimal() or name == number:
            return None
        configfs = paths.lun(self.above(1).configfs, number)
        return LunNode(self.tree, name, self, configfs) if self.fs.is_dir(configfs) else None

    def summary(self) -> Summary:
        return Summary(f"LUNs: {len(self._folders())}")


class LunNode(Node):
    """A LUN: a storage object exported by a TPG."""

    kind = "lun"

    @property
    def index(self) -> int:
        """Return the LUN number."""
        return int(self.name.removeprefix("lun"))

    def storage_object(self) -> tuple[str, str] | None:
        """Return the storage object as (plugin, name); None if the link is broken."""
        link = links.link_in(self.fs, self.configfs)
        return paths.key_of_storage_object(link[1]) if link else None

    def summary(self) -> Summary:
        """Return the storage object, its device, and the target port group."""
        link = links.link_in(self.fs, self.configfs)
        key = paths.key_of_storage_object(link[1]) if link else None
        if link is None or key is None:
            return Summary("BROKEN STORAGE LINK", False)
        text = "/".join(key)
        device = backed_by.device(self.fs, link[1])
        if device:
            text += f" ({device})"
        return Summary(f"{text} ({self._group()})", True)

    def _group(self) -> str | None:
        text = self.fs.read_if_there(f"{self.configfs}/alua_tg_pt_gp") or ""
        return text.partition("\n")[0].partition(": ")[2] or None

    def lun(self) -> Lun | None:
        """Read the LUN; None if the link is broken."""
        return self.reader.lun(self.configfs, self.index)

    def groups(self) -> list[Group]:
        from ..settings import LunAlua

        return [LunAlua(self.path, self.configfs)]

    def facts(self) -> dict[str, object]:
        from rtslib_ext.savefile import encode

        lun = self.lun()
        if lun is None:
            return {"index": self.index}
        values = encode.lun(lun)
        shown = {name: values[name] for name in values if name not in encode.LUN_ALUA_KEYS}
        link = links.link_in(self.fs, self.configfs)
        return shown | (identifiers(self.reader, link[1]) if link else {})
