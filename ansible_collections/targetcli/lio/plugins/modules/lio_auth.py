#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Set or remove CHAP credentials."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_auth
short_description: Set or remove CHAP credentials
description:
  - Sets user names and secrets of ACLs, TPGs and of the discovery.
  - Secrets are passed on standard input of targetcli, and appear in no log, diff or result.
extends_documentation_fragment:
  - targetcli.lio.program
  - targetcli.lio.program.state
options:
  credentials:
    description: The credentials.
    type: list
    elements: dict
    required: true
    suboptions:
      fabric:
        description: The fabric.
        type: str
        default: iscsi
      target:
        description: The WWN of the target; not with O(credentials[].discovery).
        type: str
      tag:
        description: The number of the TPG.
        type: int
        default: 1
      acl:
        description: The initiator, or the tag of its ACL; those of the TPG if omitted.
        type: str
      discovery:
        description: Whether they are for the discovery of targets.
        type: bool
        default: false
      enable:
        description: With O(credentials[].discovery), whether they are required.
        type: bool
      userid:
        description: The name of the initiator.
        type: str
      password:
        description: The secret of the initiator.
        type: str
      mutual_userid:
        description: The name of the target.
        type: str
      mutual_password:
        description: The secret of the target.
        type: str
"""

EXAMPLES = r"""
- name: CHAP of a host
  targetcli.lio.lio_auth:
    credentials:
      - target: iqn.2003-01.org.example:disks
        acl: iqn.1994-05.com.example:host1
        userid: host1
        password: "{{ vault_host1_secret }}"
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

CREDENTIALS = {
    "fabric": {"type": "str", "default": "iscsi"},
    "target": {"type": "str"},
    "tag": {"type": "int", "default": 1},
    "acl": {"type": "str"},
    "discovery": {"type": "bool", "default": False},
    "enable": {"type": "bool"},
    "userid": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "mutual_userid": {"type": "str"},
    "mutual_password": {"type": "str", "no_log": True},
}
ARGUMENTS = {
    "credentials": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": CREDENTIALS,
    },
    **lio.STATE,
}
NAMES = ("userid", "password", "mutual_userid", "mutual_password")


def lines(params):
    """Yield the lines of a task. Raises ValueError for an item without a target."""
    for item in params["credentials"]:
        values = lio.pick(item, *NAMES)
        if params["state"] == "absent":
            values = dict.fromkeys(NAMES, "")
        if item["discovery"]:
            enable = False if params["state"] == "absent" else item["enable"]
            path = "/{}".format(item["fabric"])
            yield from lio.settings(path, "discovery_auth", dict(values, enable=enable))
            continue
        if item["target"] is None:
            raise ValueError("target is required without discovery")
        path = lio.tpg_path(item)
        path = "{}/acls/{}".format(path, item["acl"]) if item["acl"] else path
        yield from lio.settings(path, "auth", values)


def main():
    """Run the module."""
    lio.main(ARGUMENTS, lines)


if __name__ == "__main__":
    main()
