# SPDX-License-Identifier: Apache-2.0
"""The object that a path in configfs belongs to, by its shell path."""

from __future__ import annotations

from ..config import shell_paths
from ..config.shell_paths import ShellPath
from ..fabrics import Fabric, of_folder
from . import paths

_ROOT = ShellPath("/")


def shell_path(path: str) -> ShellPath:
    """Return the shell path of the object that a configfs path is, or is in; "/" for none.

    An ACL is named by its WWN, also where the shell shows its tag.
    """
    match path.split("/"):
        case ["core", "alua", "lu_gps", name, *_]:
            return shell_paths.lu_gp(name)
        case ["core", hba, name, *rest]:
            key = paths.key_of_storage_object(f"core/{hba}/{name}")
            return _in_storage_object(shell_paths.storage_object(*key), rest) if key else _ROOT
        case [folder, *rest] if fabric := of_folder(folder):
            return _in_fabric(fabric, rest)
    return _ROOT


def _in_storage_object(path: ShellPath, rest: list[str]) -> ShellPath:
    match rest:
        case ["alua", group, *_]:
            return shell_paths.tg_pt_gp(path, group)
    return path


def _in_fabric(fabric: Fabric, rest: list[str]) -> ShellPath:
    match rest:
        case [] | ["discovery_auth" | "cpus_allowed_list", *_]:
            return shell_paths.fabric(fabric.name)
        case [wwn, tpg, *below] if parsed := paths.parse_tpg(f"{fabric.folder}/{wwn}/{tpg}"):
            return _in_tpg(fabric, paths.shell_tpg(*parsed), below)
    return shell_paths.target(fabric.name, fabric.from_folder(rest[0]))


def _in_tpg(fabric: Fabric, path: ShellPath, rest: list[str]) -> ShellPath:
    match rest:
        case ["lun", name, *_] if (index := _index(name)) is not None:
            return shell_paths.lun(path, index)
        case ["np", name, *_]:
            return shell_paths.portal(path, name)
        case ["acls", folder, *below]:
            acl = shell_paths.acl(path, fabric.from_folder(folder))
            index = _index(below[0]) if below else None
            return acl if index is None else shell_paths.mapped_lun(acl, index)
    return path


def _index(name: str) -> int | None:
    """Return the number of the directory of a LUN or mapped LUN; None for any other."""
    number = name.removeprefix("lun_")
    return int(number) if number != name and number.isdecimal() else None
