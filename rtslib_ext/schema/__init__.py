# SPDX-License-Identifier: Apache-2.0
"""The settings of the kernel's target as table rows: type, range, default, meaning, liveness.

The lookups return None for a name that the tables lack: a newer kernel may have it.
"""

from __future__ import annotations

from .acl import acl, acl_attribute, auth
from .alua import alua, lun_alua
from .attribute import Attribute, Kind
from .describe import facts, values
from .device import device, lu_group, reservation
from .fabric import fabric
from .parameters import acl_parameter, target_parameter, tpg_parameter
from .storage_object import storage_object, storage_objects, wwn
from .tables import GROUPS, is_about_kernel, is_number, known, retired, was_once, why_missing
from .tpg import tpg, tpg_attribute, tpg_attributes

__all__ = [
    "GROUPS",
    "Attribute",
    "Kind",
    "acl",
    "acl_attribute",
    "acl_parameter",
    "alua",
    "auth",
    "device",
    "fabric",
    "facts",
    "is_about_kernel",
    "is_number",
    "known",
    "lu_group",
    "lun_alua",
    "reservation",
    "retired",
    "storage_object",
    "storage_objects",
    "target_parameter",
    "tpg",
    "tpg_attribute",
    "tpg_attributes",
    "tpg_parameter",
    "values",
    "was_once",
    "why_missing",
    "wwn",
]
