# SPDX-License-Identifier: Apache-2.0
"""DEVICE_GROUP and TARGET_GROUP of scst.conf as target port groups (SPC-4 section 5.15)."""

from __future__ import annotations

from collections.abc import Mapping

from ... import naming
from ...config.model import AluaGroup, Key
from ...errors import InvalidValue
from ...fast_dataclasses import replace
from ..builder import Builder
from ..statements import Statement
from .access import GroupedTarget
from .devices import Devices
from .settings import Settings, place

_STATES = {
    "active": "0",
    "nonoptimized": "1",
    "standby": "2",
    "unavailable": "3",
    "offline": "14",
    "transitioning": "15",
}


def add(
    builder: Builder,
    group: Statement,
    devices: Devices,
    targets: Mapping[str, GroupedTarget],
) -> None:
    """Add the target groups of a device group to its devices and their LUNs. Raises ParseError."""
    found: list[tuple[Key, bool]] = []
    for one in group.blocks("DEVICE"):
        device = devices.found.get(one.name)
        if device is None or device.key is None:
            builder.note(place(builder, one), f"{one.name} has no groups: it is not imported")
        else:
            found.append((device.key, device.explicit))
    for ports in group.blocks("TARGET_GROUP"):
        made = _group(builder, ports)
        if made is None:
            continue
        local = _local(builder, ports, targets)
        for key, explicit in found:
            so = builder.object(key)
            if so.backing.plugin == "pscsi":
                builder.lost(place(builder, ports), f"the SCSI device {key[1]} has its own groups")
                continue
            settings = {"alua_access_type": "3" if explicit else "1", **made.settings}
            group_of = replace(made, settings=settings)
            builder.put(replace(so, alua_groups={**so.alua_groups, made.name: group_of}))
            for target in local:
                target.alua[key] = made.name
    Settings(builder, group, ("DEVICE", "TARGET_GROUP")).rest({})


def _group(builder: Builder, ports: Statement) -> AluaGroup | None:
    at = place(builder, ports)
    try:
        name = naming.check_object_name(ports.name, "")
    except InvalidValue as err:
        builder.lost(at, f"the group {ports.name!r} is left out: {err.message}")
        return None
    settings = Settings(builder, ports, ("TARGET",))
    tag = settings.number("group_id")
    if tag is not None and not 0 < tag <= naming.TAG_MAX:
        builder.changed(
            at, f"the group_id {tag} becomes another one: LIO has 1 to {naming.TAG_MAX}"
        )
        tag = None
    values: dict[str, str] = {}
    state = settings.take("state")
    if state:
        if state.text not in _STATES:
            known = ", ".join(_STATES)
            raise builder.source.wrong(state.line, f"expected one of {known} after state")
        values["alua_access_state"] = _STATES[state.text]
    if settings.flag("preferred"):
        values["preferred"] = "1"
    settings.rest({})
    return AluaGroup(name, tag, values)


def _local(
    builder: Builder, ports: Statement, targets: Mapping[str, GroupedTarget]
) -> list[GroupedTarget]:
    found = []
    for one in ports.blocks("TARGET"):
        if one.name in targets:
            found.append(targets[one.name])
            settings = Settings(builder, one)
            settings.take("rel_tgt_id")
            settings.rest({})
        else:
            builder.lost(
                place(builder, one),
                f"LIO does not report {one.name} to initiators, a port of another node",
                "they find it when they log in there",
            )
    return found
