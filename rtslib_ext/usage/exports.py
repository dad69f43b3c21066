# SPDX-License-Identifier: Apache-2.0
"""Who exports a storage object, and which mapped LUNs lead to a LUN."""

from __future__ import annotations

from collections.abc import Iterator

from ..fabrics import FABRICS, Fabric, of_folder
from ..fast_dataclasses import dataclass
from ..kernel import paths
from ..kernel.configfs import ReadFS
from ..kernel.paths import TpgPath
from ..reading.reader import Reader

# A members file holds one page at most; past this the kernel may have left some out.
_FULL = 4096 - 300


@dataclass(frozen=True, slots=True)
class Export:
    """A LUN by its place."""

    fabric: Fabric
    wwn: str
    tag: int
    index: int

    @property
    def place(self) -> TpgPath:
        """The place of its TPG."""
        return TpgPath.of(self.fabric, self.wwn, self.tag)

    @property
    def file(self) -> str:
        """Its configfs path."""
        return f"{self.place.file}/lun/lun_{self.index}"


def of_storage_object(fs: ReadFS, file: str) -> list[Export]:
    """The LUNs that export the storage object at a configfs path.

    Its target port groups list them, so this costs what there are of them; objects without
    such groups are looked for in every TPG.
    """
    if (fs.read_if_there(f"{file}/info") or "").startswith("Status: DEACTIVATED"):
        return []
    found = _from_members(fs, file)
    return list(_search(fs, file)) if found is None else found


def in_group(fs: ReadFS, group: str) -> list[Export] | None:
    """The LUNs in the target port group at a configfs path; None where it does not tell all."""
    text = fs.read_if_there(f"{group}/members") or ""
    if len(text) > _FULL:
        return None
    found = []
    for line in text.splitlines():
        if not line.strip("\0 "):
            continue
        export = _member(line.strip("\0 "))
        if export is None or not fs.is_dir(export.file):
            return None
        found.append(export)
    return found


def _from_members(fs: ReadFS, file: str) -> list[Export] | None:
    """None where the groups do not tell all."""
    if fs.read_if_there(f"{file}/attrib/alua_support") == "0":
        return None
    found = []
    for group in fs.directories(f"{file}/alua"):
        exports = in_group(fs, f"{file}/alua/{group}")
        if exports is None:
            return None
        found += exports
    return found or None


def _member(line: str) -> Export | None:
    """``iSCSI/iqn.…/tpgt_1/lun_0`` (target_core_configfs.c, target_tg_pt_gp_members_show)."""
    parts = line.split("/")
    fabric = of_folder(parts[0])
    if fabric is None or len(parts) != 4:
        return None
    tag, index = parts[2].removeprefix("tpgt_"), parts[3].removeprefix("lun_")
    if not (tag.isdigit() and index.isdigit()):
        return None
    return Export(fabric, fabric.from_folder(parts[1]), int(tag), int(index))


def _search(fs: ReadFS, file: str) -> Iterator[Export]:
    reader = Reader(fs)
    for fabric in FABRICS.values():
        for wwn in reader.target_wwns(fabric):
            for tag in reader.tags(paths.target(fabric, wwn)):
                for index in reader.lun_indexes(paths.tpg(fabric, wwn, tag)):
                    export = Export(fabric, wwn, tag, index)
                    link = paths.link_in(fs, export.file)
                    if link and link[1] == file:
                        yield export


def mapped_luns(
    reader: Reader, place: TpgPath, index: int, *, likely: bool = False
) -> Iterator[tuple[str, int]]:
    """The mapped LUNs that lead to a LUN of a TPG: (folder of the ACL, number).

    ``likely``: only those that have its own number, found at once however many others there are.
    """
    if not place.fabric.has("acls"):
        return
    wanted = f"{place.file}/lun/lun_{index}"
    for acl in reader.acl_names(place.file):
        path = f"{place.file}/acls/{acl}"
        for number in [index] if likely else reader.mapped_indexes(path):
            if _leads_to(reader, f"{path}/lun_{number}", wanted):
                yield acl, number


def _leads_to(reader: Reader, mapped: str, lun: str) -> bool:
    link = paths.link_in(reader.fs, mapped)
    return link is not None and link[1] == lun
