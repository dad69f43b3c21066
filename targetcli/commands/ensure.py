# SPDX-License-Identifier: Apache-2.0
"""ensure: create an object unless an identical one exists.

The parameters of create are compared, its defaults included. Values that create chooses itself may
differ, and later changes made with set are ignored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, cast

from rtslib_ext import naming
from rtslib_ext.config import shell_paths
from rtslib_ext.config.backing import PAGE_SIZE, Backing, Pscsi, RamDisk, User
from rtslib_ext.config.model import Portal, StorageObject
from rtslib_ext.errors import Exists, LioError
from rtslib_ext.host import devices
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.reading.reader import Reader

from ..command_table.table import command_of
from ..env import Env
from ..result import Result, say
from ..tree import Node, walk
from ..tree.acls import AclNode, Acls
from ..tree.backstores import Backstore, StorageObjectNode
from . import luns, storage
from .luns import exported_as, tpg_of

Values = dict[str, Any]
# An existing object: its path, and its differences from the parameters, a text each.
Existing = tuple[str, list[str]]


def run(env: Env, node: Node, **values: Any) -> Result:
    """Create an object, or do nothing if an identical one exists.

    Raises Exists, with the differences, if it differs.
    """
    existing = _FIND[node.kind](env, node, values)
    # The messages below name the object by the path that was found.
    node.tree.notes.clear()
    if existing is None:
        create = command_of(node.kind, "create")
        assert create is not None, node.kind
        created: Result = create.function()(env, node, **values)
        return created
    path, differences = existing
    if differences:
        raise Exists(
            f"it exists, but {'; '.join(differences)}",
            path=path,
            hint="delete it first to create it with these values",
        )
    return say(f"{path} already exists, nothing was changed.")


def _differences(values: Values, have: Values) -> list[str]:
    """Return a text for each value that differs; unknown and unset values are skipped."""
    return [
        f"{name} is {_format(have[name])}, not {_format(value)}"
        for name, value in values.items()
        if name in have and value is not None and have[name] != value
    ]


def _format(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- backstores -----------------------------------------------------------------------------


def _storage_object(env: Env, node: Backstore, values: Values) -> Existing | None:
    configfs = paths.find_storage_object(env.fs, node.plugin, values["name"])
    if configfs is None:
        return None
    found = StorageObjectNode(node.tree, values["name"], node, configfs)
    so = found.read()
    if so is None:
        return found.path, ["it is not configured"]
    wanted = {**values, "size": _size(values.get("size"), so.backing)}
    for name in ("file_or_dev", "dev"):
        if name in wanted:
            wanted[name] = _device(wanted[name], so.backing)
    if "exclusive: " not in (env.fs.read_if_there(f"{configfs}/info") or ""):
        # Kernels before 6.17 do not report it; create has already warned about that.
        wanted.pop("exclusive", None)
    if "cfgstring" in wanted:
        wanted["cfgstring"] = f"{node.handler}/{wanted['cfgstring']}"
    return found.path, [
        *_differences(wanted, _create_values(so)),
        *_control(wanted.get("control"), so.backing),
    ]


def _create_values(so: StorageObject) -> Values:
    """Return the values that create was given, by parameter name."""
    backing = so.backing
    names = ("size", "write_back", "readonly", "exclusive", "nullio", "hw_max_sectors")
    have = {name: getattr(backing, name) for name in names if hasattr(backing, name)}
    have["wwn"] = so.wwn
    if backing.udev_path:
        have["file_or_dev"] = have["dev"] = backing.udev_path
    if isinstance(backing, User):
        have["cfgstring"] = backing.config
    return have


def _size(size: str | int | None, backing: Backing) -> int | None:
    from ..sizes import parse_size

    if backing.udev_path and devices.is_block_device(backing.udev_path):
        # A device has its own size; create ignores the parameter.
        return None
    if isinstance(backing, RamDisk) and size is not None:
        # The kernel rounds it up to whole pages.
        return RamDisk(parse_size(str(size))).pages * PAGE_SIZE
    if isinstance(size, int) and 0 < size < storage.SMALLEST:
        return storage.SMALLEST
    return cast("int | None", size)


def _device(text: str, backing: Backing) -> str:
    """Return the object's own name for a device or file if both are the same, else the text."""
    path = os.path.abspath(os.path.expanduser(text))
    try:
        if isinstance(backing, Pscsi):
            same = devices.scsi_address(text)[0] == devices.scsi_address(backing.udev_path)[0]
        else:
            same = os.path.samefile(path, backing.udev_path)
    except (OSError, LioError):
        same = path == backing.udev_path
    return backing.udev_path if same else text


def _control(text: str | None, backing: Backing) -> list[str]:
    have = _pairs(backing.control) if isinstance(backing, User) else {}
    return _differences(_pairs(text), have)


def _pairs(text: str | None) -> Values:
    return dict(part.split("=", 1) for part in (text or "").split(",") if "=" in part)


def _alua_group(env: Env, node: Node, values: Values) -> Existing | None:
    name = naming.check_object_name(values["name"], node.path)
    configfs = paths.child(node.configfs, name)
    if not env.fs.is_dir(configfs):
        return None
    group = Reader(env.fs).alua_group(configfs, name)
    return f"{node.path}/{name}", _differences(values, {"tag": group.tag})


def _lu_group(env: Env, node: Node, values: Values) -> Existing | None:
    name = naming.check_object_name(values["name"], node.path)
    if not env.fs.is_dir(paths.lu_gp(name)):
        return None
    number = Reader(env.fs).lu_groups().get(name, "")
    have = {"number": int(number) if number.isdecimal() else None}
    return f"{node.path}/{name}", _differences(values, have)


# -- targets and below ------------------------------------------------------------------------


def _child(parameter: str, form: str = "{}") -> Callable[[Env, Node, Values], Existing | None]:
    """Return a finder for objects without properties: the child that a parameter names."""

    def find(env: Env, node: Node, values: Values) -> Existing | None:
        found = node.find(form.format(values[parameter]))
        return (found.path, []) if found else None

    return find


def _lun(env: Env, node: Node, values: Values) -> Existing | None:
    tpg = tpg_of(node)
    wanted, number = _exported(node, values["storage_object"]), values.get("lun")
    export = exported_as(env, tpg, wanted.configfs) if wanted else None
    if export is not None:
        return export.shell, _differences(values, {"lun": export.index})
    if number is None or not env.fs.is_dir(paths.lun(tpg.configfs, number)):
        return None
    exported = node.child(f"lun{number}").summary().text
    return shell_paths.lun(tpg.path, number), [f"it exports {exported}"]


def _exported(node: Node, text: str) -> StorageObjectNode | None:
    """Return the storage object at a shell path, or the one created for a device or file."""
    found = luns.storage_object_at(node, text)
    if found is not None:
        return found
    path = os.path.abspath(os.path.expanduser(text))
    plugin = "block" if devices.is_block_device(path) else "fileio"
    other = walk.resolve(node, shell_paths.backstore(plugin)).find(os.path.basename(path))
    if isinstance(other, StorageObjectNode) and other.backing.udev_path == path:
        return other
    return None


def _acl(env: Env, node: Acls, values: Values) -> Existing | None:
    wwn = naming.as_running(node.tpg.fabric.wwn_types, values["wwn"], node.path)
    members = node.with_name(wwn)
    if not members:
        return None
    differences = []
    if values.get("add_mapped_luns"):
        missing = _not_mapped(env, node.tpg.configfs, members[0])
        differences = [f"LUN {number} is not mapped" for number in missing]
    return f"{node.path}/{wwn}", differences


def _not_mapped(env: Env, tpg: ConfigfsPath, acl: ConfigfsPath) -> Iterator[int]:
    reader = Reader(env.fs)
    mapped = {lun.tpg_lun for lun in reader.mapped_luns(acl)}
    return (number for number in reader.lun_indexes(tpg) if number not in mapped)


def _mapped_lun(env: Env, node: AclNode, values: Values) -> Existing | None:
    found = node.find(f"mapped_lun{values['mapped_lun']}")
    if found is None:
        return None
    mapped = found.mapped_lun()
    if mapped is None:
        return found.path, ["no LUN is mapped"]
    wanted = {**values, "lun": _number(env, node, values["tpg_lun_or_backstore"])}
    have = {"lun": mapped.tpg_lun, "write_protect": mapped.write_protect}
    return found.path, _differences(wanted, have)


def _number(env: Env, acl: AclNode, text: str) -> int | str:
    """Return the number of the LUN that a text names; the text if there is no such LUN."""
    digits = text.removeprefix("lun")
    if digits.isascii() and digits.isdecimal():
        return int(digits)
    wanted = _exported(acl, text)
    export = exported_as(env, acl.tpg, wanted.configfs) if wanted else None
    return export.index if export else text


def _portal(env: Env, node: Node, values: Values) -> Existing | None:
    from rtslib_ext.usage.ipv6 import IPV4_WILDCARD, fitting

    wanted = Portal(naming.portal_address(values["ip_address"]), values["ip_port"])
    address = fitting(wanted).address
    found = node.find(f"{address}:{values['ip_port']}")
    if found is None:
        return None
    if found.name.startswith(f"{IPV4_WILDCARD}:") and address != IPV4_WILDCARD:
        return found.path, ["it listens on IPv4 addresses only"]
    return found.path, []


_FIND: dict[str, Callable[[Env, Any, Values], Existing | None]] = {
    **dict.fromkeys(("fileio", "block", "pscsi", "ramdisk", "user"), _storage_object),
    "alua_groups": _alua_group,
    "lu_groups": _lu_group,
    "fabric": _child("wwn"),
    "target": _child("tag", "tpg{}"),
    "luns": _lun,
    "portals": _portal,
    "acls": _acl,
    "acl": _mapped_lun,
}
