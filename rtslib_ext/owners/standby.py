# SPDX-License-Identifier: Apache-2.0
"""Standby: the LUNs of an owner exist on the host that does not serve them, and refuse I/O.

In this state a LUN answers what initiators ask about paths, and no READ or WRITE
(target_core_alua.c, core_alua_state_standby). So initiators keep a path to both hosts.
"""

from __future__ import annotations

from ..config import shell_paths
from ..config.model import Config, Key, StorageObject
from ..errors import InvalidValue
from ..fast_dataclasses import replace
from ..kernel import paths
from ..kernel.abi import DEFAULT_GROUP
from ..kernel.configfs import ConfigfsPath, ReadFS

# SPC-4 section 5.15.2.4, table 36.
STANDBY = "2"
_STATE, _TYPE = "alua_access_state", "alua_access_type"
_IMPLICIT = "1"


def of_fragment(config: Config) -> Config:
    """Return a fragment in which each target port group with a LUN is in standby.

    It has no storage object without a LUN: such a one has no state, so that it would look as if
    this host served it. Raises InvalidValue for a fragment without LUNs, for a LUN without such a
    group, and for one that initiators could make active by themselves (SET TARGET PORT GROUPS):
    then both hosts might write.
    """
    objects: dict[Key, StorageObject] = {}
    for key, target in config.targets.items():
        for tag, tpg in target.tpgs.items():
            for lun in tpg.luns.values():
                so = objects.get(lun.storage_object) or config.storage_objects.get(
                    lun.storage_object
                )
                path = shell_paths.lun(shell_paths.tpg(shell_paths.target(*key), tag), lun.index)
                group = lun.alua_group or DEFAULT_GROUP
                objects[lun.storage_object] = _in_standby(so, group, path)
    if not objects:
        raise InvalidValue(
            "it cannot be in standby: the fragment has no LUN",
            hint="omit the standby, and take it over on the host that serves it",
        )
    return replace(config, storage_objects=objects)


def _in_standby(so: StorageObject | None, name: str, lun: str) -> StorageObject:
    group = so.alua_groups.get(name) if so and name != DEFAULT_GROUP else None
    if so is None or group is None or group.settings.get(_TYPE) != _IMPLICIT:
        raise InvalidValue(
            "it cannot be in standby: it is in no target port group of the fragment with implicit "
            "ALUA only, so initiators could make it active",
            path=lun,
            hint="add a group to its storage object, with alua_access_type 1 and another "
            "tg_pt_gp_id than on the other host, and name it in the LUN",
        )
    group = replace(group, settings={**group.settings, _STATE: STANDBY})
    return replace(so, alua_groups={**so.alua_groups, name: group})


def has(fs: ReadFS, storage_object: ConfigfsPath) -> bool:
    """Return True if a storage object is exported, and all its LUNs are in standby."""
    states = []
    for name in fs.directories(paths.tg_pt_gps(storage_object)):
        group = paths.tg_pt_gp(storage_object, name)
        if (fs.read_if_there(f"{group}/members") or "").strip("\0 \n"):
            states.append(fs.read_if_there(f"{group}/{_STATE}"))
    return bool(states) and set(states) == {STANDBY}
