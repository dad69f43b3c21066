# SPDX-License-Identifier: Apache-2.0
"""The plan for a whole configuration."""

from __future__ import annotations

from collections.abc import Container

from ..config.model import Config, StorageObject, Target
from ..errors import LioError
from ..fabrics import FABRICS
from ..fast_dataclasses import replace
from ..kernel.abi import DEFAULT_GROUP
from ..kernel.paths import Key, Locate, Placement, Reservations
from ..steps import backstores, lu_groups
from ..usage.exports import Export
from . import build, remove, storage, tpgs
from .builder import Draft, Plan


def plan(
    have: Config,
    want: Config,
    home: Locate,
    placement: Placement,
    reservations: Reservations = lambda serial: (),
) -> Plan:
    """The fewest steps after which ``want`` is what runs.

    What ``want`` does not have is taken away; a value that it leaves open stays. Objects that
    are equal are not touched. ``home`` tells where storage objects are, ``placement`` where new
    ones may be, ``reservations`` the lines that were kept for a unit serial number.
    """
    draft = Draft(home, placement, reservations, read_only=build.read_only(want))
    both = have.storage_objects.keys() & want.storage_objects.keys()
    again = {
        key: why
        for key in both
        if (why := storage.why_again(have.storage_objects[key], want.storage_objects[key]))
    }
    have = _without_renumbered(draft, have, want, again)
    moved = dict(again)
    for key in sorted(both - again.keys()):
        why = storage.why_unexported(have.storage_objects[key], want.storage_objects[key])
        if why:
            moved[key] = why
    gone = {
        (key, name): why
        for key in sorted(both - again.keys())
        for name, why in storage.groups_away(
            have.storage_objects[key], want.storage_objects[key]
        ).items()
    }
    _storage_objects(draft, have, want, again, gone)
    for name in sorted(have.fabrics.keys() | want.fabrics.keys()):
        tpgs.change_fabric(draft, name, have.fabrics.get(name), want.fabrics.get(name))
    _targets(draft, have, want, moved, gone)
    _lu_groups_away(draft, have, want)
    return draft.finish()


def _without_renumbered(draft: Draft, have: Config, want: Config, again: Container[Key]) -> Config:
    """Take the LU groups away that get another number, as one is given once; what is left then.

    The objects that stay are in the default group by that (steps.lu_groups).
    """
    objects, groups = dict(have.storage_objects), dict(have.lu_groups)
    for name, number in have.lu_groups.items():
        if want.lu_groups.get(name, number) == number:
            continue
        members = [
            key
            for key, so in have.storage_objects.items()
            if so.lu_group == name and key in want.storage_objects and key not in again
        ]
        files = [draft.home(key) or "" for key in members]
        draft.make.append(lu_groups.delete(name, number, files))
        objects.update({key: replace(objects[key], lu_group=None) for key in members})
        del groups[name]
    return replace(have, storage_objects=objects, lu_groups=groups)


def _storage_objects(
    draft: Draft, have: Config, want: Config, again: dict[Key, str], gone: tpgs.Gone
) -> None:
    for name, number in want.lu_groups.items():
        if have.lu_groups.get(name) != number:
            draft.make.append(lu_groups.create(name, number))
    for key, so in have.storage_objects.items():
        if key not in want.storage_objects or key in again:
            _take_away(draft, so)
    for key, so in want.storage_objects.items():
        running = have.storage_objects.get(key)
        if running is not None and key not in again and storage.leaves(running, so):
            file = draft.home(key) or ""
            draft.objects_away.append(lu_groups.join(running.path, file, None, running.lu_group))
    exporters = _exporters(have, want) if gone else {}
    for (key, name), why in gone.items():
        so, file = have.storage_objects[key], draft.home(key) or ""
        members = tuple(exporters.get((key, name), ()))
        if why:
            draft.replaced[f"{so.path}/alua/{name}"] = why
        step = backstores.delete_group(so, file, so.alua_groups[name], members)
        draft.objects_away.append(step)
    for key, so in want.storage_objects.items():
        running = have.storage_objects.get(key)
        if running is None or key in again:
            if key in again and running is not None:
                draft.replaced[so.path] = again[key]
                so = storage.kept(running, so)
            _make(draft, so, running)
            continue
        if running == so:
            # Where it is need not be looked up.
            continue
        file = draft.home(key) or ""
        draft.make += storage.set_all(draft, running, so, file)
        draft.make += storage.set_groups(running, so, file)


def _take_away(draft: Draft, so: StorageObject) -> None:
    file = draft.home(so.key) or ""
    draft.objects_away += backstores.delete(so, file, draft.reservations(so.wwn or ""))


def _make(draft: Draft, so: StorageObject, running: StorageObject | None) -> None:
    try:
        file = draft.home(so.key) if running is not None else None
        hba = file.rpartition("/")[0] if file else draft.placement.choose(*so.key)
    except LioError as err:
        draft.make.append(backstores.refuse(so, err))
        return
    draft.made[so.key] = f"{hba}/{so.name}"
    draft.make += backstores.create(so, hba, aptpl=draft.reservations(so.wwn or ""))


def _exporters(have: Config, want: Config) -> dict[tuple[Key, str], list[str]]:
    """The LUNs that stay, as configfs paths, by storage object and target port group."""
    found: dict[tuple[Key, str], list[str]] = {}
    for target_key, target in have.targets.items():
        wanted = want.targets.get(target_key)
        for tag, tpg in target.tpgs.items():
            for index, lun in tpg.luns.items():
                if wanted is None or tag not in wanted.tpgs:
                    continue
                if lun.alua_group not in (None, DEFAULT_GROUP) and index in wanted.tpgs[tag].luns:
                    key = (lun.storage_object, lun.alua_group or "")
                    file = Export(FABRICS[target.fabric], target.wwn, tag, index).file
                    found.setdefault(key, []).append(file)
    return found


def _targets(
    draft: Draft, have: Config, want: Config, moved: dict[Key, str], gone: tpgs.Gone
) -> None:
    for key, target in have.targets.items():
        if key not in want.targets:
            draft.away += remove.remove_target(target, draft.home)
    for key, target in want.targets.items():
        running: Target | None = have.targets.get(key)
        if running is None:
            tpgs.make_target(draft, target)
        else:
            tpgs.change_target(draft, running, target, moved, gone)


def _lu_groups_away(draft: Draft, have: Config, want: Config) -> None:
    """When nobody is in them any more."""
    for name, number in have.lu_groups.items():
        if name not in want.lu_groups:
            draft.make.append(lu_groups.delete(name, number))
