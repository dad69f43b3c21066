# SPDX-License-Identifier: Apache-2.0
"""Plan the change from one configuration to another."""

from __future__ import annotations

from collections.abc import Container

from ..config import shell_paths
from ..config.model import Config, Key, StorageObject, Target
from ..errors import LioError
from ..fabrics import FABRICS
from ..fast_dataclasses import replace
from ..kernel import paths
from ..kernel.abi import DEFAULT_GROUP
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import HbaAllocator, Locate, Reservations
from ..schema import why_missing
from ..steps import backstores, lu_groups
from ..usage.exports import Export
from . import build, demo_mode, remove, rtpi, storage, tpgs
from .builder import Look, Plan, PlanBuilder


def plan(
    have: Config,
    want: Config,
    locate: Locate,
    allocator: HbaAllocator,
    reservations: Reservations = lambda serial: (),
    look: Look | None = None,
) -> Plan:
    """Return the plan with the fewest steps from ``have`` to ``want``.

    Objects that ``want`` does not have are deleted; values that are None or missing in it are
    not changed. ``locate`` returns the configfs path of an existing storage object, ``allocator``
    chooses HBAs for new ones, ``reservations`` returns the lines kept on disk for a unit serial
    number. ``look`` reads a file of a running object; without it, ``have`` is another file.
    """
    want, notes = rtpi.without_duplicates(want)
    want, kept = demo_mode.consistent(have, want)
    want, missing = _without_missing(have, want, locate, look) if look else (want, [])
    builder = _builder(PlanBuilder(locate, allocator, reservations), have, want, look)
    builder.notes += [*notes, *kept, *missing]
    both = have.storage_objects.keys() & want.storage_objects.keys()
    recreate = {
        key: why
        for key in both
        if (why := storage.why_recreate(have.storage_objects[key], want.storage_objects[key]))
    }
    have = _without_renumbered(builder, have, want, recreate)
    unexport = dict(recreate)
    for key in sorted(both - recreate.keys()):
        why = storage.why_unexported(have.storage_objects[key], want.storage_objects[key])
        if why:
            unexport[key] = why
    removed_groups = {
        (key, name): why
        for key in sorted(both - recreate.keys())
        for name, why in storage.removed_groups(
            have.storage_objects[key], want.storage_objects[key]
        ).items()
    }
    _storage_objects(builder, have, want, recreate, removed_groups)
    for name in sorted(have.fabrics.keys() | want.fabrics.keys()):
        tpgs.change_fabric(builder, name, have.fabrics.get(name), want.fabrics.get(name))
    _targets(builder, have, want, unexport, removed_groups)
    _delete_lu_groups(builder, have, want)
    return builder.finish()


def _builder(builder: PlanBuilder, have: Config, want: Config, look: Look | None) -> PlanBuilder:
    """Return the builder with what it needs to know of the whole configurations."""
    ports = rtpi.plan_ports(have, want, look)
    builder.ports, builder.notes = ports.changes, ports.notes
    builder.objects, builder.read_only = want.storage_objects, build.read_only(want)
    return builder


def _without_missing(
    have: Config, want: Config, locate: Locate, look: Look
) -> tuple[Config, list[tuple[str, str]]]:
    """Return ``want`` without what running storage objects lack, and (shell path, note)."""
    objects, notes = dict(want.storage_objects), list[tuple[str, str]]()
    for key, so in want.storage_objects.items():
        running = have.storage_objects.get(key)
        if running is None or so.identity.keys() <= running.identity.keys():
            continue
        folder = paths.identity(locate(key) or ConfigfsPath(""))
        objects[key], missing = storage.without_missing(running, so, folder, look)
        notes += ((so.path, f"{why_missing(name)}; it was skipped") for name in missing)
    return (replace(want, storage_objects=objects) if notes else want), notes


def _without_renumbered(
    builder: PlanBuilder, have: Config, want: Config, recreate: Container[Key]
) -> Config:
    """Delete the LU groups whose number changes, as it can be set only once.

    Return the configuration after that: their members are in the default group
    (steps.lu_groups).
    """
    objects, groups = dict(have.storage_objects), dict(have.lu_groups)
    for name, number in have.lu_groups.items():
        if want.lu_groups.get(name, number) == number:
            continue
        members = [
            key
            for key, so in have.storage_objects.items()
            if so.lu_group == name and key in want.storage_objects and key not in recreate
        ]
        members_paths = [builder.path_of(key) for key in members]
        builder.create.append(lu_groups.delete(name, number, members_paths))
        objects.update({key: replace(objects[key], lu_group=None) for key in members})
        del groups[name]
    return replace(have, storage_objects=objects, lu_groups=groups)


def _storage_objects(
    builder: PlanBuilder,
    have: Config,
    want: Config,
    recreate: dict[Key, str],
    removed_groups: tpgs.RemovedGroups,
) -> None:
    for name, number in want.lu_groups.items():
        if have.lu_groups.get(name) != number:
            builder.create.append(lu_groups.create(name, number))
    for key, so in have.storage_objects.items():
        if key not in want.storage_objects or key in recreate:
            _delete(builder, so)
    for key, so in want.storage_objects.items():
        running = have.storage_objects.get(key)
        if running is not None and key not in recreate and storage.leaves(running, so):
            step = lu_groups.join(running.path, builder.path_of(key), None, running.lu_group)
            builder.remove_objects.append(step)
    _delete_tg_pt_gps(builder, have, want, removed_groups)
    for key, so in want.storage_objects.items():
        running = have.storage_objects.get(key)
        if running is None:
            _create(builder, so, None)
        elif key in recreate:
            builder.replaced[so.path] = recreate[key]
            _create(builder, storage.kept(running, so), running)
        # Equal objects need no look-up of their path.
        elif running != so:
            configfs = builder.path_of(key)
            builder.create += storage.set_all(builder, running, so, configfs)
            builder.create += storage.set_groups(running, so, configfs)


def _delete_tg_pt_gps(
    builder: PlanBuilder, have: Config, want: Config, removed_groups: tpgs.RemovedGroups
) -> None:
    """Delete target port groups; the LUNs that stay go to the default one."""
    exporters = _exporters(have, want) if removed_groups else {}
    for (key, name), why in removed_groups.items():
        so = have.storage_objects[key]
        members = tuple(exporters.get((key, name), ()))
        if why:
            builder.replaced[shell_paths.tg_pt_gp(so.path, name)] = why
        group = so.alua_groups[name]
        step = backstores.delete_group(so, builder.path_of(key), group, members)
        builder.remove_objects.append(step)


def _delete(builder: PlanBuilder, so: StorageObject) -> None:
    kept = builder.reservations(so.wwn or "")
    builder.remove_objects += backstores.delete(so, builder.path_of(so.key), kept)


def _create(builder: PlanBuilder, so: StorageObject, running: StorageObject | None) -> None:
    try:
        configfs = builder.locate(so.key) if running is not None else None
        hba = paths.parent(configfs) if configfs else builder.allocator.choose(*so.key)
    except LioError as err:
        builder.create.append(backstores.refuse(so, err))
        return
    builder.made[so.key] = paths.storage_object_in(hba, so.name)
    builder.create += backstores.create(so, hba, aptpl=builder.reservations(so.wwn or ""))


def _exporters(have: Config, want: Config) -> dict[tuple[Key, str], list[ConfigfsPath]]:
    """Return the LUNs (configfs paths) that stay, by storage object and target port group."""
    found: dict[tuple[Key, str], list[ConfigfsPath]] = {}
    for target_key, target in have.targets.items():
        wanted = want.targets.get(target_key, Target(*target_key)).tpgs
        for tag, tpg in target.tpgs.items():
            stay = wanted[tag].luns if tag in wanted else {}
            for index, lun in tpg.luns.items():
                group = lun.alua_group or DEFAULT_GROUP
                if index in stay and group != DEFAULT_GROUP:
                    export = Export(FABRICS[target.fabric], target.wwn, tag, index)
                    found.setdefault((lun.storage_object, group), []).append(export.configfs)
    return found


def _targets(
    builder: PlanBuilder,
    have: Config,
    want: Config,
    unexport: dict[Key, str],
    removed_groups: tpgs.RemovedGroups,
) -> None:
    for key, target in have.targets.items():
        if key not in want.targets:
            builder.remove += remove.remove_target(target, builder.locate)
    for key, target in want.targets.items():
        running: Target | None = have.targets.get(key)
        if running is None:
            tpgs.create_target(builder, target)
        else:
            tpgs.change_target(builder, running, target, unexport, removed_groups)


def _delete_lu_groups(builder: PlanBuilder, have: Config, want: Config) -> None:
    """Delete the LU groups that are not wanted, which are empty by now."""
    for name, number in have.lu_groups.items():
        if name not in want.lu_groups:
            builder.create.append(lu_groups.delete(name, number))
