# SPDX-License-Identifier: Apache-2.0
"""ensure_absent: delete the object at a path, unless it does not exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rtslib_ext.errors import InvalidValue, NotFound

from ..command_table.table import command_of
from ..env import Env
from ..result import Result, say
from ..tree import Node, walk
from ..tree.acls import Acls

Values = dict[str, object]


def run(env: Env, node: Node, path: str) -> Result:
    """Delete the object at a path. Raises InvalidValue if it is not one that delete deletes."""
    parent, name = _parent(node, path)
    values = _VALUES.get(parent.kind) if parent else None
    if parent is not None and values is None:
        raise InvalidValue(f"{path} is not an object that can be deleted")
    found = _name_of(parent, name) if parent else ""
    if parent is None or values is None or not found:
        return say(f"{path} does not exist, nothing was changed.")
    # The name of another family, under which a portal was found.
    parent.tree.notes.clear()
    delete = command_of(parent.kind, "delete")
    assert delete is not None
    done: Result = delete.function()(env, parent, **values(found))
    return done


def _parent(node: Node, path: str) -> tuple[Node | None, str]:
    """Return the node above a path, None if it does not exist, and the last name of the path."""
    try:
        # Of a node with another name than the typed one, such as a bookmark, this is the real path.
        path = walk.resolve(node, path).path
    except NotFound:
        if path.startswith("@") and "/" not in path:
            raise
    above, slash, name = path.rstrip("/").rpartition("/")
    return walk.find(node, f"{above}{slash}" or "."), name


def _name_of(parent: Node, name: str) -> str:
    """Return the name of a child as delete takes it; "" if it does not exist."""
    if isinstance(parent, Acls):
        # An ACL with a tag is no node of its own.
        return name if parent.with_name(name) else ""
    found = parent.find(name)
    return found.name if found else ""


def _named(parameter: str, prefix: str = "", **more: object) -> Callable[[str], Values]:
    """Return a function: the parameters of delete for the object of a name."""

    def values(name: str) -> Values:
        text = name.removeprefix(prefix)
        return {parameter: int(text) if prefix else text, **more}

    return values


def _portal(name: str) -> Values:
    address, _, port = name.rpartition(":")
    return {"ip_address": address.strip("[]"), "ip_port": int(port)}


_STORAGE_OBJECT = _named("name", save=False)
_VALUES: Mapping[str, Callable[[str], Values]] = {
    **dict.fromkeys(("fileio", "block", "pscsi", "ramdisk", "user"), _STORAGE_OBJECT),
    "alua_groups": _named("name"),
    "lu_groups": _named("name"),
    "fabric": _named("wwn"),
    "target": _named("tag", "tpg"),
    "luns": _named("lun", "lun"),
    "portals": _portal,
    "acls": _named("wwn"),
    "acl": _named("mapped_lun", "mapped_lun"),
}
