# SPDX-License-Identifier: Apache-2.0
"""Targets without the LUNs of some storage objects, and without the mapped LUNs of these."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from ..fast_dataclasses import replace
from .model import Key, NodeAcl, Target, Tpg


def target(found: Target, objects: AbstractSet[Key], running: Target | None = None) -> Target:
    """Return a target without the LUNs of these storage objects.

    Those of ``running`` stay; if they are of another storage object, their mapped LUNs do not.
    """
    if running is None and objects.isdisjoint(found.exported()):
        return found
    tpgs = running.tpgs if running else {}
    return replace(
        found, tpgs={tag: _tpg(one, objects, tpgs.get(tag)) for tag, one in found.tpgs.items()}
    )


def _tpg(found: Tpg, objects: AbstractSet[Key], running: Tpg | None) -> Tpg:
    there = running.luns if running else {}
    lost = {index for index, lun in found.luns.items() if lun.storage_object in objects}
    others = {
        index
        for index, lun in found.luns.items()
        if index in there and there[index].storage_object != lun.storage_object
    }
    gone = (lost - there.keys()) | others
    if not gone:
        return found
    luns = {index: lun for index, lun in found.luns.items() if index not in gone or index in others}
    acls = {wwn: _acl(acl, gone) for wwn, acl in found.acls.items()}
    return replace(found, luns=luns, acls=acls)


def _acl(acl: NodeAcl, gone: AbstractSet[int]) -> NodeAcl:
    mapped = {index: lun for index, lun in acl.mapped_luns.items() if lun.tpg_lun not in gone}
    return replace(acl, mapped_luns=mapped)
