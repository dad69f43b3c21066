#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Create or delete backstores and logical unit groups."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lio_backstore
short_description: Create or delete backstores and logical unit groups
description:
  - Creates storage objects with all their settings, or deletes them.
  - One process of targetcli makes all changes of a task, or none of them.
extends_documentation_fragment:
  - targetcli.lio.program
  - targetcli.lio.program.state
options:
  backstores:
    description: The storage objects.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: The kind of backstore.
        type: str
        choices: [fileio, block, pscsi, ramdisk, user]
        required: true
      handler:
        description: With O(backstores[].kind=user), the handler in user space, such as V(rbd).
        type: str
      name:
        description: The name.
        type: str
        required: true
      dev:
        description: The path of the file or device.
        type: str
      size:
        description: The size, such as V(10G). New files, ramdisks and user-backed objects need it.
        type: str
      wwn:
        description: The VPD unit serial number; generated for a new object if omitted.
        type: str
      write_back:
        description: With O(backstores[].kind=fileio), report a write cache.
        type: bool
      sparse:
        description: With O(backstores[].kind=fileio), allocate blocks when they are written.
        type: bool
      readonly:
        description: With O(backstores[].kind=block), refuse writes.
        type: bool
      exclusive:
        description: With O(backstores[].kind=block), keep other programs from the device.
        type: bool
      nullio:
        description: With O(backstores[].kind=ramdisk), discard all data.
        type: bool
      cfgstring:
        description: With O(backstores[].kind=user), the text for the handler.
        type: str
      hw_max_sectors:
        description: With O(backstores[].kind=user), the largest number of sectors of a command.
        type: int
      control:
        description: With O(backstores[].kind=user), NAME=VALUE pairs for the kernel.
        type: str
      alias:
        description: A free text.
        type: str
      lu_group:
        description: The logical unit group of the object.
        type: str
      lba_map:
        description: The map of block ranges to ALUA states, its lines separated by semicolons.
        type: str
      alua_groups:
        description: Target port groups. C(default_tg_pt_gp) always exists and has no tag.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The name.
            type: str
            required: true
          tag:
            description: The number, from 1 to 65535.
            type: int
          settings:
            description: The settings of the group C(alua) by name.
            type: dict
      settings:
        description: Settings by group, as C(/backstores/KIND/NAME get) of targetcli lists them.
        type: dict
        suboptions:
          attribute:
            description: Values of the group attribute by name.
            type: dict
          identity:
            description: Values of the group identity by name.
            type: dict
  lu_groups:
    description: Logical unit groups.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name.
        type: str
        required: true
      number:
        description: The number, from 1 to 65535; the first free one if omitted.
        type: int
"""

EXAMPLES = r"""
- name: A file and a volume
  targetcli.lio.lio_backstore:
    backstores:
      - kind: fileio
        name: disk1
        dev: /srv/disk1.img
        size: 10G
      - kind: block
        name: disk2
        dev: /dev/vg0/disk2
        settings:
          attribute:
            emulate_tpu: true

- name: No ramdisk
  targetcli.lio.lio_backstore:
    backstores:
      - kind: ramdisk
        name: scratch
    state: absent
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

GROUP = {
    "name": {"type": "str", "required": True},
    "tag": {"type": "int"},
    "settings": {"type": "dict"},
}
BACKSTORE = {
    "kind": {
        "type": "str",
        "choices": ["fileio", "block", "pscsi", "ramdisk", "user"],
        "required": True,
    },
    "handler": {"type": "str"},
    "name": {"type": "str", "required": True},
    "dev": {"type": "str"},
    "size": {"type": "str"},
    "wwn": {"type": "str"},
    "write_back": {"type": "bool"},
    "sparse": {"type": "bool"},
    "readonly": {"type": "bool"},
    "exclusive": {"type": "bool"},
    "nullio": {"type": "bool"},
    "cfgstring": {"type": "str"},
    "hw_max_sectors": {"type": "int"},
    "control": {"type": "str"},
    "alias": {"type": "str"},
    "lu_group": {"type": "str"},
    "lba_map": {"type": "str"},
    "alua_groups": {"type": "list", "elements": "dict", "default": [], "options": GROUP},
    "settings": {
        "type": "dict",
        "options": {"attribute": {"type": "dict"}, "identity": {"type": "dict"}},
    },
}
LU_GROUP = {"name": {"type": "str", "required": True}, "number": {"type": "int"}}
ARGUMENTS = {
    "backstores": {"type": "list", "elements": "dict", "default": [], "options": BACKSTORE},
    "lu_groups": {"type": "list", "elements": "dict", "default": [], "options": LU_GROUP},
    **lio.STATE,
}
CREATE = (
    "name size nullio write_back sparse readonly exclusive cfgstring hw_max_sectors control wwn"
).split()
DEFAULT_GROUP = "default_tg_pt_gp"


def lines(params):
    """Yield the lines of a task."""
    if params["state"] == "absent":
        for item in params["backstores"]:
            yield lio.absent("/backstores/{}/{}".format(item["kind"], item["name"]))
        for group in params["lu_groups"]:
            yield lio.absent("/backstores/lu_gps/{}".format(group["name"]))
        return
    for group in params["lu_groups"]:
        yield lio.ensure("/backstores/lu_gps", lio.pick(group, "name", "number"))
    for item in params["backstores"]:
        yield from backstore(item)


def backstore(item):
    """Yield the lines that create one storage object, in the order that the kernel needs."""
    kind, path = item["kind"], "/backstores/{}/{}".format(item["kind"], item["name"])
    above = "{}:{}".format(kind, item["handler"]) if item["handler"] else kind
    device = {"file_or_dev" if kind == "fileio" else "dev": item["dev"]}
    yield lio.ensure(f"/backstores/{above}", dict(lio.pick(item, *CREATE), **device))
    found = item["settings"] or {}
    for group in ("attribute", "identity"):
        yield from lio.settings(path, group, found.get(group))
    yield from lio.settings(path, "device", lio.pick(item, "alias"))
    for group in item["alua_groups"]:
        if group["name"] != DEFAULT_GROUP:
            yield lio.ensure(f"{path}/alua", lio.pick(group, "name", "tag"))
    # The map names the groups, and a group that joined a logical unit group is set with others.
    yield from lio.settings(path, "device", lio.pick(item, "lba_map"))
    for group in item["alua_groups"]:
        yield from lio.settings("{}/alua/{}".format(path, group["name"]), "alua", group["settings"])
    if item["lu_group"]:
        yield from lio.settings(path, "device", {"alua_lu_gp": item["lu_group"]})


def main():
    """Run the module."""
    lio.main(ARGUMENTS, lines)


if __name__ == "__main__":
    main()
