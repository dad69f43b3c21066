#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Apply a whole configuration."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_config
short_description: Apply a whole configuration
description:
  - Changes the running configuration to equal a document, with as few changes as possible, all of
    them or none. Objects that are equal already are not touched, and their sessions continue.
  - The document has the form of C(saveconfig.json).
  - Secrets in the document appear in no log or result.
extends_documentation_fragment:
  - targetcli.lio.program
options:
  src:
    description: The file with the document, on the managed host.
    type: path
  document:
    description: The document itself.
    type: dict
  merge:
    description: Create and change objects, and delete none.
    type: bool
    default: false
  target:
    description: Apply only the target with this WWN and the storage objects that it exports.
    type: str
  storage_object:
    description: Apply only the storage object with this name.
    type: str
  owner:
    description:
      - The owner of the objects in the document. Only objects of this owner are deleted or changed.
    type: str
  adopt:
    description: With O(owner), take over objects that have another owner, or none.
    type: bool
    default: false
  confirm_within:
    description:
      - Roll the change back unless M(targetcli.lio.lio_confirm) follows within this time, such as
        V(60s). If this host is no longer reached after the change, nothing confirms it.
      - The configuration is not saved before it is confirmed.
    type: str
"""

EXAMPLES = r"""
- name: Show what would change
  targetcli.lio.lio_config:
    src: /etc/target/wanted.json
  check_mode: true
  diff: true

- name: Apply it, and go back after a minute unless confirmed
  targetcli.lio.lio_config:
    src: /etc/target/wanted.json
    confirm_within: 60s
  register: applied

- name: Apply the part of one application, and nothing else
  targetcli.lio.lio_config:
    owner: shop
    document:
      storage_objects:
        - plugin: fileio
          name: shop1
          dev: /srv/shop1.img
          size: 10737418240
      targets: []
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

import json
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.targetcli.lio.plugins.module_utils import lio

ARGUMENTS = {
    "src": {"type": "path"},
    "document": {"type": "dict"},
    "merge": {"type": "bool", "default": False},
    "target": {"type": "str"},
    "storage_object": {"type": "str"},
    "owner": {"type": "str"},
    "adopt": {"type": "bool", "default": False},
    "confirm_within": {"type": "str"},
}


def secrets(value, name=""):
    """Yield the secrets in a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from secrets(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from secrets(item)
    elif name.endswith("password") and value:
        yield str(value)


def written(module):
    """Write the document to a file that only this user can read, for this process; its path."""
    handle, path = tempfile.mkstemp(prefix="lio-", suffix=".json", dir=module.tmpdir)
    module.add_cleanup_file(path)
    with os.fdopen(handle, "w") as file:
        json.dump(module.params["document"], file)
    return path


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec=dict(lio.PROGRAM, **ARGUMENTS),
        required_one_of=[("src", "document")],
        mutually_exclusive=[("src", "document")],
        supports_check_mode=True,
    )
    params = module.params
    module.no_log_values.update(secrets(params["document"]))
    words = ["apply", params["src"] or written(module)]
    names = ("target", "storage_object", "owner", "confirm_within")
    words += [f"{name}={params[name]}" for name in names if params[name]]
    words += [f"{name}=true" for name in ("merge", "adopt") if params[name]]
    if params["confirm_within"]:
        params["save"] = False
    lio.finish(module, lio.run(module, words))


if __name__ == "__main__":
    main()
