#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Create or delete LUNs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_lun
short_description: Create or delete LUNs
description:
  - Exports storage objects through a TPG, or stops it.
extends_documentation_fragment:
  - targetcli.lio.program
  - targetcli.lio.program.place
  - targetcli.lio.program.state
options:
  luns:
    description: The LUNs.
    type: list
    elements: dict
    required: true
    suboptions:
      backstore:
        description:
          - The path of the storage object, such as V(/backstores/block/disk1).
          - Required with O(state=present). With O(state=absent), O(luns[].lun) is required.
        type: str
      lun:
        description: The number; the first free one if omitted.
        type: int
      settings:
        description: Settings by group, as C(TPG/luns/lunN get) of targetcli lists them.
        type: dict
        suboptions:
          alua:
            description: Values of the group alua by name.
            type: dict
  add_mapped_luns:
    description: Whether a new LUN is mapped in all ACLs.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Two disks
  targetcli.lio.lio_lun:
    target: iqn.2003-01.org.example:disks
    luns:
      - backstore: /backstores/fileio/disk1
        lun: 0
      - backstore: /backstores/block/disk2
        lun: 1
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

LUN = {
    "backstore": {"type": "str"},
    "lun": {"type": "int"},
    "settings": {"type": "dict", "options": {"alua": {"type": "dict"}}},
}
ARGUMENTS = {
    **lio.PLACE,
    "luns": {"type": "list", "elements": "dict", "required": True, "options": LUN},
    "add_mapped_luns": {"type": "bool", "default": False},
    **lio.STATE,
}


def lines(params):
    """Yield the lines of a task. Raises ValueError for an item without what it needs."""
    above = f"{lio.tpg_path(params)}/luns"
    for item in params["luns"]:
        path = "{}/lun{}".format(above, item["lun"])
        found = (item["settings"] or {}).get("alua")
        if item["lun"] is None and (params["state"] == "absent" or found):
            raise ValueError("lun is required with state=absent, and with settings")
        if params["state"] == "absent":
            yield lio.absent(path)
            continue
        if item["backstore"] is None:
            raise ValueError("backstore is required with state=present")
        values = {"storage_object": item["backstore"], "lun": item["lun"]}
        yield lio.ensure(above, dict(values, add_mapped_luns=params["add_mapped_luns"]))
        yield from lio.settings(path, "alua", found)


def main():
    """Run the module."""
    lio.main(ARGUMENTS, lines)


if __name__ == "__main__":
    main()
