# SPDX-License-Identifier: Apache-2.0
"""The files of ALUA target port groups (STORAGE_OBJECT/alua/GROUP) and of LUNs."""

from __future__ import annotations

from .attribute import Attribute, Kind

_ALUA = "drivers/target/target_core_alua.c"
_CONFIGFS = "drivers/target/target_core_configfs.c"
_STATUS = (
    ("0", "not changed"),
    ("1", "changed by an initiator (SET TARGET PORT GROUPS)"),
    ("2", "changed by the target"),
)
_STATUS_SHOWN = (
    ("None", "0"),
    ("Altered by Explicit STPG", "1"),
    ("Altered by Implicit ALUA", "2"),
)


def _support(state: str, name: str, default: str = "1") -> Attribute:
    return Attribute(
        f"alua_support_{state}",
        Kind.BOOL,
        f"Whether ports of the group may be {name}; initiators are told. Take a state away when "
        "an initiator handles it badly.",
        default=default,
        source="SPC-4 REPORT TARGET PORT GROUPS; " + _CONFIGFS,
    )


ALUA = (
    Attribute(
        "alua_access_state",
        Kind.CHOICE,
        "How well the group's ports reach the storage. Change it to steer multipath initiators; "
        "it needs an alua_access_type with implicit. With 14 the kernel fails all commands, and "
        "15 stays until another is written.",
        choices=(
            ("0", "active/optimized: use these ports"),
            ("1", "active/non-optimized: use them when no better ones are left"),
            ("2", "standby: no data, but ready to become active"),
            ("3", "unavailable: no data"),
            ("4", "depends on the block, see lba_map; not with an explicit type"),
            ("14", "offline"),
            ("15", "changing"),
        ),
        default="0",
        shown=(
            ("Active/Optimized", "0"),
            ("Active/NonOptimized", "1"),
            ("Standby", "2"),
            ("Unavailable", "3"),
            ("LBA Dependent", "4"),
            ("Offline", "14"),
            ("Transitioning", "15"),
        ),
        source="SPC-4 REPORT TARGET PORT GROUPS; " + _ALUA,
    ),
    Attribute(
        "alua_access_status",
        Kind.CHOICE,
        "Who changed the access state last. The kernel sets it; write it only to put a state "
        "back as it was.",
        choices=_STATUS,
        default="0",
        shown=_STATUS_SHOWN,
        source="SPC-4 REPORT TARGET PORT GROUPS; " + _CONFIGFS,
    ),
    Attribute(
        "alua_access_type",
        Kind.CHOICE,
        "Who may change the access state. Implicit alone keeps initiators from it, as a cluster "
        "manager wants; none hides ALUA.",
        choices=(
            ("0", "nobody"),
            ("1", "the target (implicit)"),
            ("2", "initiators (explicit)"),
            ("3", "both"),
        ),
        default="3",
        shown=(
            ("None", "0"),
            ("Implicit", "1"),
            ("Explicit", "2"),
            ("Implicit and Explicit", "3"),
        ),
        source="SPC-4 INQUIRY, TPGS field; " + _ALUA,
    ),
    _support("active_nonoptimized", "active/non-optimized"),
    _support("active_optimized", "active/optimized"),
    _support("lba_dependent", "in a state that depends on the block", "0"),
    _support("offline", "offline"),
    _support("standby", "standby"),
    _support("transitioning", "between two states"),
    _support("unavailable", "unavailable"),
    Attribute(
        "alua_write_metadata",
        Kind.BOOL,
        "Write every change of the access state to a file under alua/ of the target's dbroot. "
        "Turn it on for scripts that put the states back after a restart.",
        default="0",
        source=_CONFIGFS,
    ),
    Attribute(
        "implicit_trans_secs",
        Kind.NUMBER,
        "How long initiators should allow for a change of state; 0 gives no advice. Raise it "
        "when a failover of the storage behind takes long.",
        unit="seconds",
        low=0,
        high=255,
        default="0",
        source="SPC-4 REPORT TARGET PORT GROUPS; " + _ALUA,
    ),
    Attribute(
        "members",
        Kind.STRING,
        "The LUNs in the group. Put a LUN in with its alua_tg_pt_gp.",
        writable=False,
        source=_CONFIGFS,
    ),
    Attribute(
        "nonop_delay_msecs",
        Kind.NUMBER,
        "Delay of every command while active/non-optimized, which makes initiators prefer the "
        "other ports. Set 0 when they are steered by the state alone.",
        unit="ms",
        low=0,
        high=10000,
        default="100",
        source=_ALUA,
    ),
    Attribute(
        "preferred",
        Kind.BOOL,
        "Tell initiators to prefer this group among equal ones. Set it on the group nearest to "
        "the storage.",
        default="0",
        source="SPC-4 REPORT TARGET PORT GROUPS; " + _ALUA,
    ),
    Attribute(
        "tg_pt_gp_id",
        Kind.NUMBER,
        "Identifier of the group, to be written once and before anything else; 0 takes the next "
        "free one. Use the same for the same ports on every node of a cluster.",
        low=0,
        high=65535,
        source=_ALUA,
    ),
    Attribute(
        "trans_delay_msecs",
        Kind.NUMBER,
        "Delay of every change of state. Raise it only to test how initiators bear a slow "
        "failover.",
        unit="ms",
        low=0,
        high=30000,
        default="0",
        source=_ALUA,
    ),
)

LUN_ALUA = (
    Attribute(
        "alua_tg_pt_gp",
        Kind.STRING,
        "The target port group of this LUN, by name. Choose another to give the port its own "
        "access state; NULL puts it back into default_tg_pt_gp.",
        low=1,
        high=255,
        source=_ALUA,
    ),
    Attribute(
        "alua_tg_pt_offline",
        Kind.BOOL,
        "Take the port offline for this LUN: every command fails. Turn it on to drain one path "
        "without touching the others.",
        default="0",
        source=_ALUA,
    ),
    Attribute(
        "alua_tg_pt_status",
        Kind.CHOICE,
        "Who changed the offline state last. The kernel sets it; write it only to put a state "
        "back as it was.",
        choices=_STATUS,
        default="0",
        shown=_STATUS_SHOWN,
        source=_ALUA,
    ),
    Attribute(
        "alua_tg_pt_write_md",
        Kind.BOOL,
        "Write every change of the offline state to a file under alua/ of the target's dbroot. "
        "Turn it on for scripts that put it back after a restart.",
        default="0",
        source=_ALUA,
    ),
)

_ALUA_BY_NAME = {row.name: row for row in ALUA}
_LUN_BY_NAME = {row.name: row for row in LUN_ALUA}


def alua(name: str) -> Attribute | None:
    """Find a file of an ALUA target port group."""
    return _ALUA_BY_NAME.get(name)


def lun_alua(name: str) -> Attribute | None:
    """Find an ALUA file of a LUN."""
    return _LUN_BY_NAME.get(name)
