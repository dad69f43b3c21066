# SPDX-License-Identifier: Apache-2.0
"""Groups of settings for ALUA: of a target port group, and of a LUN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rtslib_ext import schema
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import NotFound
from rtslib_ext.kernel import links, paths
from rtslib_ext.kernel.abi import (
    ALUA_READ_ONLY,
    ALUA_TEXTS,
    DEFAULT_GROUP,
    NO_CREDENTIAL,
)
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.schema import Attribute
from rtslib_ext.steps import Step, settings

from ..views.settings import Row
from .group import Folder, Group, one_line


class AluaSettings(Folder):
    """The settings of a target port group; the kernel shows some numbers as texts."""

    def __init__(self, path: ShellPath, configfs: ConfigfsPath) -> None:
        super().__init__("alua", path, (configfs,), schema.alua)

    def row(self, fs: ReadFS, name: str) -> Row:
        """Return a setting; a text of the kernel is converted to its number."""
        row = super().row(fs, name)
        texts = ALUA_TEXTS.get(name, ())
        value = str(texts.index(row.value)) if row.value in texts else one_line(row.value)
        writable = row.writable and name not in (*ALUA_READ_ONLY, "tg_pt_gp_id")
        return Row(name, value, "string", row.text, writable)

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield the steps; their undo writes the previous number."""
        for name, value in wanted.items():
            file = f"{self.folders[0]}/{name}"
            yield settings.write(fs, self.path, file, name, value, self.row(fs, name).value)


class LunAlua(Group):
    """The target port group of a LUN and its secondary state."""

    name = "alua"

    def __init__(self, path: ShellPath, configfs: ConfigfsPath) -> None:
        self.path = path
        self.configfs = configfs

    def names(self, fs: ReadFS) -> Sequence[str]:
        """Return the name of the group, and the settings of the state if the kernel has them."""
        file = f"{self.configfs}/alua_tg_pt_gp"
        if fs.read_if_there(file) is None and fs.exists(file):
            # A LUN that is only staged: its values are not known yet.
            known = (row.name for row in schema.GROUPS["lun_alua"])
            states = (name for name in known if fs.exists(f"{self.configfs}/{name}"))
            return ("alua_tg_pt_gp_name", *(name for name in states if name != "alua_tg_pt_gp"))
        return ("alua_tg_pt_gp_name", *self._values(fs)[1])

    def _values(self, fs: ReadFS) -> tuple[str | None, Mapping[str, str]]:
        return Reader(fs).lun_alua(self.configfs)

    def row(self, fs: ReadFS, name: str) -> Row:
        group, state = self._values(fs)
        value = group if name == "alua_tg_pt_gp_name" else state.get(name)
        known = schema.lun_alua(name.removesuffix("_name"))
        return Row(name, value or "", "string", known.text if known else "")

    def check(self, name: str, value: str) -> str:
        known = schema.lun_alua(name)
        return known.check(value) if known else value

    def known(self, name: str) -> Attribute | None:
        return schema.lun_alua(name.removesuffix("_name"))

    def default(self, name: str) -> str | None:
        """Return the default; a new LUN is in the default group."""
        known = schema.lun_alua(name)
        return known.default if known else DEFAULT_GROUP

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        if "alua_tg_pt_gp_name" in wanted:
            self._check_group(fs, wanted["alua_tg_pt_gp_name"])
        for name, value in wanted.items():
            file = f"{self.configfs}/{name.removesuffix('_name')}"
            yield settings.write(fs, self.path, file, name, value, self.row(fs, name).value)

    def _check_group(self, fs: ReadFS, name: str) -> None:
        """Raise NotFound with the existing groups; the kernel only reports ENODEV."""
        link = links.link_in(fs, self.configfs)
        if not link or name in ("", NO_CREDENTIAL):
            return
        if not fs.is_dir(paths.tg_pt_gp(link[1], name)):
            there = ", ".join(fs.directories(paths.tg_pt_gps(link[1])))
            raise NotFound(
                f"there is no target port group {name}",
                path=self.path,
                hint=f"its storage object has: {there}",
            )
