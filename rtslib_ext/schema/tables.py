# SPDX-License-Identifier: Apache-2.0
"""The tables by name, and the names that only old kernels had."""

from __future__ import annotations

import os

from .acl import ACL, ACL_ATTRIBUTES, AUTH
from .alua import ALUA, LUN_ALUA
from .attribute import Attribute
from .device import DEVICE, LU_GROUP, RESERVATIONS
from .fabric import FABRIC
from .parameters import ACL_PARAMETERS, TARGET_PARAMETERS, TPG_PARAMETERS
from .storage_object import STORAGE_OBJECT, WWN
from .tpg import TPG, TPG_ATTRIBUTES

GROUPS: dict[str, tuple[Attribute, ...]] = {
    "storage_object": STORAGE_OBJECT,
    "wwn": WWN,
    "device": DEVICE,
    "reservations": RESERVATIONS,
    "lu_group": LU_GROUP,
    "alua": ALUA,
    "lun_alua": LUN_ALUA,
    "fabric": FABRIC,
    "target_parameter": TARGET_PARAMETERS,
    "tpg": TPG,
    "tpg_attribute": TPG_ATTRIBUTES,
    "tpg_parameter": TPG_PARAMETERS,
    "acl": ACL,
    "acl_attribute": ACL_ATTRIBUTES,
    "acl_parameter": ACL_PARAMETERS,
    "auth": AUTH,
}

RETIRED: dict[str, dict[str, str]] = {
    "storage_object": {
        "fabric_max_sectors": "the kernel no longer splits commands; hw_max_sectors is the limit",
        "max_sectors": "the kernel no longer splits commands; hw_max_sectors is the limit",
        "task_timeout": "the kernel leaves time limits to the device",
    },
    "tpg_attribute": {
        "crc32c_x86_offload": "the kernel chooses the fastest checksum itself",
    },
}

_NUMBERS = frozenset(row.name for rows in GROUPS.values() for row in rows if row.is_number)
_NAMES = {group: frozenset(row.name for row in rows) for group, rows in GROUPS.items()}


_LACKS = "this kernel has no "
_NO_EFFECT = " has no effect on "


def why_missing(name: str) -> str:
    """Return that this kernel lacks a setting, and since or until which release one has it."""
    rows = [row for rows in GROUPS.values() for row in rows if row.name == name]
    release = os.uname().release
    if any(row.in_kernel(release) for row in rows):
        return _LACKS + name
    whens = {row.when() for row in rows} or {names.get(name, "") for names in RETIRED.values()}
    listed = ", ".join(sorted(filter(None, whens)))
    return f"{_LACKS}{name} ({listed})" if listed else _LACKS + name


def is_about_kernel(text: str) -> bool:
    """Return True for a note about what the kernel lacks: it is the same for all objects."""
    return text.startswith(_LACKS) or _NO_EFFECT in text


def known(group: str, name: str) -> bool:
    """Return True if some kernel has, or had, this name in the group."""
    return name in _NAMES.get(group, ()) or bool(retired(group, name))


def was_once(name: str) -> bool:
    """Return True if only old kernels had an attribute of this name."""
    return any(name in names for names in RETIRED.values())


def is_number(name: str) -> bool:
    """Return True if a setting of this name is an integer; the same in all groups that have it."""
    return name in _NUMBERS


def retired(group: str, name: str) -> str:
    """Return why newer kernels lack the name; "" if they have it, or no kernel ever had."""
    return RETIRED.get(group, {}).get(name, "")
