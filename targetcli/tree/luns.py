# SPDX-License-Identifier: Apache-2.0
"""The nodes of LUNs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtslib_ext.config.model import Lun
from rtslib_ext.kernel import paths

from .node import Node, Summary

if TYPE_CHECKING:
    from ..settings import Group


class Luns(Node):
    """The LUNs of a TPG."""

    kind = "luns"

    def children(self) -> Iterator[Node]:
        """One node a LUN."""
        for name in self._folders():
            yield LunNode(self.tree, name.replace("_", ""), self, paths.child(self.configfs, name))

    def _folders(self) -> list[str]:
        names = self.fs.directories(self.configfs)
        return [name for name in names if name.removeprefix("lun_").isdigit()]

    def find(self, name: str) -> Node | None:
        """One LUN."""
        number = name.removeprefix("lun")
        configfs = paths.lun(self.above(1).configfs, number)
        if not (number.isdecimal() and name != number and self.fs.is_dir(configfs)):
            return None
        return LunNode(self.tree, name, self, configfs)

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
        link = paths.link_in(self.fs, self.configfs)
        return paths.key_of_storage_object(link[1]) if link else None

    def summary(self) -> Summary:
        """What it exports, on which device, in which target port group."""
        link = paths.link_in(self.fs, self.configfs)
        key = paths.key_of_storage_object(link[1]) if link else None
        if link is None or key is None:
            return Summary("BROKEN STORAGE LINK", False)
        text = "/".join(key)
        device = self.fs.read_if_there(f"{link[1]}/udev_path")
        if device:
            text += f" ({device})"
        return Summary(f"{text} ({self._group()})", True)

    def _group(self) -> str | None:
        text = self.fs.read_if_there(f"{self.configfs}/alua_tg_pt_gp") or ""
        return text.partition("\n")[0].partition(": ")[2] or None

    def lun(self) -> Lun | None:
        """The whole LUN."""
        return self.reader.lun(self.configfs, self.index)

    def groups(self) -> list[Group]:
        """Its target port group."""
        from ..settings import LunAlua

        return [LunAlua(self.path, self.configfs)]

    def facts(self) -> dict[str, object]:
        """What it exports."""
        from rtslib_ext.savefile import encode

        lun = self.lun()
        if lun is None:
            return {"index": self.index}
        values = encode.lun(lun)
        return {name: values[name] for name in values if name not in encode.LUN_ALUA_KEYS}
