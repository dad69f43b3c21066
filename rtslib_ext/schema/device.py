# SPDX-License-Identifier: Apache-2.0
"""The settings in the directory of a storage object, its reservations, and logical unit groups."""

from __future__ import annotations

from .attribute import Attribute, Kind

_CORE = "drivers/target/target_core_configfs.c"
_ALUA = "drivers/target/target_core_alua.c"
_PR = "SPC-4 5.13 Reservations; " + _CORE

DEVICE = (
    Attribute(
        "alias",
        Kind.STRING,
        "A free text about the object. The kernel does not use it; describe the purpose or the "
        "owner.",
        high=511,
        default="",
        source=_CORE,
    ),
    Attribute(
        "alua_lu_gp",
        Kind.STRING,
        "The logical unit group of the object. A change of access state in one object of a group "
        "also changes the target port groups with the same number of all its other objects. Use "
        "one group for disks that fail over together; default_lu_gp has no such effect.",
        low=1,
        high=254,
        default="default_lu_gp",
        source="SPC-4 5.15.2.1; " + _ALUA,
    ),
    Attribute(
        "lba_map",
        Kind.STRING,
        "Access states by ranges of blocks, for target port groups in state 4: the size of a "
        "segment and the stride, then first and last block with GROUP:STATE pairs. Separate the "
        "lines with semicolons.",
        high=4095,
        default="",
        source="SPC-4 5.15.2.7, REPORT REFERRALS; " + _CORE,
    ),
)

LU_GROUP = (
    Attribute(
        "lu_gp_id",
        Kind.NUMBER,
        "Number of the group. It is set once, when the group is created.",
        low=1,
        high=65535,
        writable=False,
        source=_ALUA,
    ),
    Attribute(
        "members",
        Kind.STRING,
        "The storage objects in the group. To add one, set its alua_lu_gp.",
        writable=False,
        source=_CORE,
    ),
)

RESERVATIONS = (
    Attribute(
        "all_tgt_pts",
        Kind.BOOL,
        "Whether the holder registered through all ports of the target at once (ALL_TG_PT). It "
        "then holds the reservation through each of them.",
        writable=False,
        source=_PR + ", res_pr_all_tgt_pts",
    ),
    Attribute(
        "aptpl",
        Kind.BOOL,
        "Whether registrations survive a loss of power (APTPL). The last initiator that registered "
        "decides; clusters that rely on it need 1 here.",
        writable=False,
        source=_PR + ", res_aptpl_active",
    ),
    Attribute(
        "aptpl_metadata",
        Kind.STRING,
        "Number of registrations kept on disk, and the file that holds them. A restore reads them "
        "back.",
        writable=False,
        source="SPC-4 5.13 Reservations; drivers/target/target_core_pr.c",
    ),
    Attribute(
        "generation",
        Kind.NUMBER,
        "Number of changes of registrations since the object was created (PRGENERATION). "
        "Initiators use it to detect changes by others.",
        low=0,
        high=4294967295,
        writable=False,
        source=_PR + ", res_pr_generation",
    ),
    Attribute(
        "holder",
        Kind.STRING,
        "The initiator that holds the reservation. Others may do only what the type allows.",
        writable=False,
        source=_PR + ", res_holder",
    ),
    Attribute(
        "holder_tg_port",
        Kind.STRING,
        "The target port through which the holder registered. Shown as target, TPG, LUN and "
        "relative target port identifier.",
        writable=False,
        source=_PR + ", res_pr_holder_tg_port",
    ),
    Attribute(
        "mode",
        Kind.STRING,
        "Kind of reservations in use. They are persistent ones, those of SPC-2, those of the "
        "device itself, or none while emulate_pr is 0.",
        writable=False,
        source=_PR + ", res_type",
    ),
    Attribute(
        "registrants",
        Kind.STRING,
        "The registered initiators, each with its key. Look here for an initiator that is gone and "
        "still blocks others.",
        writable=False,
        source=_PR + ", res_pr_registered_i_pts",
    ),
    Attribute(
        "type",
        Kind.STRING,
        "Access that the reservation denies to other initiators, with its code in SPC-4. Some "
        "types are held by one initiator, some by all registered ones.",
        writable=False,
        source=_PR + ", res_pr_type",
    ),
)

_DEVICE = {row.name: row for row in DEVICE}
_LU_GROUP = {row.name: row for row in LU_GROUP}
_RESERVATIONS = {row.name: row for row in RESERVATIONS}


def device(name: str) -> Attribute | None:
    """Return a setting in the directory of a storage object; None if the table has no such row."""
    return _DEVICE.get(name)


def lu_group(name: str) -> Attribute | None:
    """Return a setting of a logical unit group; None if the table has no such row."""
    return _LU_GROUP.get(name)


def reservation(name: str) -> Attribute | None:
    """Return a property of the reservations of a storage object; None if there is no such row."""
    return _RESERVATIONS.get(name)
