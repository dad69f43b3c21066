# SPDX-License-Identifier: Apache-2.0
"""The name of a setting that a step sets: its group and name, as get and set take them."""

from __future__ import annotations

import re

from rtslib_ext.kernel.abi import AUTH_FILES
from rtslib_ext.steps import Step
from rtslib_ext.steps.step import SET

_AUTH_NAMES = {file: name for name, file in AUTH_FILES.items()}
_SWITCH = "enforce_discovery_auth"
_LUN_GROUP = "alua_tg_pt_gp"

# Pattern of a configfs path -> group of the node (tree.Node.groups)
_GROUPS: tuple[tuple[str, str], ...] = (
    (r"core/[^/]+/[^/]+/attrib/[^/]+", "attribute"),
    (r"core/[^/]+/[^/]+/wwn/[^/]+", "identity"),
    (r"core/alua/lu_gps/[^/]+/[^/]+", "alua"),
    (r"core/[^/]+/[^/]+/alua/[^/]+/[^/]+", "alua"),
    (r"core/[^/]+/[^/]+/[^/]+", "device"),
    (r"[^/]+/discovery_auth/[^/]+", "discovery_auth"),
    (r"[^/]+/[^/]+", "fabric"),
    (r"[^/]+/[^/]+/param/[^/]+", "parameter"),
    (r"[^/]+/[^/]+/tpgt_\d+/[^/]+", "port"),
    (r"[^/]+/[^/]+/tpgt_\d+/lun/lun_\d+/[^/]+", "alua"),
    (r"[^/]+/[^/]+/tpgt_\d+/acls/[^/]+/[^/]+", "initiator"),
    (r"[^/]+/[^/]+/tpgt_\d+/(?:acls/[^/]+/)?attrib/[^/]+", "attribute"),
    (r"[^/]+/[^/]+/tpgt_\d+/(?:acls/[^/]+/)?param/[^/]+", "parameter"),
    (r"[^/]+/[^/]+/tpgt_\d+/(?:acls/[^/]+/)?auth/[^/]+", "auth"),
)


def of_step(step: Step) -> str | None:
    """Return ``attribute emulate_tpu``, or the bare name without a group; None if none is set."""
    if step.verb != SET or step.value is None:
        return None
    for operation in step.operations:
        found = _of_file(getattr(operation, "file", ""))
        if found and found.endswith(f" {step.subject.rpartition(' ')[2]}"):
            return found
    return step.subject


def _of_file(file: str) -> str:
    """Return the group and name of a configfs file; "" if it is in no group."""
    group = next((group for pattern, group in _GROUPS if re.fullmatch(pattern, file)), "")
    name = file.rpartition("/")[2]
    if group in ("auth", "discovery_auth"):
        name = "enable" if name == _SWITCH else _AUTH_NAMES.get(name, name)
    if name == _LUN_GROUP:
        name = f"{name}_name"
    return f"{group} {name}" if group else ""
