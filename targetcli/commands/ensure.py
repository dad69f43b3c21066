# SPDX-License-Identifier: Apache-2.0
"""Having what create would make: made where it is not there, left where it is the same.

What create would be given is compared, its defaults too; what create chooses itself may be any,
and what was changed with set since is no difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, cast

from rtslib_ext import naming
from rtslib_ext.config import shell_paths
from rtslib_ext.config.backing import PAGE_SIZE, Backing, Pscsi, RamDisk, User
from rtslib_ext.config.model import StorageObject
from rtslib_ext.errors import Exists, LioError
from rtslib_ext.host import devices
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.reading.reader import Reader

from ..command_table.table import commands_of
from ..env import Env
from ..result import Result, say
from ..tree import Node, walk
from ..tree.acls import AclNode, Acls, MappedLunNode
from ..tree.backstores import Backstore, StorageObjectNode
from . import luns
from .luns import exported_as, tpg_of

Values = dict[str, Any]
# An object by its path, and how it differs from what is asked for, a text each.
Found = tuple[str, list[str]]


def run(env: Env, node: Node, **values: Any) -> Result:
    """Make an object unless it is there."""
    there = _THERE[node.kind](env, node, values)
    # How it was found is part of what is said.
    node.tree.notes.clear()
    if there is None:
        created: Result = commands_of(node.kind)["create"].function()(env, node, **values)
        return created
    path, different = there
    if different:
        raise Exists(
            f"it is there, but {'; '.join(different)}",
            path=path,
            hint="delete it first, to have it made as asked for",
        )
    return say(f"{path} is there already, nothing was changed.")


def _differences(values: Values, have: Values) -> list[str]:
    """The values asked for that are not as they are; those that are unknown are left out."""
    return [
        f"{name} is {_shown(have[name])}, not {_shown(value)}"
        for name, value in values.items()
        if name in have and value is not None and have[name] != value
    ]


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- backstores -----------------------------------------------------------------------------


def _storage_object(env: Env, node: Node, values: Values) -> Found | None:
    backstore = cast(Backstore, node)
    configfs = paths.find_storage_object(env.fs, backstore.plugin, values["name"])
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
        # Before 6.17 the kernel knows nothing else, and create has said so.
        wanted.pop("exclusive", None)
    if "cfgstring" in wanted:
        wanted["cfgstring"] = f"{backstore.handler}/{wanted['cfgstring']}"
    return found.path, [
        *_differences(wanted, _made_of(so)),
        *_control(wanted.get("control"), so.backing),
    ]


def _made_of(so: StorageObject) -> Values:
    """What create was given, by the names of its parameters."""
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
        # A device has its own size, whatever create is given.
        return None
    if isinstance(backing, RamDisk) and size is not None:
        # It has whole pages.
        return RamDisk(parse_size(str(size))).pages * PAGE_SIZE
    return cast("int | None", size)


def _device(text: str, backing: Backing) -> str:
    """What was asked for, as it is called by the object where it is the same."""
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


def _alua_group(env: Env, node: Node, values: Values) -> Found | None:
    name = naming.check_object_name(values["name"], node.path)
    configfs = paths.child(node.configfs, name)
    if not env.fs.is_dir(configfs):
        return None
    group = Reader(env.fs).alua_group(configfs, name)
    return f"{node.path}/{name}", _differences(values, {"tag": group.tag})


def _lu_group(env: Env, node: Node, values: Values) -> Found | None:
    name = naming.check_object_name(values["name"], node.path)
    if not env.fs.is_dir(paths.lu_gp(name)):
        return None
    number = Reader(env.fs).lu_groups().get(name, "")
    have = {"number": int(number) if number.isdigit() else None}
    return f"{node.path}/{name}", _differences(values, have)


# -- targets and what they have ---------------------------------------------------------------


def _child(parameter: str, form: str = "{}") -> Callable[[Env, Node, Values], Found | None]:
    """The child that a parameter names; being there is all there is to it."""

    def there(env: Env, node: Node, values: Values) -> Found | None:
        found = node.find(form.format(values[parameter]))
        return (found.path, []) if found else None

    return there


def _lun(env: Env, node: Node, values: Values) -> Found | None:
    tpg = tpg_of(node)
    wanted, number = _exported(node, values["storage_object"]), values.get("lun")
    export = exported_as(env, tpg, wanted.configfs) if wanted else None
    if export is not None:
        return export.shell, _differences(values, {"lun": export.index})
    if number is None or not env.fs.is_dir(paths.lun(tpg.configfs, number)):
        return None
    there = node.child(f"lun{number}").summary().text
    return shell_paths.lun(tpg.path, number), [f"it exports {there}"]


def _exported(node: Node, text: str) -> StorageObjectNode | None:
    """The storage object at a path, or the one that was made for a device or file."""
    found = luns.storage_object_at(node, text)
    if found is not None:
        return found
    path = os.path.abspath(os.path.expanduser(text))
    plugin = "block" if devices.is_block_device(path) else "fileio"
    made = walk.resolve(node, shell_paths.backstore(plugin)).find(os.path.basename(path))
    same = isinstance(made, StorageObjectNode) and made.backing.udev_path == path
    return cast(StorageObjectNode, made) if same else None


def _acl(env: Env, node: Node, values: Values) -> Found | None:
    acls = cast(Acls, node)
    wwn = naming.normalize(acls.tpg.fabric.wwn_types, values["wwn"], node.path)
    members = acls.with_name(wwn)
    if not members:
        return None
    different = []
    if values.get("add_mapped_luns"):
        missing = _not_mapped(env, acls.tpg.configfs, members[0])
        different = [f"LUN {number} is not mapped" for number in missing]
    return f"{node.path}/{wwn}", different


def _not_mapped(env: Env, tpg: ConfigfsPath, acl: ConfigfsPath) -> Iterator[int]:
    reader = Reader(env.fs)
    mapped = {lun.tpg_lun for lun in reader.mapped_luns(acl)}
    return (number for number in reader.lun_indexes(tpg) if number not in mapped)


def _mapped_lun(env: Env, node: Node, values: Values) -> Found | None:
    acl = cast(AclNode, node)
    found = acl.find(f"mapped_lun{values['mapped_lun']}")
    if found is None:
        return None
    mapped = cast(MappedLunNode, found).mapped_lun()
    if mapped is None:
        return found.path, ["nothing is mapped"]
    wanted = {**values, "lun": _number(env, acl, values["tpg_lun_or_backstore"])}
    have = {"lun": mapped.tpg_lun, "write_protect": mapped.write_protect}
    return found.path, _differences(wanted, have)


def _number(env: Env, acl: AclNode, text: str) -> int | str:
    """The LUN that is meant, by its number; the text where there is no such LUN yet."""
    digits = text.removeprefix("lun")
    if digits.isascii() and digits.isdigit():
        return int(digits)
    wanted = _exported(acl, text)
    export = exported_as(env, acl.tpg, wanted.configfs) if wanted else None
    return export.index if export else text


def _portal(env: Env, node: Node, values: Values) -> Found | None:
    from .portals import IPV4_WILDCARD

    address = naming.portal_address(values["ip_address"])
    found = node.find(f"{address}:{values['ip_port']}")
    if found is None:
        return None
    if found.name.startswith(f"{IPV4_WILDCARD}:") and address != IPV4_WILDCARD:
        return found.path, ["it listens on IPv4 addresses only"]
    return found.path, []


_THERE: dict[str, Callable[[Env, Node, Values], Found | None]] = {
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
