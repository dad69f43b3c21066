# SPDX-License-Identifier: Apache-2.0
"""The nodes below /backstores: kinds of backstores, storage objects, target port groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtslib_ext.config import backing, shell_paths
from rtslib_ext.config.backing import Block, FileIO, Pscsi, RamDisk, User
from rtslib_ext.config.model import StorageObject
from rtslib_ext.config.scalars import number
from rtslib_ext.errors import KernelRefused
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.host import devices
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import ALUA_STATES, DEFAULT_LU_GROUP
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.reading.reader import Reader

from ..sizes import format_size
from .node import Node, Summary, info_lines, scalars

if TYPE_CHECKING:
    from rtslib_ext.schema import Attribute

    from ..settings import Group
    from .exported import Exported

_SHOWN = ("block", "fileio", "pscsi", "ramdisk")


class Backstores(Node):
    """``/backstores``: one node per kind; user-backed objects are below their handler.

    ``lu_gps`` is listed only if a logical unit group exists, but can always be used in a path.
    """

    kind = "backstores"

    def children(self) -> Iterator[Node]:
        """Yield the kinds, the available handlers, and those of existing objects."""
        for plugin in _SHOWN:
            yield Backstore(self.tree, plugin, self)
        for handler in sorted(self._handlers()):
            yield Backstore(self.tree, f"user:{handler}", self)
        groups = LuGroups(self.tree, "lu_gps", self, paths.LU_GROUPS)
        if any(groups.children()):
            yield groups

    def find(self, name: str) -> Node | None:
        """Accept the kinds' names of older tools too."""
        if name == "lu_gps":
            return LuGroups(self.tree, name, self, paths.LU_GROUPS)
        name = backing.ALIASES.get(name, name)
        if name in backing.KINDS or name.startswith("user:"):
            return Backstore(self.tree, name, self)
        return None

    def _handlers(self) -> set[str]:
        from rtslib_ext.host.tcmu import handlers

        found = set(handlers())
        for path in self.reader.storage_object_paths("user"):
            user = self.reader.backing(path, "user")
            if isinstance(user, User) and user.handler:
                found.add(user.handler)
        return found


class Backstore(Node):
    """``/backstores/fileio`` and the like."""

    @property
    def plugin(self) -> str:
        """Return the kind without the handler."""
        return self.name.partition(":")[0]

    @property
    def handler(self) -> str:
        """Return the handler of user-backed objects, or ""."""
        return self.name.partition(":")[2]

    @property
    def kind(self) -> str:  # type: ignore[override]
        """Return the plugin: each has its own create command."""
        return self.plugin

    def children(self) -> Iterator[StorageObjectNode]:
        for path in self.reader.storage_object_paths(self.plugin):
            node = StorageObjectNode(self.tree, paths.name_of(path), self, path)
            if not self.handler or node.handler == self.handler:
                yield node

    def find(self, name: str) -> StorageObjectNode | None:
        path = self.tree.index.find(self.plugin, name)
        if path is None:
            return None
        node = StorageObjectNode(self.tree, name, self, path)
        return node if not self.handler or node.handler == self.handler else None

    def summary(self) -> Summary:
        return Summary(f"Storage Objects: {sum(1 for _ in self.children())}")


class StorageObjectNode(Node):
    """One storage object."""

    kind = "storage_object"

    @property
    def plugin(self) -> str:
        """Return the kind of backstore."""
        key = paths.key_of_storage_object(self.configfs)
        assert key is not None
        return key[0]

    @property
    def backing(self) -> backing.Backing:
        """Read the properties of the kind."""
        return self.reader.backing(self.configfs, self.plugin)

    @property
    def handler(self) -> str:
        """Return the handler of a user-backed object, or ""."""
        found = self.backing
        return found.handler if isinstance(found, User) else ""

    def children(self) -> Iterator[Node]:
        yield AluaGroups(self.tree, "alua", self, paths.tg_pt_gps(self.configfs))

    def summary(self) -> Summary:
        """Return the device, its size, the cache mode, and the status."""
        try:
            info = self.fs.read(f"{self.configfs}/info")
            if "SectorSize: 0 " in info:
                return Summary("NOT CONFIGURED", False)
            return Summary(self._text(info), not self._problem())
        except KernelRefused as err:
            return Summary(f"NOT READABLE: {err}", False)

    def _problem(self) -> str:
        """Return the reason for which the object could not be restored, or ""."""
        # Imported here: commands that change something do not need it.
        from rtslib_ext.usage import restorable

        return restorable.problem(self.backing)

    def notes(self) -> list[str]:
        """Return the reason for which the object could not be restored, if there is one."""
        try:
            text = self._problem()
        except KernelRefused:
            return []
        return [f"It cannot be restored: {text}"] if text else []

    def _text(self, info: str) -> str:
        status = info.partition("Status: ")[2].partition(" ")[0].lower()
        found = self.backing
        match found:
            case Pscsi():
                return f"{found.udev_path} {status}"
            case RamDisk():
                nullio = "nullio " if found.nullio else ""
                return f"{nullio}({format_size(found.size)}) {status}"
            case FileIO():
                size = format_size(found.size or 0)
                return f"{found.udev_path} ({size}) {self._cache()} {status}"
            case Block():
                size = format_size(devices.device_size(found.udev_path) or 0)
                mode = "ro " if found.readonly else ""
                return f"{found.udev_path} ({size}) {mode}{self._cache()} {status}"
            case User():
                config = found.config.partition("/")[2] if found.config else "(no config)"
                return f"{config} ({format_size(found.size)}) {status}"

    def _cache(self) -> str:
        on = self.fs.read_if_there(f"{paths.attributes(self.configfs)}/emulate_write_cache") == "1"
        return "write-back" if on else "write-thru"

    def groups(self) -> list[Group]:
        """Return attributes, device, identity and reservations."""
        from rtslib_ext import schema

        from ..settings.attributes import Attributes
        from ..settings.device import Device
        from ..settings.identity import Identity
        from ..settings.reservations import Reservations

        plugin = self.plugin
        return [
            Attributes(
                "attribute",
                self.path,
                (paths.attributes(self.configfs),),
                lambda name: schema.storage_object(name, plugin),
                self._attribute,
            ),
            Device(self.path, self.configfs),
            Identity(self.path, self.configfs, fixed=plugin == "pscsi"),
            Reservations(self.path, self.configfs),
        ]

    def _attribute(self, name: str) -> Attribute | None:
        """Return the schema row of an attribute, with the default for this object."""
        from rtslib_ext import schema

        row = schema.storage_object(name, self.plugin)
        if row is None or not row.defaults:
            return row
        found = self.backing
        if found.defaults_key(on_device=devices.is_block_device(found.udev_path)) is None:
            return replace(row, default=None)
        return replace(row, default=found.early_attributes().get(name, row.default))

    def facts(self) -> dict[str, object]:
        from rtslib_ext.savefile import encode

        so = self.reader.storage_object(self.configfs)
        if so is None:
            return {}
        values = scalars(encode.storage_object(so))
        if text := self._problem():
            values["not_restorable"] = text
        if self.plugin == "pscsi":
            # Whether an adapter is passed through as a whole (target_core_pscsi.c, pmode).
            mode = self.fs.read_if_there(f"{paths.parent(self.configfs)}/hba_mode") or ""
            values["hba_mode"] = number(mode)
        values |= identifiers(self.reader, self.configfs)
        return {**values, **self._exported().facts()}

    def info(self) -> list[str]:
        """Return the values, then the LUNs, mapped LUNs and initiators, a line each."""
        values = scalars(self.facts())
        return [*info_lines(values), *self._exported().lines()] if values else []

    def _exported(self) -> Exported:
        # Imported here: only info needs it.
        from . import exported

        return exported.of_storage_object(self.reader, self.configfs)

    def read(self) -> StorageObject | None:
        """Read the object; None if it is not configured."""
        return self.reader.storage_object(self.configfs)


def identifiers(reader: Reader, configfs: ConfigfsPath) -> dict[str, object]:
    """Return the identifiers of a storage object that initiators show; "wwid" is multipath's."""
    # Imported here: only info needs it.
    from rtslib_ext.graph import wwid

    naa = wwid.of_storage_object(reader, configfs)
    return {"naa": naa, "wwid": wwid.forms(naa)["multipath"]} if naa else {}


class AluaGroups(Node):
    """The target port groups of a storage object."""

    kind = "alua_groups"

    @property
    def storage_object(self) -> StorageObjectNode:
        """Return the storage object above."""
        return self.nearest(StorageObjectNode)

    def children(self) -> Iterator[Node]:
        """Yield the groups; objects that pass commands through have none."""
        attributes = paths.attributes(self.storage_object.configfs)
        if self.fs.read_if_there(f"{attributes}/alua_support") == "0":
            return
        for name in self.fs.directories(self.configfs):
            yield AluaGroupNode(self.tree, name, self, paths.child(self.configfs, name))

    def summary(self) -> Summary:
        return Summary(f"ALUA Groups: {sum(1 for _ in self.children())}")


class AluaGroupNode(Node):
    """One target port group."""

    kind = "alua_group"

    def summary(self) -> Summary:
        state = self.fs.read_if_there(f"{self.configfs}/alua_access_state") or ""
        return Summary(f"ALUA state: {ALUA_STATES.get(state, state)}", True)

    def groups(self) -> list[Group]:
        from ..settings import AluaSettings

        return [AluaSettings(self.path, self.configfs)]


class LuGroups(Node):
    """The logical unit groups, without the default one, to which every object belongs at first."""

    kind = "lu_groups"

    def children(self) -> Iterator[Node]:
        for name in self.fs.directories(self.configfs):
            if name != DEFAULT_LU_GROUP:
                yield LuGroupNode(self.tree, name, self, paths.child(self.configfs, name))

    def summary(self) -> Summary:
        return Summary(f"LU Groups: {sum(1 for _ in self.children())}")


class LuGroupNode(Node):
    """One logical unit group."""

    kind = "lu_group"

    def summary(self) -> Summary:
        """Return the number of storage objects in the group."""
        return Summary(f"Members: {len(self.reader.lu_group_members(self.name))}")

    def groups(self) -> list[Group]:
        from rtslib_ext import schema

        from ..settings.files import Files

        return [Files("alua", self.path, (self.configfs,), schema.lu_group)]

    def facts(self) -> dict[str, object]:
        """Return the number, and the shell paths of the members."""
        keys = map(paths.key_of_storage_object, self.reader.lu_group_members(self.name))
        found = sorted(shell_paths.storage_object(*key) for key in keys if key)
        text = self.fs.read_if_there(f"{self.configfs}/lu_gp_id") or ""
        return {"lu_gp_id": number(text), "members": found}

    def info(self) -> list[str]:
        """Return the number, then the members, a line each."""
        facts = self.facts()
        members = facts["members"]
        assert isinstance(members, list)
        return [*info_lines(scalars(facts)), "members:", *members]
