# SPDX-License-Identifier: Apache-2.0
"""The LUNs that export a storage object, and the mapped LUNs of a LUN."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from ..config import shell_paths
from ..config.model import Key, Target
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import dataclass
from ..kernel import links, paths
from ..kernel.abi import MEMBERS_FULL
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..kernel.paths import TpgPath
from ..reading.reader import Reader
from ..reading.tpg_keys import tpg_keys


@dataclass(frozen=True, slots=True)
class Export:
    """A LUN that exports a storage object."""

    fabric: Fabric
    wwn: str
    tag: int
    index: int

    @property
    def tpg_path(self) -> TpgPath:
        """The paths of its TPG."""
        return TpgPath.of(self.fabric, self.wwn, self.tag)

    @property
    def configfs(self) -> ConfigfsPath:
        """Its configfs path."""
        return paths.lun(self.tpg_path.configfs, self.index)

    @property
    def shell(self) -> ShellPath:
        """Its shell path."""
        return shell_paths.lun(self.tpg_path.shell, self.index)


def of_storage_object(fs: ReadFS, storage_object: ConfigfsPath) -> list[Export]:
    """Return the LUNs that export the storage object at a configfs path.

    Its target port groups list them, so the cost depends only on their number. For objects without
    such groups every TPG is searched.
    """
    if (fs.read_if_there(f"{storage_object}/info") or "").startswith("Status: DEACTIVATED"):
        return []
    listed = _from_members(fs, storage_object)
    return list(_search(fs, storage_object)) if listed is None else listed


def of_target(target: Target) -> Iterator[Export]:
    """Yield the LUNs of a target that was read before."""
    fabric = FABRICS[target.fabric]
    for tag, tpg in target.tpgs.items():
        yield from (Export(fabric, target.wwn, tag, index) for index in tpg.luns)


def by_others(
    fs: ReadFS, storage_objects: Iterable[Key], targets: Container[Key]
) -> Iterator[tuple[Key, Export]]:
    """Yield the LUNs that export these storage objects in other targets than ``targets``."""
    locate = paths.locator(fs)
    for key in storage_objects:
        path = locate(key)
        for export in of_storage_object(fs, path) if path else ():
            if (export.fabric.name, export.wwn) not in targets:
                yield key, export


def in_group(fs: ReadFS, group: ConfigfsPath) -> list[Export]:
    """Return the LUNs in the target port group at a configfs path."""
    listed = _listed(fs, group)
    if listed is not None:
        return listed
    first = f"TG Port Alias: {paths.name_of(group)}\n"
    luns = _search(fs, paths.storage_object_of(group))
    texts = ((lun, fs.read_if_there(f"{lun.configfs}/alua_tg_pt_gp") or "") for lun in luns)
    return [lun for lun, text in texts if text.startswith(first)]


def _listed(fs: ReadFS, group: ConfigfsPath) -> list[Export] | None:
    """Return the LUNs that a target port group lists; None if the list may be incomplete."""
    text = fs.read_if_there(f"{group}/members") or ""
    if len(text) > MEMBERS_FULL:
        return None
    exports = []
    for line in text.split("\n"):
        if not line.strip("\0 "):
            continue
        export = _at(paths.of_tg_pt_gp_member(line))
        if export is None or not fs.is_dir(export.configfs):
            return None
        exports.append(export)
    return exports


def _from_members(fs: ReadFS, storage_object: ConfigfsPath) -> list[Export] | None:
    """Return the LUNs in all target port groups; None if a list is incomplete."""
    if fs.read_if_there(f"{paths.attributes(storage_object)}/alua_support") == "0":
        return None
    result = []
    for group in fs.directories(paths.tg_pt_gps(storage_object)):
        exports = _listed(fs, paths.tg_pt_gp(storage_object, group))
        if exports is None:
            return None
        result += exports
    return result or None


def _at(lun: ConfigfsPath) -> Export | None:
    parsed = paths.parse_lun(lun)
    tpg = paths.parse_tpg(parsed[0]) if parsed else None
    return Export(*tpg, parsed[1]) if tpg and parsed else None


def _search(fs: ReadFS, storage_object: ConfigfsPath) -> Iterator[Export]:
    reader = Reader(fs)
    for key in tpg_keys(reader, FABRICS.values()):
        for index in reader.lun_indexes(paths.tpg(*key)):
            export = Export(*key, index)
            link = links.link_in(fs, export.configfs)
            if link and link[1] == storage_object:
                yield export


def mapped_luns(
    reader: Reader, tpg_path: TpgPath, index: int, *, likely: bool = False
) -> Iterator[tuple[str, int]]:
    """Yield (directory name of the ACL, number) of the mapped LUNs of a LUN of a TPG.

    ``likely``: only those with the LUN's own number, which takes one look-up for each ACL.
    """
    wanted = paths.lun(tpg_path.configfs, index)
    for name in reader.acl_names(tpg_path.configfs):
        acl = paths.acl(tpg_path.configfs, name)
        for number in [index] if likely else reader.mapped_indexes(acl):
            if _leads_to(reader, paths.mapped_lun(acl, number), wanted):
                yield name, number


def _leads_to(reader: Reader, mapped: ConfigfsPath, lun: ConfigfsPath) -> bool:
    link = links.link_in(reader.fs, mapped)
    return link is not None and link[1] == lun
