#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Create or delete ACLs of initiators."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_acl
short_description: Create or delete ACLs of initiators
description:
  - Admits initiators to a TPG, or no longer; their sessions end then.
  - M(targetcli.lio.lio_auth) sets credentials, M(targetcli.lio.lio_mapped_lun) the LUNs.
extends_documentation_fragment:
  - targetcli.lio.program
  - targetcli.lio.program.place
  - targetcli.lio.program.state
options:
  acls:
    description: The ACLs.
    type: list
    elements: dict
    required: true
    suboptions:
      initiator:
        description: The WWN of the initiator.
        type: str
        required: true
      tag_name:
        description:
          - A name of your choice. ACLs with one tag have the same settings, which are set as one.
        type: str
      settings:
        description: Settings by group, as C(TPG/acls/WWN get) of targetcli lists them.
        type: dict
        suboptions:
          attribute:
            description: Values of the group attribute by name.
            type: dict
          initiator:
            description: Values of the group initiator by name.
            type: dict
  add_mapped_luns:
    description: Whether all LUNs of the TPG are mapped in a new ACL.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: A host that sees all LUNs
  targetcli.lio.lio_acl:
    target: iqn.2003-01.org.example:disks
    acls:
      - initiator: iqn.1994-05.com.example:host1
    add_mapped_luns: true
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

ACL = {
    "initiator": {"type": "str", "required": True},
    "tag_name": {"type": "str"},
    "settings": {
        "type": "dict",
        "options": {"attribute": {"type": "dict"}, "initiator": {"type": "dict"}},
    },
}
ARGUMENTS = {
    **lio.PLACE,
    "acls": {"type": "list", "elements": "dict", "required": True, "options": ACL},
    "add_mapped_luns": {"type": "bool", "default": False},
    **lio.STATE,
}


def lines(params):
    """Yield the lines of a task."""
    above = f"{lio.tpg_path(params)}/acls"
    for item in params["acls"]:
        if params["state"] == "absent":
            yield lio.absent("{}/{}".format(above, item["initiator"]))
            continue
        values = {"wwn": item["initiator"], "add_mapped_luns": params["add_mapped_luns"]}
        yield lio.ensure(above, values)
        if item["tag_name"]:
            tag, wwn = lio.quote(item["tag_name"]), lio.quote(item["initiator"])
            yield f"{lio.node(above)} tag wwn_or_tag={wwn} new_tag={tag}"
        path, found = "{}/{}".format(above, item["tag_name"] or item["initiator"]), item["settings"]
        for group in ("attribute", "initiator"):
            yield from lio.settings(path, group, (found or {}).get(group))


def main():
    """Run the module."""
    lio.main(ARGUMENTS, lines)


if __name__ == "__main__":
    main()
