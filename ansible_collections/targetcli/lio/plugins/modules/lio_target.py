#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Create or delete targets, and set settings of fabrics."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_target
short_description: Create or delete targets, and set settings of fabrics
description:
  - Creates targets with their first TPG, or deletes them with everything below.
extends_documentation_fragment:
  - targetcli.lio.program
  - targetcli.lio.program.state
options:
  targets:
    description: The targets.
    type: list
    elements: dict
    default: []
    suboptions:
      fabric:
        description: The fabric.
        type: str
        default: iscsi
      wwn:
        description: The WWN.
        type: str
        required: true
      tag:
        description: The number of the first TPG.
        type: int
        default: 1
      default_portal:
        description: Whether the new TPG listens on all addresses.
        type: bool
        default: false
      enabled:
        description: Whether the new TPG is enabled at once; M(targetcli.lio.lio_tpg) does it later.
        type: bool
        default: false
  fabrics:
    description: Fabrics with their settings; with O(state=present) only.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The fabric.
        type: str
        required: true
      settings:
        description: The settings of the group C(fabric) by name.
        type: dict
"""

EXAMPLES = r"""
- name: A target
  targetcli.lio.lio_target:
    targets:
      - wwn: iqn.2003-01.org.example:disks
        default_portal: true
        enabled: true
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

TARGET = {
    "fabric": {"type": "str", "default": "iscsi"},
    "wwn": {"type": "str", "required": True},
    "tag": {"type": "int", "default": 1},
    "default_portal": {"type": "bool", "default": False},
    "enabled": {"type": "bool", "default": False},
}
FABRIC = {"name": {"type": "str", "required": True}, "settings": {"type": "dict"}}
ARGUMENTS = {
    "targets": {"type": "list", "elements": "dict", "default": [], "options": TARGET},
    "fabrics": {"type": "list", "elements": "dict", "default": [], "options": FABRIC},
    **lio.STATE,
}


def lines(params):
    """Yield the lines of a task."""
    for item in params["targets"]:
        if params["state"] == "absent":
            yield lio.absent(lio.target_path(item["fabric"], item["wwn"]))
            continue
        values = {"wwn": item["wwn"], "enable": item["enabled"]}
        if item["fabric"] not in lio.SINGLE:
            values.update(lio.pick(item, "tag", "default_portal"))
        yield lio.ensure("/{}".format(item["fabric"]), values)
    if params["state"] == "present":
        for item in params["fabrics"]:
            yield from lio.settings("/{}".format(item["name"]), "fabric", item["settings"])


def main():
    """Run the module."""
    lio.main(ARGUMENTS, lines)


if __name__ == "__main__":
    main()
