#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Confirm a change, or roll it back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_confirm
short_description: Confirm a change, or roll it back
description:
  - Ends the wait that O(targetcli.lio.lio_config#module:confirm_within) began.
  - It fails if no change is waiting, as when it has been rolled back already. Give the task the
    condition that the change was one.
extends_documentation_fragment:
  - targetcli.lio.program
options:
  state:
    description:
      - With V(confirmed), the change stays, and the configuration is saved.
      - With V(rolled_back), it is rolled back now. The saved configuration is not changed.
    type: str
    choices: [confirmed, rolled_back]
    default: confirmed
"""

EXAMPLES = r"""
- name: Apply it, and go back after a minute unless confirmed
  targetcli.lio.lio_config:
    src: /etc/target/wanted.json
    confirm_within: 60s
  register: applied

- name: Reach the host anew
  ansible.builtin.meta: reset_connection

- name: Confirm it
  targetcli.lio.lio_confirm:
  when: applied.changes | length > 0
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

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.targetcli.lio.plugins.module_utils import lio

ACTIONS = {"confirmed": "keep", "rolled_back": "back"}
ARGUMENTS = {
    "state": {"type": "str", "choices": list(ACTIONS), "default": "confirmed"},
}


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=dict(lio.PROGRAM, **ARGUMENTS), supports_check_mode=True)
    params = module.params
    params["save"] = params["save"] and params["state"] == "confirmed"
    lio.finish(module, lio.run(module, ["confirm", ACTIONS[params["state"]]]), changed=True)


if __name__ == "__main__":
    main()
