#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Map LUNs to initiators, or unmap them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_mapped_lun
short_description: Map LUNs to initiators, or unmap them
description:
  - Decides which LUNs an initiator sees, and under which numbers.
extends_documentation_fragment:
  - targetcli.lio.program
  - targetcli.lio.program.place
  - targetcli.lio.program.state
options:
  mapped_luns:
    description: The mapped LUNs.
    type: list
    elements: dict
    required: true
    suboptions:
      acl:
        description: The WWN of the initiator, or the tag of its ACL.
        type: str
        required: true
      mapped_lun:
        description: The number that the initiator sees.
        type: int
        required: true
      lun:
        description: The LUN of the TPG, or the path of a storage object. Required to map it.
        type: str
      write_protect:
        description: Whether the initiator may only read it.
        type: bool
        default: false
"""

EXAMPLES = r"""
- name: A host sees LUN 5 as its LUN 0, read-only
  targetcli.lio.lio_mapped_lun:
    target: iqn.2003-01.org.example:disks
    mapped_luns:
      - acl: iqn.1994-05.com.example:host1
        mapped_lun: 0
        lun: 5
        write_protect: true
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

MAPPED = {
    "acl": {"type": "str", "required": True},
    "mapped_lun": {"type": "int", "required": True},
    "lun": {"type": "str"},
    "write_protect": {"type": "bool", "default": False},
}
ARGUMENTS = {
    **lio.PLACE,
    "mapped_luns": {"type": "list", "elements": "dict", "required": True, "options": MAPPED},
    **lio.STATE,
}


def lines(params):
    """Yield the lines of a task. Raises ValueError for an item without what it needs."""
    for item in params["mapped_luns"]:
        above = "{}/acls/{}".format(lio.tpg_path(params), item["acl"])
        if params["state"] == "absent":
            yield lio.absent("{}/mapped_lun{}".format(above, item["mapped_lun"]))
            continue
        if item["lun"] is None:
            raise ValueError("lun is required with state=present")
        values = lio.pick(item, "mapped_lun", "write_protect")
        yield lio.ensure(above, dict(values, tpg_lun_or_backstore=item["lun"]))


def main():
    """Run the module."""
    lio.main(ARGUMENTS, lines)


if __name__ == "__main__":
    main()
