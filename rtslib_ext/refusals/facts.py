# SPDX-License-Identifier: Apache-2.0
"""What is to be known of an object that the kernel refused something: looked up when it is told."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping

from .. import schema
from ..config import shell_paths
from ..errors import InvalidValue, KernelRefused, LioError
from ..fast_dataclasses import dataclass
from ..host import cpus, devices, listeners
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..steps import Step
from ..usage import exports, holders
from .alua import SUPPORT

# More commands than these are no help to read.
_FEW = 4


@dataclass(frozen=True, slots=True)
class Facts(Mapping[str, str]):
    """The names that texts in the table use; "" for what cannot be known.

    ``next/NAME`` is what the file NAME holds next to the one that was written.
    """

    fs: ReadFS
    step: Step
    error: KernelRefused
    parts: Mapping[str, str | None]

    def __getitem__(self, name: str) -> str:
        if name in _FACTS:
            try:
                return _FACTS[name](self)
            except (OSError, LioError):
                # What cannot be looked up must not hide the refusal.
                return ""
        if name.startswith("next/"):
            folder = self.error.file.rpartition("/")[0]
            return self.fs.read_if_there(f"{folder}/{name[5:]}") or ""
        return self.parts[name] or ""

    def __iter__(self) -> Iterator[str]:
        return iter((*_FACTS, *self.parts))

    def __len__(self) -> int:
        return len(_FACTS) + len(self.parts)

    def written(self, file: str) -> str:
        """What the step writes, or would have written, to a file."""
        for operation in self.step.operations:
            # Write and Settle: the operations that have a value.
            value = getattr(operation, "value", None)
            folder = getattr(operation, "folder", None)
            name = getattr(operation, "name", "")
            where = f"{folder}/{name}" if folder else getattr(operation, "file", None)
            if where == file and isinstance(value, str):
                return value
        return ""

    @property
    def storage_object(self) -> ConfigfsPath:
        """The configfs path of the storage object it is about; "" when it is about none."""
        found = re.match(r"core/[^/]+_\d+/[^/]+", self.error.file)
        if found:
            return ConfigfsPath(found[0])
        for operation in self.step.operations:
            # Link: the operation that leads to another object.
            target = getattr(operation, "target", "")
            if target.startswith("core/"):
                return ConfigfsPath(target)
        found = re.match(r".+/lun/lun_\d+(?=/)", self.error.file)
        link = paths.link_in(self.fs, ConfigfsPath(found[0])) if found else None
        return link[1] if link else ConfigfsPath("")


def _value(facts: Facts) -> str:
    return facts.written(facts.error.file)


def _so_path(facts: Facts) -> str:
    key = paths.key_of_storage_object(facts.storage_object)
    return shell_paths.storage_object(*key) if key else ""


def _device(facts: Facts) -> str:
    if facts.error.file.startswith("/"):
        return facts.error.file
    file = f"{facts.storage_object}/udev_path"
    # The object is not there any more where making it failed.
    return facts.written(file) or facts.fs.read_if_there(file) or ""


def _delete(facts: Facts) -> str:
    folder, _, name = _so_path(facts).rpartition("/")
    return f"{folder} delete {name}"


def _unexport(facts: Facts) -> str:
    found = exports.of_storage_object(facts.fs, facts.storage_object)
    luns = ((shell_paths.luns(export.tpg_path.shell), export.index) for export in found)
    commands = [f"{folder} delete {index}" for folder, index in luns]
    more = [f"{len(commands) - _FEW} more"] if len(commands) > _FEW else []
    return ", then ".join([*commands[:_FEW], *more])


def _holder(facts: Facts) -> str:
    return holders.find(facts.fs, _device(facts)).why


def _release(facts: Facts) -> str:
    return holders.find(facts.fs, _device(facts)).help


def _mountpoint(facts: Facts) -> str:
    folder = os.path.dirname(os.path.realpath(_device(facts)))
    while not os.path.ismount(folder):
        folder = os.path.dirname(folder)
    return folder


def _free(facts: Facts) -> str:
    found = os.statvfs(_mountpoint(facts))
    return str(found.f_bavail * found.f_frsize)


def _listener(facts: Facts) -> str:
    return ", ".join(map(str, listeners.on_port(int(facts["port"]))))


def _takes(facts: Facts) -> str:
    """What the schema says of a value that is out of its range."""
    known = lookup(facts.error.file)
    if known:
        try:
            known.check(_value(facts))
        except InvalidValue as err:
            return str(err)
    return ""


_FACTS: dict[str, Callable[[Facts], str]] = {
    "path": lambda facts: facts.error.path,
    "value": _value,
    "so_path": _so_path,
    "device": _device,
    "folder": lambda facts: os.path.dirname(_device(facts)),
    "delete": _delete,
    "unexport": _unexport,
    "holder": _holder,
    "release": _release,
    "mountpoint": _mountpoint,
    "free": _free,
    "block": lambda facts: devices.block_of_generic(_device(facts)),
    "support": lambda facts: SUPPORT.get(_value(facts), ""),
    "listener": _listener,
    "cpus": lambda facts: cpus.online_cpus(),
    "takes": _takes,
}


# Where a file is -> how the schema is asked for it.
_GROUPS: tuple[tuple[str, str], ...] = (
    (r"core/[a-z_]+_\d+/[^/]+/attrib/(?P<name>\w+)", "storage_object"),
    (r"core/.+/alua/[^/]+/(?P<name>\w+)", "alua"),
    (r"core/.+/wwn/(?P<name>\w+)", "wwn"),
    (r"[^/]+/[^/]+/tpgt_\d+/acls/[^/]+/attrib/(?P<name>\w+)", "acl_attribute"),
    (r"[^/]+/[^/]+/tpgt_\d+/acls/[^/]+/param/(?P<name>\w+)", "acl_parameter"),
    (r"[^/]+/[^/]+/tpgt_\d+/acls/[^/]+/(?P<name>\w+)", "acl"),
    (r"[^/]+/[^/]+/tpgt_\d+/lun/lun_\d+/(?P<name>\w+)", "lun_alua"),
    (r"[^/]+/[^/]+/tpgt_\d+/attrib/(?P<name>\w+)", "tpg_attribute"),
    (r"[^/]+/[^/]+/tpgt_\d+/param/(?P<name>\w+)", "tpg_parameter"),
    (r"[^/]+/[^/]+/param/(?P<name>\w+)", "target_parameter"),
)


def lookup(file: str) -> schema.Attribute | None:
    """What the schema knows of a file in configfs."""
    for pattern, group in _GROUPS:
        found = re.fullmatch(pattern, file)
        if found:
            name = found["name"]
            if group == "storage_object":
                key = paths.key_of_storage_object(paths.tpg_of(file))
                return schema.storage_object(name, key[0]) if key else None
            return next((row for row in schema.GROUPS[group] if row.name == name), None)
    return None
