# SPDX-License-Identifier: Apache-2.0
"""Steps that delete a target, a TPG or a LUN that was read before."""

from __future__ import annotations

from collections.abc import Iterator

from ..config.model import Target, Tpg
from ..fabrics import FABRICS
from ..kernel import links, paths
from ..kernel.paths import Locate, TpgPath
from ..reading.reader import Reader
from ..steps import Step, acls, luns, portals, targets
from ..usage import exports
from ..usage.exports import Export


def remove_target(target: Target, locate: Locate) -> Iterator[Step]:
    """Yield the steps that delete one target."""
    for tpg in target.tpgs.values():
        yield from remove_tpg(target, tpg, locate)
    yield targets.delete_target(target)


def remove_tpg(target: Target, tpg: Tpg, locate: Locate) -> Iterator[Step]:
    """Yield the steps that disable one TPG and delete it."""
    fabric = FABRICS[target.fabric]
    tpg_path = TpgPath.of(fabric, target.wwn, tpg.tag)
    if tpg.enable:
        offers = targets.offered(tpg.attributes, tpg.parameters)
        yield targets.enable(fabric, target.wwn, tpg.tag, False, offers)
    for acl in tpg.acls.values():
        yield from acls.delete_acl(tpg_path, acl)
    for lun in tpg.luns.values():
        yield from luns.delete_lun(tpg_path, lun, locate(lun.storage_object))
    for portal in tpg.portals.values():
        yield portals.delete_portal(tpg_path, portal)
    yield from targets.delete_tpg(fabric, target.wwn, tpg)


def remove_lun(reader: Reader, export: Export, *, likely: bool = False) -> list[Step]:
    """Return the steps that delete one LUN and its mapped LUNs.

    ``likely``: only look for mapped LUNs of the same number, which is fast. If there are others,
    a step raises StillMapped before the LUN is deleted.
    """
    tpg_path = export.tpg_path
    lun = reader.lun(export.configfs, export.index)
    steps = []
    for folder, number in exports.mapped_luns(reader, tpg_path, export.index, likely=likely):
        configfs = paths.mapped_lun(paths.acl(tpg_path.configfs, folder), number)
        mapped = reader.mapped_lun(configfs, number)
        if mapped:
            wwn = tpg_path.fabric.from_folder(folder)
            steps.append(acls.delete_mapped_lun(tpg_path, wwn, mapped))
    if lun is None:
        return [*steps, luns.discard_lun(tpg_path, export.index)]
    link = links.link_in(reader.fs, export.configfs)
    return [*steps, *luns.delete_lun(tpg_path, lun, link[1] if link else None)]
