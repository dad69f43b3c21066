# SPDX-License-Identifier: Apache-2.0
"""Facts about the refused object, looked up only when a message uses them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping

from .. import schema
from ..config import shell_paths
from ..config.wording import shortened
from ..errors import InvalidValue, KernelRefused, LioError
from ..fast_dataclasses import dataclass
from ..host import cpus, devices, listeners
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..reading import backed_by
from ..steps import Step
from ..steps.operations import EnsureValue, Link, Unlink, Write
from ..usage import exports, holders
from .alua import SUPPORT

# More commands than these do not help the reader.
_FEW = 4


@dataclass(frozen=True, slots=True)
class Facts(Mapping[str, str]):
    """The facts that texts of the table can name; "" if a fact cannot be found out.

    ``next/NAME`` is the text of the file NAME beside the refused file.
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
                # A failed look-up must not hide the refusal.
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
        """Return the value that the step writes to a file; "" if none."""
        for operation in self.step.operations:
            if isinstance(operation, Write | EnsureValue) and operation.file == file:
                return operation.value
        return ""

    @property
    def storage_object(self) -> ConfigfsPath:
        """The configfs path of the storage object concerned; "" if there is none."""
        match = re.match(r"core/[^/]+_\d+/[^/]+", self.error.file)
        if match:
            return ConfigfsPath(match[0])
        for operation in self.step.operations:
            if isinstance(operation, Link | Unlink) and operation.target.startswith("core/"):
                return operation.target
        match = re.match(r".+/lun/lun_\d+(?=/)", self.error.file)
        link = links.link_in(self.fs, ConfigfsPath(match[0])) if match else None
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
    # After a failed creation the object no longer exists.
    return facts.written(file) or backed_by.device(facts.fs, facts.storage_object)


def _delete(facts: Facts) -> str:
    folder, _, name = _so_path(facts).rpartition("/")
    return f"{folder} delete {name}"


def _unexport(facts: Facts) -> str:
    exported = exports.of_storage_object(facts.fs, facts.storage_object)
    luns = ((shell_paths.luns(export.tpg_path.shell), export.index) for export in exported)
    commands = [f"{folder} delete {index}" for folder, index in luns]
    return shortened(commands, _FEW, separator=", then ", last=", then ")


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
    status = os.statvfs(_mountpoint(facts))
    return str(status.f_bavail * status.f_frsize)


def _listener(facts: Facts) -> str:
    return ", ".join(map(str, listeners.on_port(int(facts["port"]))))


def _takes(facts: Facts) -> str:
    """Return the schema's error for the written value; "" if it is valid."""
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


# Pattern of a configfs path -> table of the schema
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
    """Return the schema's attribute of a configfs file; None if unknown."""
    for pattern, group in _GROUPS:
        match = re.fullmatch(pattern, file)
        if match:
            name = match["name"]
            if group == "storage_object":
                key = paths.key_of_storage_object(paths.tpg_of(file))
                return schema.storage_object(name, key[0]) if key else None
            return next((row for row in schema.GROUPS[group] if row.name == name), None)
    return None
