# SPDX-License-Identifier: Apache-2.0
"""Groups of initiators without members: a file beside the save file keeps them.

The kernel knows a group only as the tag of its members' ACLs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ..config.initiator_groups import Group, GroupLun, Place
from ..config.model import Key
from ..fast_dataclasses import replace
from ..kernel.host_files import HostFiles
from .field_types import MALFORMED
from .host_files import SetEntry, damaged, entries
from .step import Action, Step

NAME = "groups.json"
"""The name of the file."""


def file_beside(save_file: str) -> str:
    """Return the path of the file: in the directory of the save file."""
    return os.path.join(os.path.dirname(save_file), NAME)


def read(host: HostFiles, file: str) -> dict[str, Group]:
    """Return the groups of the file by name; raises LioError."""
    try:
        return {name: _decode(name, value) for name, value in entries(host, file).items()}
    except MALFORMED as err:
        raise damaged(file) from err


def keep(file: str, name: str, before: Group | None, after: Group | None) -> Step:
    """Return the step that keeps a group without members, or forgets it (None)."""
    action = Action.CREATE if before is None else Action.UPDATE if after else Action.DELETE
    verb = {Action.CREATE: "create", Action.UPDATE: "change", Action.DELETE: "delete"}[action]
    subject = f"group {name}, without members"
    operation = SetEntry(file, name, _encode(after), _encode(before))
    return Step(action, "/", verb, subject, (operation,))


def renamed(host: HostFiles, file: str, old: Key, new: Key) -> list[Step]:
    """Return the steps that give the groups without members the new name of a storage object."""
    steps = []
    for name, group in read(host, file).items():
        luns = {
            index: replace(lun, storage_object=new) if lun.storage_object == old else lun
            for index, lun in group.luns.items()
        }
        if luns != group.luns:
            steps.append(keep(file, name, group, replace(group, luns=luns)))
    return steps


def _encode(group: Group | None) -> str:
    if group is None:
        return ""
    luns = [
        {
            "index": lun.index,
            "storage_object": list(lun.storage_object),
            "write_protect": lun.write_protect,
        }
        for lun in group.luns.values()
    ]
    return json.dumps({"luns": luns, "tpgs": [[*key, tag] for key, tag in group.places]})


def _decode(name: str, value: Mapping[str, Any]) -> Group:
    luns = {}
    for item in value["luns"]:
        plugin, so = item["storage_object"]
        lun = GroupLun(
            _number(item["index"]), (str(plugin), str(so)), item["write_protect"] is True
        )
        luns[lun.index] = lun
    places: list[Place] = [
        ((str(fabric), str(wwn)), _number(tag)) for fabric, wwn, tag in value["tpgs"]
    ]
    return Group(name, luns, tuple(places))


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 65535:
        raise ValueError
    return value
