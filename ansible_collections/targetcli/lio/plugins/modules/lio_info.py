#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Return facts about storage targets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_info
short_description: Return facts about storage targets
description:
  - Returns what commands of targetcli show, as values. Changes nothing.
extends_documentation_fragment:
  - targetcli.lio.program.info
options:
  gather:
    description: The commands whose results are returned.
    type: list
    elements: str
    choices: [check, logins, map, paths, reservations, sessions, status, tree, version]
    default: [status, tree]
"""

EXAMPLES = r"""
- name: Who is logged in?
  targetcli.lio.lio_info:
    gather: [sessions]
  register: found
"""

RETURN = r"""
lio:
  description: The results by the names in O(gather), as docs/JSON.md of targetcli describes them.
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.targetcli.lio.plugins.module_utils import lio

COMMANDS = {
    "check": "/ check",
    "logins": "/ logins",
    "map": "/ map",
    "paths": "/ paths",
    "reservations": "/ reservations",
    "sessions": "/ sessions",
    "status": "/ status",
    "tree": "/ ls",
    "version": "/ version",
}
ARGUMENTS = {
    "executable": lio.PROGRAM["executable"],
    "gather": {
        "type": "list",
        "elements": "str",
        "choices": sorted(COMMANDS),
        "default": ["status", "tree"],
    },
}


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    names = module.params["gather"]
    data = "".join(f"{COMMANDS[name]}\n" for name in names)
    words = ["--role", "read", "--batch", "-"]
    found = lio.run(module, words, data=data, dry_run=False)
    facts = {name: found[place]["data"] for place, name in enumerate(names)}
    module.exit_json(changed=False, lio=facts)


if __name__ == "__main__":
    main()
