#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Create, configure, enable or delete TPGs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_tpg
short_description: Create, configure, enable or delete TPGs
description:
  - Creates TPGs of existing targets, sets their settings and enables or disables them.
extends_documentation_fragment:
  - targetcli.lio.program
  - targetcli.lio.program.state
options:
  tpgs:
    description: The TPGs.
    type: list
    elements: dict
    required: true
    suboptions:
      fabric:
        description: The fabric of the target.
        type: str
        default: iscsi
      target:
        description: The WWN of the target.
        type: str
        required: true
      tag:
        description: The number of the TPG. Fabrics without several TPGs ignore it.
        type: int
        default: 1
      default_portal:
        description: Whether a new TPG listens on all addresses.
        type: bool
        default: false
      enabled:
        description:
          - Whether initiators can log in. Left as it is if omitted; a new TPG is disabled.
          - Disabling a TPG ends its sessions.
        type: bool
      settings:
        description: Settings by group, as C(TPG get) of targetcli lists them.
        type: dict
        suboptions:
          attribute:
            description: Values of the group attribute by name.
            type: dict
          parameter:
            description: Values of the group parameter by name.
            type: dict
          port:
            description: Values of the group port by name.
            type: dict
"""

EXAMPLES = r"""
- name: A target that requires CHAP
  targetcli.lio.lio_tpg:
    tpgs:
      - target: iqn.2003-01.org.example:disks
        enabled: true
        settings:
          attribute:
            authentication: true
"""

RETURN = r"""
changes:
  description: The changes that were made, or in check mode those that would be made, in order.
  returned: always
  type: list
  elements: dict
messages:
  description: The messages of targetcli.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.targetcli.lio.plugins.module_utils import lio

TPG = {
    **lio.PLACE,
    "default_portal": {"type": "bool", "default": False},
    "enabled": {"type": "bool"},
    "settings": {
        "type": "dict",
        "options": {
            "attribute": {"type": "dict"},
            "parameter": {"type": "dict"},
            "port": {"type": "dict"},
        },
    },
}
ARGUMENTS = {
    "tpgs": {"type": "list", "elements": "dict", "required": True, "options": TPG},
    **lio.STATE,
}


def lines(params):
    """Yield the lines of a task; TPGs are enabled when all settings are set."""
    if params["state"] == "absent":
        for item in params["tpgs"]:
            yield lio.absent(lio.tpg_path(item))
        return
    for item in params["tpgs"]:
        path, found = lio.tpg_path(item), item["settings"] or {}
        if item["fabric"] not in lio.SINGLE:
            values = {"tag": item["tag"], "default_portal": item["default_portal"]}
            above = lio.target_path(item["fabric"], item["target"])
            yield lio.ensure(above, dict(values, enable=False))
        for group in ("attribute", "parameter", "port"):
            yield from lio.settings(path, group, found.get(group))
    for item in params["tpgs"]:
        if item["enabled"] is not None:
            word = "enable" if item["enabled"] else "disable"
            yield f"{lio.node(lio.tpg_path(item))} {word}"


def main():
    """Run the module."""
    lio.main(ARGUMENTS, lines)


if __name__ == "__main__":
    main()
