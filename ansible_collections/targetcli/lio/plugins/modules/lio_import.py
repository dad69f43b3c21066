#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Import the configuration of another SCSI target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_import
short_description: Import the configuration of another SCSI target
description:
  - Adds what a file of another SCSI target configures, such as C(targets.conf) of tgt. LUN numbers
    and the identity of disks are kept.
  - What LIO cannot express is an error without O(lossy).
extends_documentation_fragment:
  - targetcli.lio.program
options:
  src:
    description: The file, on the managed host.
    type: path
    required: true
  format:
    description: The format of the file; found by its contents if omitted.
    type: str
  lossy:
    description: Import the rest if something cannot be expressed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Come from tgt
  targetcli.lio.lio_import:
    src: /etc/tgt/targets.conf
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
remarks:
  description: What LIO cannot express, or expresses otherwise.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.targetcli.lio.plugins.module_utils import lio

ARGUMENTS = {
    "src": {"type": "path", "required": True},
    "format": {"type": "str"},
    "lossy": {"type": "bool", "default": False},
}
LOSES = 3


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=dict(lio.PROGRAM, **ARGUMENTS), supports_check_mode=True)
    params = module.params
    words = ["import", params["src"]]
    words += ["format={}".format(params["format"])] if params["format"] else []
    params["force"] = params["force"] or params["lossy"]
    found = lio.run(module, words, statuses=(0, LOSES))
    remarks = [one for item in found for one in (item["data"] or {}).get("remarks", [])]
    lost = [one["text"] for one in remarks if one["severity"] == "lost"]
    if lost and not params["lossy"]:
        module.fail_json(msg="not expressed: {}".format("; ".join(lost)), remarks=remarks)
    lio.finish(module, found, remarks=remarks)


if __name__ == "__main__":
    main()
