# SPDX-License-Identifier: Apache-2.0
"""The settings of ALUA target port groups (STORAGE_OBJECT/alua/GROUP) and of LUNs."""

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
        f"Whether ports of the group may be {name}, as reported to initiators. Turn a state off if "
        "an initiator handles it badly.",
        default=default,
        source="SPC-4 REPORT TARGET PORT GROUPS; " + _CONFIGFS,
    )


ALUA = (
    Attribute(
        "alua_access_state",
        Kind.CHOICE,
        "How well the ports of the group reach the storage. Change it to steer multipath "
        "initiators; this needs an alua_access_type with implicit. In state 14 the kernel fails "
        "all commands; state 15 lasts until another state is written.",
        choices=(
            ("0", "active/optimized: use these ports"),
            ("1", "active/non-optimized: use these ports when no better ones are left"),
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
        "Origin of the last change of the access state. The kernel sets it; write it only to "
        "restore a saved state.",
        choices=_STATUS,
        default="0",
        shown=_STATUS_SHOWN,
        source="SPC-4 REPORT TARGET PORT GROUPS; " + _CONFIGFS,
    ),
    Attribute(
        "alua_access_type",
        Kind.CHOICE,
        "Whether the target or initiators may change the access state. Implicit alone leaves it to "
        "the target, for a cluster manager; none hides ALUA.",
        choices=(
            ("0", "neither"),
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
        "Write every change of the access state to a file under alua/ of the target's dbroot. Turn "
        "it on for scripts that restore the states after a restart.",
        default="0",
        source=_CONFIGFS,
    ),
    Attribute(
        "implicit_trans_secs",
        Kind.NUMBER,
        "How long initiators should wait for a change of state; 0 gives no advice. Raise it when a "
        "failover of the backing storage takes long.",
        unit="seconds",
        low=0,
        high=255,
        default="0",
        source="SPC-4 REPORT TARGET PORT GROUPS; " + _ALUA,
    ),
    Attribute(
        "members",
        Kind.STRING,
        "The LUNs in the group. To add a LUN, set its alua_tg_pt_gp.",
        writable=False,
        source=_CONFIGFS,
    ),
    Attribute(
        "nonop_delay_msecs",
        Kind.NUMBER,
        "Delay of every command in state active/non-optimized. No effect with Linux 6.1 to 7.2: "
        "the kernel applies it before it looks at the state.",
        unit="ms",
        low=0,
        high=10000,
        default="100",
        source=_ALUA,
    ),
    Attribute(
        "preferred",
        Kind.BOOL,
        "Report this group as preferred. Paths of a preferred group come before active/optimized "
        "ones in multipath, also when the group is in standby.",
        default="0",
        source="SPC-4 REPORT TARGET PORT GROUPS; " + _ALUA,
    ),
    Attribute(
        "tg_pt_gp_id",
        Kind.NUMBER,
        "Identifier of the group. It is written once and before all other settings; 0 assigns the "
        "next free one. Use the same one for the same ports on every node of a cluster.",
        low=0,
        high=65535,
        source=_ALUA,
    ),
    Attribute(
        "trans_delay_msecs",
        Kind.NUMBER,
        "Delay of every change of state. Raise it only to test how initiators handle a slow "
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
        "access state; NULL returns it to default_tg_pt_gp.",
        low=1,
        high=255,
        source=_ALUA,
    ),
    Attribute(
        "alua_tg_pt_offline",
        Kind.BOOL,
        "Take the port offline for this LUN: every command fails. Turn it on to drain one path "
        "without affecting the others.",
        default="0",
        source=_ALUA,
    ),
    Attribute(
        "alua_tg_pt_status",
        Kind.CHOICE,
        "Origin of the last change of the offline state. The kernel sets it; write it only to "
        "restore a saved state.",
        choices=_STATUS,
        default="0",
        shown=_STATUS_SHOWN,
        source=_ALUA,
    ),
    Attribute(
        "alua_tg_pt_write_md",
        Kind.BOOL,
        "Write every change of the offline state to a file under alua/ of the target's dbroot. "
        "Turn it on for scripts that restore it after a restart.",
        default="0",
        source=_ALUA,
    ),
)

_ALUA_BY_NAME = {row.name: row for row in ALUA}
_LUN_BY_NAME = {row.name: row for row in LUN_ALUA}


def alua(name: str) -> Attribute | None:
    """Return a setting of an ALUA target port group; None if the table has no such row."""
    return _ALUA_BY_NAME.get(name)


def lun_alua(name: str) -> Attribute | None:
    """Return an ALUA setting of a LUN; None if the table has no such row."""
    return _LUN_BY_NAME.get(name)
