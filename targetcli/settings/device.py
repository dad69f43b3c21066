# SPDX-License-Identifier: Apache-2.0
"""The group ``device`` of a storage object: alias, logical unit group, map of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rtslib_ext import schema
from rtslib_ext.config import shell_paths
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import NotFound, Unsupported
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import DEFAULT_LU_GROUP
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.steps import Step, lu_groups, settings

from ..views.settings import Row
from .files import Files

# Shown elsewhere, and changed by commands of their own.
_HIDDEN = frozenset({"control", "enable", "info", "udev_path"})
_LU_GROUP = "alua_lu_gp"


class Device(Files):
    """The settings in the directory of a storage object."""

    def __init__(self, path: ShellPath, configfs: ConfigfsPath) -> None:
        super().__init__("device", path, (configfs,), schema.device, _HIDDEN)
        self.configfs = configfs

    def row(self, fs: ReadFS, name: str) -> Row:
        """Return a setting; for the logical unit group, its name."""
        row = super().row(fs, name)
        if name != _LU_GROUP:
            return row
        group = row.value.partition(";")[0].partition("LU Group Alias: ")[2]
        return Row(name, group, row.kind, row.text, row.writable)

    def check(self, name: str, value: str) -> str:
        """Return the value as the kernel expects it; semicolons separate the lines of a map."""
        if name == _LU_GROUP:
            return value or DEFAULT_LU_GROUP
        checked = super().check(name, value.replace("\n", ";"))
        if name != "lba_map":
            return checked
        # To the kernel, a blank at the start of a line ends the list of states.
        return "\n".join(line.strip() for line in checked.split(";"))

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield the steps, the map last: it changes the groups, and undo does not restore those."""
        for name, value in sorted(wanted.items(), key=lambda item: item[0] == "lba_map"):
            if name == _LU_GROUP:
                self._check_group(fs, value)
                before = self.row(fs, name).value
                if value != before:
                    yield lu_groups.join(self.path, self.configfs, _group(value), _group(before))
            else:
                file = f"{self.configfs}/{name}"
                yield settings.write(fs, self.path, file, name, value, self.before(fs, file))

    def _check_group(self, fs: ReadFS, name: str) -> None:
        """Raise NotFound with the existing groups; the kernel only reports ENODEV."""
        if fs.read_if_there(f"{paths.attributes(self.configfs)}/alua_support") == "0":
            raise Unsupported(
                "the object does not support ALUA",
                path=self.path,
                hint="the backing device processes ALUA commands itself",
            )
        if not fs.is_dir(paths.lu_gp(name)):
            raise NotFound(
                f"there is no logical unit group {name}",
                path=self.path,
                hint=f"existing groups: {', '.join(sorted(fs.directories(paths.LU_GROUPS)))}; "
                f"create one with: {shell_paths.LU_GROUPS} create",
            )


def _group(name: str) -> str | None:
    return None if name in ("", DEFAULT_LU_GROUP) else name
