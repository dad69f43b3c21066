# SPDX-License-Identifier: Apache-2.0
"""Ordered steps that create the objects of a configuration.

Parents are created before children; TPGs are enabled once they are complete.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import cache

from ..config.model import Auth, Config, FabricSettings, Key, MappedLun, StorageObject, Target, Tpg
from ..errors import LioError
from ..fabrics import FABRICS
from ..kernel import paths, rtpi
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import Locate, Reservations, TpgPath
from ..reading.topology import Topology
from ..steps import Step, acls, backstores, lu_groups, luns, portals, targets
from ..steps.context import Operation
from ..steps.defaults import KernelDefaults
from ..steps.settings import UNKNOWN
from .rtpi import kept_number

_NOTHING = Topology()
Before = Callable[[StorageObject], tuple[Operation, ...]]
"""Returns the operations that create the backing file of a storage object; usually none."""


def build(
    want: Config,
    allocator: paths.HbaAllocator,
    locate: Locate,
    reservations: Reservations = lambda serial: (),
    there: Topology = _NOTHING,
    defaults: KernelDefaults = UNKNOWN,
    before: Before = lambda so: (),
) -> Iterator[Step]:
    """Yield the steps that create everything in ``want`` that is not ``there``.

    ``locate`` returns the configfs path of other storage objects, which a LUN may export too.
    ``reservations`` returns the lines kept on disk for a unit serial number. ``defaults`` may
    learn the defaults of new objects while the first steps are performed: each step is made only
    when it is asked for.
    """
    for name, number in want.lu_groups.items():
        if name not in there.config.lu_groups:
            yield lu_groups.create(name, number)
    reservations = cache(reservations)
    made: dict[Key, ConfigfsPath] = {}
    objects = (so for key, so in want.storage_objects.items() if key not in there.locations)
    for so in objects:
        yield from _build_storage_object(so, allocator, reservations, defaults, made, before(so))
    for settings in want.fabrics.values():
        if settings.name not in there.config.fabrics:
            nothing = FabricSettings(settings.name, Auth("", "", "", ""))
            yield from targets.set_fabric(settings, nothing)

    def locate_any(key: Key) -> ConfigfsPath | None:
        return made.get(key) or there.locations.get(key) or locate(key)

    yield from _build_targets(want, locate_any, there, reservations)


def _build_targets(
    want: Config, locate: Locate, there: Topology, reservations: Reservations
) -> Iterator[Step]:
    """Yield the steps that create the missing targets and TPGs, and then enable them.

    TPGs with a port number that was set come first: the kernel gives the others free numbers.
    """
    first: list[Step] = []
    enables: list[Step] = []
    unwritable = read_only(want)
    for target_key, target in want.targets.items():
        running = there.config.targets.get(target_key)
        if running is None:
            yield from targets.create_target(target)
        for tpg in target.tpgs.values():
            running_tpg = running.tpgs.get(tpg.tag) if running else None
            yield from build_tpg(target, tpg, locate, running_tpg, unwritable)
            if running_tpg is not None:
                continue
            kept = claim_kept(target, tpg, want.storage_objects, reservations)
            yield from kept
            if tpg.enable:
                is_set = rtpi.NAME in tpg.files or bool(kept)
                fabric = FABRICS[target.fabric]
                offers = targets.offered(tpg.attributes, tpg.parameters)
                step = targets.enable(fabric, target.wwn, tpg.tag, True, offers)
                (first if is_set else enables).append(step)
    yield from first
    yield from enables


def claim_kept(
    target: Target, tpg: Tpg, objects: Mapping[Key, StorageObject], reservations: Reservations
) -> list[Step]:
    """Return the step that gives a new TPG the number in its persistent registrations, if any."""
    if rtpi.NAME in tpg.files:
        return []
    number = kept_number(target, tpg, objects, reservations)
    path = TpgPath.of(FABRICS[target.fabric], target.wwn, tpg.tag)
    return [targets.keep_rtpi(path, number)] if number else []


def _build_storage_object(
    so: StorageObject,
    allocator: paths.HbaAllocator,
    reservations: Reservations,
    defaults: KernelDefaults,
    made: dict[Key, ConfigfsPath],
    before: tuple[Operation, ...],
) -> Iterator[Step]:
    """Yield the steps that create one storage object; its configfs path is added to ``made``."""
    try:
        hba = allocator.choose(*so.key)
    except LioError as err:
        yield backstores.refuse(so, err)
        return
    made[so.key] = paths.storage_object_in(hba, so.name)
    kept = reservations(so.wwn or "")
    yield from backstores.create(so, hba, aptpl=kept, before=before, defaults=defaults)


def protected(tpg: Tpg, read_only: Container[Key]) -> acls.Protected:
    """Return a function that returns whether a new mapped LUN of a TPG is read-only by default."""
    always = tpg.attributes.get("prod_mode_write_protect") == "1"

    def ask(mapped: MappedLun) -> bool:
        lun = tpg.luns.get(mapped.tpg_lun)
        return always or (lun is not None and lun.storage_object in read_only)

    return ask


def read_only(config: Config) -> frozenset[Key]:
    """Return the keys of the read-only storage objects."""
    objects = config.storage_objects.values()
    return frozenset(so.key for so in objects if getattr(so.backing, "readonly", False))


def build_tpg(
    target: Target,
    tpg: Tpg,
    locate: Locate,
    running: Tpg | None = None,
    read_only: Container[Key] = (),
) -> Iterator[Step]:
    """Yield the steps that create one TPG with LUNs, portals and node ACLs, still disabled.

    Of a ``running`` TPG only the missing objects are created. ``read_only`` are the keys of the
    read-only storage objects.
    """
    ask = protected(tpg, read_only)
    fabric = FABRICS[target.fabric]
    tpg_path = TpgPath.of(fabric, target.wwn, tpg.tag)
    new_tpg = running is None
    if running is None:
        yield from targets.create_tpg(fabric, target.wwn, tpg)
        running = Tpg(tpg.tag)
    for lun in tpg.luns.values():
        if lun.index not in running.luns:
            yield from luns.create_lun(tpg_path, lun, locate(lun.storage_object))
    for portal in tpg.portals.values():
        if portal.name not in running.portals:
            yield portals.create_portal(tpg_path, portal)
    for acl in tpg.acls.values():
        if acl.wwn not in running.acls:
            yield from acls.create_acl(tpg_path, acl, ask, new_tpg=new_tpg)
            continue
        for mapped in acl.mapped_luns.values():
            if mapped.index not in running.acls[acl.wwn].mapped_luns:
                yield acls.create_mapped_lun(tpg_path, acl.wwn, mapped, protected=ask(mapped))
