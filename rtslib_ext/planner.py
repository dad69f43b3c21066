# SPDX-License-Identifier: Apache-2.0
"""Config -> ordered steps: what builds a configuration, what takes one away.

Creates go from root to leaf, deletes from leaf to root; TPGs are enabled when all of their
configuration is there, and disabled before anything is taken from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from . import host, paths
from .fabrics import FABRICS
from .model import Auth, Config, FabricSettings, Target, Tpg
from .steps import Step, backstores, luns, targets
from .steps.luns import Place

Key = tuple[str, str]
Locate = Callable[[str, str], str | None]
Reservations = Callable[[str], tuple[str, ...]]


def build(
    want: Config,
    placement: paths.Placement,
    locate: Locate,
    reservations: Reservations = lambda serial: (),
) -> Iterator[Step]:
    """The steps that make everything in ``want``.

    ``locate`` finds storage objects that are there already: a LUN may export one of those.
    ``reservations`` gives the lines that were kept for a unit serial number.
    """
    homes: dict[Key, str] = {}
    for key, so in want.storage_objects.items():
        hba = placement.choose(*key)
        homes[key] = f"{hba}/{so.name}"
        yield from backstores.create(so, hba, aptpl=reservations(so.wwn or ""))
    for settings in want.fabrics.values():
        yield from targets.set_fabric(settings, FabricSettings(settings.name, Auth("", "", "", "")))
    enables = []
    for target in want.targets.values():
        yield from build_target(target, lambda key: homes.get(key) or locate(*key))
        enables += [
            targets.enable(FABRICS[target.fabric], target.wwn, tpg.tag, True)
            for tpg in target.tpgs.values()
            if tpg.enable
        ]
    yield from enables


def build_target(target: Target, home: Callable[[Key], str | None]) -> Iterator[Step]:
    """The steps that make one target with all its TPGs, not yet enabled."""
    yield from targets.create_target(target)
    for tpg in target.tpgs.values():
        yield from build_tpg(target, tpg, home)


def build_tpg(target: Target, tpg: Tpg, home: Callable[[Key], str | None]) -> Iterator[Step]:
    """The steps that make one TPG with LUNs, portals and node ACLs, not yet enabled."""
    fabric = FABRICS[target.fabric]
    place = Place.of(fabric, target.wwn, tpg.tag)
    yield from targets.create_tpg(fabric, target.wwn, tpg)
    for lun in tpg.luns.values():
        yield from luns.create_lun(place, lun, home(lun.storage_object))
    for portal in tpg.portals.values():
        yield from luns.create_portal(place, portal)
    for acl in tpg.acls.values():
        yield from luns.create_acl(place, acl)


def clear(outline: Config, homes: Mapping[Key, str]) -> Iterator[Step]:
    """The steps that take everything away; ``outline`` needs no more than what is connected."""
    for target in outline.targets.values():
        yield from remove_target(target, homes)
    for settings in outline.fabrics.values():
        nothing = FabricSettings(settings.name, Auth("", "", "", ""), False)
        if settings.cpus_allowed_list is not None:
            nothing = replace(nothing, cpus_allowed_list=host.possible_cpus())
        yield from targets.set_fabric(nothing, settings)
    for (plugin, name), file in homes.items():
        yield backstores.discard(f"/backstores/{plugin}/{name}", file)


def remove_target(target: Target, homes: Mapping[Key, str]) -> Iterator[Step]:
    """The steps that take one target away."""
    for tpg in target.tpgs.values():
        yield from remove_tpg(target, tpg, homes)
    yield targets.delete_target(target)


def remove_tpg(target: Target, tpg: Tpg, homes: Mapping[Key, str]) -> Iterator[Step]:
    """The steps that take one TPG away: first nobody is served any more."""
    fabric = FABRICS[target.fabric]
    place = Place.of(fabric, target.wwn, tpg.tag)
    if tpg.enable:
        yield targets.enable(fabric, target.wwn, tpg.tag, False)
    for acl in tpg.acls.values():
        yield from luns.delete_acl(place, acl)
    for lun in tpg.luns.values():
        yield from luns.delete_lun(place, lun, homes[lun.storage_object])
    for portal in tpg.portals.values():
        yield luns.delete_portal(place, portal)
    yield from targets.delete_tpg(fabric, target.wwn, tpg)


