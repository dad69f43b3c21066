# SPDX-License-Identifier: Apache-2.0
"""Refusals of target port groups, and of LUNs in them."""

from __future__ import annotations

from errno import EINVAL, ENODEV

from .refusal import Facts, Refusal

_GROUP = r"core/[a-z_]+_\d+/[^/]+/alua/[^/]+"

# State of a target port group -> the file that shows whether the group supports it
# (target_core_alua.c, core_alua_check_transition).
SUPPORT = {
    "0": "alua_support_active_optimized",
    "1": "alua_support_active_nonoptimized",
    "2": "alua_support_standby",
    "3": "alua_support_unavailable",
    "4": "alua_support_lba_dependent",
    "14": "alua_support_offline",
    "15": "alua_support_transitioning",
}


def _lacks_state(facts: Facts) -> bool:
    return facts[f"next/{SUPPORT.get(facts['value'], '')}"] == "0"


ROWS = (
    Refusal(
        "alua-not-configured",
        "set the ALUA state of a storage object that was never enabled",
        "write",
        rf"{_GROUP}/alua_access_state",
        (ENODEV,),
        "the storage object was never enabled",
        "{delete}, then create it again",
        log=r"while device is not configured",
    ),
    Refusal(
        "alua-not-implicit",
        "set alua_access_state of a group whose state only initiators change",
        "write",
        rf"{_GROUP}/alua_access_state",
        (EINVAL,),
        "only initiators may change the state of this group, because it is not implicit",
        "{path} set alua alua_access_type=1",
        log=r"while TPGS_IMPLICIT_ALUA is disabled",
    ),
    Refusal(
        "alua-lba-explicit",
        "set the state LBA dependent of a group whose state initiators may change",
        "write",
        rf"{_GROUP}/alua_access_state",
        (EINVAL,),
        "LBA dependent is only for groups whose state initiators cannot change",
        "{path} set alua alua_access_type=1",
        log=r"while explicit ALUA management is enabled",
    ),
    Refusal(
        "alua-state-unsupported",
        "set alua_access_state to a state that the group does not support",
        "write",
        rf"{_GROUP}/alua_access_state",
        (EINVAL,),
        "the group does not support this state",
        "{path} set alua {support}=1",
        when=_lacks_state,
    ),
    Refusal(
        "alua-tag-taken",
        "create a target port group",
        "write",
        rf"{_GROUP}/tg_pt_gp_id",
        (EINVAL,),
        "another target port group has this tag",
        "use a free tag; {so_path}/alua ls and info show those in use",
        log=r"ID: \d+ already exists",
    ),
    Refusal(
        "alua-group-missing",
        "move a LUN into a target port group",
        "write",
        r".+/lun/lun_\d+/alua_tg_pt_gp",
        (ENODEV, EINVAL),
        "its storage object has no target port group {value}",
        "{so_path}/alua create {value} TAG",
    ),
)
