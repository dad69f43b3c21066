# SPDX-License-Identifier: Apache-2.0
"""Steps that change existing storage objects, and the reasons to recreate them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from .. import schema
from ..config import inquiry, scalars, shell_paths, shown_inquiry
from ..config.backing import Backing, FileIO
from ..config.model import AluaGroup, StorageObject
from ..config.shell_paths import ShellPath
from ..fast_dataclasses import fields, replace
from ..kernel import paths
from ..kernel.abi import DEFAULT_GROUP, LBA_DEPENDENT
from ..kernel.configfs import ConfigfsPath
from ..steps import Step, backstores, lu_groups
from ..steps.context import Operation
from ..steps.operations import Fail, Write
from ..steps.settings import change
from ..steps.step import set_step
from .builder import Look, PlanBuilder
from .settings import differing, set_values

_STATE, _STATUS, _TYPE = "alua_access_state", "alua_access_status", "alua_access_type"
# The attribute that allows a state (SPC-4 section 6.37, the T_SUP, O_SUP ... bits).
_SUPPORT = {
    "0": "alua_support_active_optimized",
    "1": "alua_support_active_nonoptimized",
    "2": "alua_support_standby",
    "3": "alua_support_unavailable",
    "14": "alua_support_offline",
}
_IMPLICIT = ("1", "3")


def why_recreate(have: StorageObject, want: StorageObject) -> str:
    """Return why a storage object must be recreated; "" if it need not be."""
    found = _differing_backing(have.backing, want.backing)
    if found:
        name, now, then = found
        if name == "size":
            now, then = (scalars.size(int(str(length or 0))) for length in (now, then))
        return f"{name}: {now} -> {then}"
    if have.lba_map != want.lba_map:
        return "its map of logical blocks changes"
    if _lba_dependent(have) != _lba_dependent(want):
        return "what its target port groups support changes"
    return ""


def why_unexported(have: StorageObject, want: StorageObject) -> str:
    """Return why its LUNs must be recreated; "" if they need not be."""
    if want.wwn is not None and have.backing.has_wwn and have.wwn != want.wwn:
        return "its unit serial number changes"
    for name in _identity_changes(have, want):
        return f"{name} changes"
    for name in differing(have.attributes, want.attributes):
        known = schema.storage_object(name, have.backing.plugin)
        if known is not None and not known.live and name in have.attributes:
            return f"{name} changes"
    return ""


def _differing_backing(have: Backing, want: Backing) -> tuple[str, object, object] | None:
    """Return the first difference that needs a new object: (name, value now, wanted value)."""
    for item in fields(want):
        now, then = getattr(have, item.name), getattr(want, item.name)
        if then is None or now == then:
            continue
        if item.name == "dev" and os.path.realpath(now) == os.path.realpath(then):
            continue
        if item.name == "size" and isinstance(want, FileIO) and (now or 0) < then:
            continue
        return item.name, now, then
    return None


def _lba_dependent(so: StorageObject) -> set[str]:
    groups = so.alua_groups.values()
    return {group.name for group in groups if group.settings.get(LBA_DEPENDENT, "0") != "0"}


def _identity_changes(have: StorageObject, want: StorageObject) -> dict[str, str]:
    if not have.backing.has_wwn:
        return {}
    before, after = shown_inquiry.fields(have), shown_inquiry.fields(_as_managed(have, want))
    return differing(before, {**_resets(before.keys() - after.keys()), **after})


def _resets(names: Iterable[str]) -> dict[str, str]:
    """Return the default values of those settings that have one in the schema."""
    rows = ((name, schema.wwn(name)) for name in names)
    return {name: row.default for name, row in rows if row and row.default is not None}


def without_missing(
    have: StorageObject, want: StorageObject, folder: ConfigfsPath, look: Look
) -> tuple[StorageObject, list[str]]:
    """Return ``want`` without the fields of the identity that this kernel lacks, and their names.

    ``folder`` is the ``wwn`` directory of the running object.
    """
    new = want.identity.keys() - have.identity.keys()
    new -= inquiry.defaults(have.backing.plugin, have.name, named=False).keys()
    known = (name for name in new if schema.known("wwn", name))
    missing = sorted(name for name in known if look(f"{folder}/{name}") is None)
    rest = {name: value for name, value in want.identity.items() if name not in missing}
    return (replace(want, identity=rest) if missing else want), missing


def _as_managed(have: StorageObject, want: StorageObject) -> StorageObject:
    """Return ``want`` with the attributes of ``have`` that it does not mention."""
    return replace(want, attributes={**have.attributes, **want.attributes})


def kept(have: StorageObject, want: StorageObject) -> StorageObject:
    """Return ``want`` with the values of ``have`` that a recreated object would lose."""
    groups = want.alua_groups or have.alua_groups
    wwn = have.wwn if want.wwn is None else want.wwn
    return replace(_as_managed(have, want), wwn=wwn, alua_groups=groups)


def set_all(
    builder: PlanBuilder, have: StorageObject, want: StorageObject, configfs: ConfigfsPath
) -> Iterator[Step]:
    """Yield the steps that set new values; LUNs that prevent it were deleted before."""
    yield from _backing(have, want, configfs)
    product = {"../wwn/product_id": shown_inquiry.fields(have)["product_id"]}
    yield from set_values(
        builder,
        want.path,
        paths.attributes(configfs),
        have.attributes,
        want.attributes,
        lambda name: schema.known("storage_object", name),
        product if have.backing.has_wwn else {},
    )
    yield from _names(have, want, configfs)


def _backing(have: StorageObject, want: StorageObject, configfs: ConfigfsPath) -> Iterator[Step]:
    now, then = have.backing, want.backing
    if isinstance(then, FileIO) and isinstance(now, FileIO) and then.size is not None:
        if now.size != then.size:
            yield backstores.grow(want, configfs, now.size or 0, then.size)
    if then.udev_path and now.udev_path != then.udev_path:
        yield change(want.path, f"{configfs}/udev_path", then.udev_path, now.udev_path, {})


def _names(have: StorageObject, want: StorageObject, configfs: ConfigfsPath) -> Iterator[Step]:
    folder, before = paths.identity(configfs), shown_inquiry.fields(have)
    wanted = _identity_changes(have, want)
    if have.attributes.get("emulate_model_alias") != want.attributes.get(
        "emulate_model_alias", have.attributes.get("emulate_model_alias")
    ):
        # Writing emulate_model_alias sets the product too, maybe to the wanted one.
        wanted.pop("product_id", None)
        if "product_id" in want.identity:
            wanted["product_id"] = want.identity["product_id"]
    for name in sorted(wanted):
        had = before.get(name, "")
        step = change(want.path, f"{folder}/{name}", wanted[name], had, {})
        error = backstores.too_long(name, wanted[name])
        yield replace(step, operations=(Fail(error),)) if error else step
    if want.wwn is not None and have.backing.has_wwn and have.wwn != want.wwn:
        # Compared with the value that the kernel keeps, which may be truncated.
        yield change(want.path, f"{folder}/vpd_unit_serial", want.wwn, have.wwn or "", {})
    if (have.alias or "") != (want.alias or ""):
        yield change(want.path, f"{configfs}/alias", want.alias or "", have.alias or "", {})


# -- target port groups -----------------------------------------------------------------------


def removed_groups(have: StorageObject, want: StorageObject) -> dict[str, str]:
    """Return the target port groups to delete, each with why it is recreated, or "".

    If ``want`` has no groups at all, the existing ones are kept: a storage object with ALUA
    always has the default group.
    """
    if not want.alua_groups:
        return {}
    result = {}
    for name, group in have.alua_groups.items():
        wanted = want.alua_groups.get(name)
        if name == DEFAULT_GROUP:
            continue
        if wanted is None:
            result[name] = ""
        elif wanted.tag is not None and wanted.tag != group.tag:
            result[name] = f"tag: {group.tag} -> {wanted.tag}"
    return result


def leaves(have: StorageObject, want: StorageObject) -> bool:
    """Return whether an object must leave its LU group while its target port groups change.

    A state that is set in an LU group is set for all of its members that have such a target port
    group (target_core_alua.c, core_alua_do_port_transition).
    """
    if have.lu_group is None:
        return False
    if have.lu_group != want.lu_group or removed_groups(have, want):
        return True
    pairs = ((have.alua_groups.get(name), group) for name, group in want.alua_groups.items())
    return any(one is None or _state_differs(one, other) for one, other in pairs)


def _state_differs(have: AluaGroup, want: AluaGroup) -> bool:
    return _STATE in differing(have.settings, want.settings)


def set_groups(have: StorageObject, want: StorageObject, configfs: ConfigfsPath) -> Iterator[Step]:
    """Yield the steps that create and change target port groups, and set the LU group."""
    removed = removed_groups(have, want)
    for name, group in want.alua_groups.items():
        running = have.alua_groups.get(name)
        if running is None or name in removed:
            if name != DEFAULT_GROUP:
                yield backstores.create_group(want, configfs, group)
                yield from backstores.alua_values(want, configfs, group)
        else:
            path, folder = shell_paths.tg_pt_gp(want.path, name), paths.tg_pt_gp(configfs, name)
            yield from _group_values(path, folder, running, group)
    now = None if leaves(have, want) else have.lu_group
    if now != want.lu_group:
        yield lu_groups.join(want.path, configfs, want.lu_group, now)


def _group_values(
    path: ShellPath, configfs: ConfigfsPath, have: AluaGroup, want: AluaGroup
) -> Iterator[Step]:
    wanted = {
        name: value
        for name, value in differing(have.settings, want.settings).items()
        # Missing in ``have``: it is off, the default of a new group.
        if name != LBA_DEPENDENT
    }
    if _STATE in wanted:
        yield _state(path, configfs, have, wanted[_STATE])
        if _STATUS in want.settings:
            wanted[_STATUS] = want.settings[_STATUS]
    for name in sorted(wanted, key=lambda name: (name != _STATUS, name)):
        if name != _STATE:
            yield change(path, f"{configfs}/{name}", wanted[name], have.settings.get(name, ""), {})


def _state(path: ShellPath, configfs: ConfigfsPath, have: AluaGroup, state: str) -> Step:
    """Set the state of a group, and lift for a moment the settings that forbid it.

    It can be set only while implicit changes are allowed and the state is supported
    (drivers/target/target_core_configfs.c, target_tg_pt_gp_alua_access_state_store;
    target_core_alua.c, core_alua_check_transition).
    """
    settings = have.settings
    before = settings.get(_STATE, "0")
    relax = [
        Write(f"{configfs}/{name}", "1", "0")
        for name in dict.fromkeys((_SUPPORT.get(state, ""), _SUPPORT.get(before, "")))
        if settings.get(name) == "0"
    ]
    if settings.get(_TYPE, "3") not in _IMPLICIT:
        relax.append(Write(f"{configfs}/{_TYPE}", "3", settings[_TYPE]))
    tighten = [Write(item.file, item.before or "", item.value) for item in reversed(relax)]

    def to_state(value: str) -> tuple[Operation, ...]:
        return (*relax, Write(f"{configfs}/{_STATE}", value), *tighten)

    status = settings.get(_STATUS)
    recreate = () if status is None else (Write(f"{configfs}/{_STATUS}", status),)
    undo = (*to_state(before), *recreate)
    return set_step(path, _STATE, state, before, to_state(state), undo=undo)
