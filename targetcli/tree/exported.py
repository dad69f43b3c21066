# SPDX-License-Identifier: Apache-2.0
"""The LUNs and mapped LUNs of a storage object, and the initiators that are logged in there."""

from __future__ import annotations

from rtslib_ext.config import shell_paths
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.usage import exports, sessions
from rtslib_ext.usage.exports import Export


@dataclass(slots=True)
class Exported:
    """The shell paths of LUNs and mapped LUNs; ``logged_in`` are the initiators that see them."""

    luns: list[str] = field(default_factory=list)
    mapped_luns: list[str] = field(default_factory=list)
    logged_in: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, object]:
        """Return lists of text, for --json."""
        return {"luns": self.luns, "mapped_luns": self.mapped_luns, "logged_in": self.logged_in}

    def lines(self) -> list[str]:
        """Return a line for each."""
        return [
            *(f"lun: {path}" for path in self.luns),
            *(f"mapped_lun: {path}" for path in self.mapped_luns),
            *(f"logged_in: {text}" for text in self.logged_in),
        ]


def of_storage_object(reader: Reader, configfs: ConfigfsPath) -> Exported:
    """Return where the storage object at a configfs path is seen."""
    found = Exported()
    for export in exports.of_storage_object(reader.fs, configfs):
        found.luns.append(export.shell)
        if export.fabric.has("acls"):
            _add_initiators(reader, export, found)
    return found


def _add_initiators(reader: Reader, export: Export, found: Exported) -> None:
    tpg = export.tpg_path
    for folder, number in exports.mapped_luns(reader, tpg, export.index):
        acl = shell_paths.acl(tpg.shell, export.fabric.from_folder(folder))
        found.mapped_luns.append(shell_paths.mapped_lun(acl, number))
        session = sessions.of_acl(reader, export.fabric, tpg.configfs, folder)
        if session:
            where = ", ".join(item.address for item in session.connections)
            found.logged_in.append(f"{session.initiator} from {where or 'an unknown address'}")
    names = sessions.dynamic_initiators(reader, tpg.configfs)
    found.logged_in += (f"{name} without an ACL" for name in names)
