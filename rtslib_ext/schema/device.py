# SPDX-License-Identifier: Apache-2.0
"""The files of a storage object's own folder and its reservations; logical unit groups."""

from __future__ import annotations

from .attribute import Attribute, Kind

_CORE = "drivers/target/target_core_configfs.c"
_ALUA = "drivers/target/target_core_alua.c"
_PR = "SPC-4 5.13 Reservations; " + _CORE

DEVICE = (
    Attribute(
        "alias",
        Kind.STRING,
        "A note of yours about the object. The kernel does nothing with it; say what it is for, or "
        "whose it is.",
        high=511,
        default="",
        source=_CORE,
    ),
    Attribute(
        "alua_lu_gp",
        Kind.STRING,
        "The logical unit group it is in. A change of access state in one object of a group is "
        "made in the target port groups of the same number of all its other objects. Put disks "
        "in one that fail over together; default_lu_gp couples nothing.",
        low=1,
        high=254,
        default="default_lu_gp",
        source="SPC-4 5.15.2.1; " + _ALUA,
    ),
    Attribute(
        "lba_map",
        Kind.STRING,
        "Which blocks are in which access state, for target port groups in state 4: the size of "
        "a segment and the stride, then first and last block with GROUP:STATE pairs. The lines "
        "are parted by a semicolon.",
        high=4095,
        default="",
        source="SPC-4 5.15.2.7, REPORT REFERRALS; " + _CORE,
    ),
)

LU_GROUP = (
    Attribute(
        "lu_gp_id",
        Kind.NUMBER,
        "Number of the group. It is given once, when the group is made.",
        low=1,
        high=65535,
        writable=False,
        source=_ALUA,
    ),
    Attribute(
        "members",
        Kind.STRING,
        "The storage objects in the group. Put one in with its alua_lu_gp.",
        writable=False,
        source=_CORE,
    ),
)

RESERVATIONS = (
    Attribute(
        "all_tgt_pts",
        Kind.STRING,
        "Whether the holder registered through all ports of the target at once (ALL_TG_PT). It "
        "then holds the reservation through each of them.",
        writable=False,
        source=_PR + ", res_pr_all_tgt_pts",
    ),
    Attribute(
        "aptpl",
        Kind.STRING,
        "Whether registrations survive a loss of power (APTPL). The initiator that registered "
        "last decides; clusters that rely on it need yes here.",
        writable=False,
        source=_PR + ", res_aptpl_active",
    ),
    Attribute(
        "aptpl_metadata",
        Kind.STRING,
        "How many registrations are kept on disk, and in which file. Restoring brings them back.",
        writable=False,
        source="SPC-4 5.13 Reservations; drivers/target/target_core_pr.c",
    ),
    Attribute(
        "generation",
        Kind.NUMBER,
        "How often registrations were changed since the object was made (PRGENERATION). An "
        "initiator sees by it that others were busy.",
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
        "The target port through which the holder registered. It is told as target, TPG, LUN and "
        "relative target port identifier.",
        writable=False,
        source=_PR + ", res_pr_holder_tg_port",
    ),
    Attribute(
        "mode",
        Kind.STRING,
        "Which reservations are in use. There are persistent ones, those of SPC-2, those of the "
        "device itself, or none while emulate_pr is 0.",
        writable=False,
        source=_PR + ", res_type",
    ),
    Attribute(
        "registrants",
        Kind.STRING,
        "The initiators that registered, each with its key. Look here for one that is gone and "
        "still holds others off.",
        writable=False,
        source=_PR + ", res_pr_registered_i_pts",
    ),
    Attribute(
        "type",
        Kind.STRING,
        "What the reservation forbids to other initiators, with its code in SPC-4. Some types are "
        "held by one initiator, some by all that registered.",
        writable=False,
        source=_PR + ", res_pr_type",
    ),
)

_DEVICE = {row.name: row for row in DEVICE}
_LU_GROUP = {row.name: row for row in LU_GROUP}
_RESERVATIONS = {row.name: row for row in RESERVATIONS}


def device(name: str) -> Attribute | None:
    """Find a file of a storage object's own folder."""
    return _DEVICE.get(name)


def lu_group(name: str) -> Attribute | None:
    """Find a file of a logical unit group."""
    return _LU_GROUP.get(name)


def reservation(name: str) -> Attribute | None:
    """Find what is told of a storage object's reservations."""
    return _RESERVATIONS.get(name)
