#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Create or delete portals."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_portal
short_description: Create or delete portals
description:
  - Makes a TPG listen on addresses, or stop it.
extends_documentation_fragment:
  - targetcli.lio.program
  - targetcli.lio.program.place
  - targetcli.lio.program.state
options:
  portals:
    description: The portals.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: The IP address.
        type: str
        default: "::0"
      port:
        description: The TCP port.
        type: int
        default: 3260
      iser:
        description: Whether it uses iSER (iSCSI over RDMA). Left as it is if omitted.
        type: bool
      offload:
        description: Whether the card processes the protocol. Left as it is if omitted.
        type: bool
"""

EXAMPLES = r"""
- name: Two addresses
  targetcli.lio.lio_portal:
    target: iqn.2003-01.org.example:disks
    portals:
      - address: 192.0.2.10
      - address: 2001:db8::10
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

PORTAL = {
    "address": {"type": "str", "default": "::0"},
    "port": {"type": "int", "default": 3260},
    "iser": {"type": "bool"},
    "offload": {"type": "bool"},
}
ARGUMENTS = {
    **lio.PLACE,
    "portals": {"type": "list", "elements": "dict", "required": True, "options": PORTAL},
    **lio.STATE,
}


def lines(params):
    """Yield the lines of a task."""
    above = f"{lio.tpg_path(params)}/portals"
    for item in params["portals"]:
        address = item["address"].strip("[]")
        name = f"[{address}]" if ":" in address else address
        path = "{}/{}:{}".format(above, name, item["port"])
        if params["state"] == "absent":
            yield lio.absent(path)
            continue
        yield lio.ensure(above, {"ip_address": address, "ip_port": item["port"]})
        for flag in ("iser", "offload"):
            if item[flag] is not None:
                yield f"{lio.node(path)} enable_{flag} {lio.text_of(item[flag])}"


def main():
    """Run the module."""
    lio.main(ARGUMENTS, lines)


if __name__ == "__main__":
    main()
