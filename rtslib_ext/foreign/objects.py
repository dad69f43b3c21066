# SPDX-License-Identifier: Apache-2.0
"""The storage objects that an import makes, and its remarks."""

from __future__ import annotations

import os
import re
from functools import cache

from .. import schema
from ..config import inquiry
from ..config.backing import Backing, Block, FileIO
from ..config.model import Key, StorageObject, Values
from ..errors import InvalidValue
from ..fast_dataclasses import replace
from ..schema import Attribute
from . import identity as identities
from . import words
from .addresses import Access
from .identity import Identity
from .imported import CHANGED, LOST, NOTE, Place, Remark
from .source import Source

# Suffixes of image files, which are no part of a name.
_SUFFIX = re.compile(r"\.(?:img|raw|iso|bin|dsk)\Z", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 64


class Objects:
    """Storage objects by key, each path once, and remarks about them and all else."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.files = source.files
        self.remarks: list[Remark] = []
        self.accesses: list[Access] = []
        """The addresses that each TPG with portals admits."""
        self.objects: dict[Key, StorageObject] = {}
        self._on: dict[str, Key] = {}
        self._names: set[str] = set()
        self._next: dict[str, int] = {}
        self._told: set[str] = set()

    # -- remarks ----------------------------------------------------------------------------

    def lost(self, at: Place, text: str, cure: str = "") -> None:
        """Remark that LIO cannot express something."""
        self._remark(LOST, at, text, cure)

    def changed(self, at: Place, text: str, cure: str = "") -> None:
        """Remark that something is expressed differently."""
        self._remark(CHANGED, at, text, cure)

    def note(self, at: Place, text: str, cure: str = "") -> None:
        """Remark something without an effect on initiators."""
        self._remark(NOTE, at, text, cure)

    def is_first(self, what: str) -> bool:
        """Return True for the first remark about something that many objects of a file have."""
        if what in self._told:
            return False
        self._told.add(what)
        return True

    def unknown(self, at: Place, word: str) -> None:
        """Remark a statement that the format does not have, by its first word.

        Any other text is not shown: the file may be of another kind, and that a secret.
        """
        self.note(at, f"{words.shown(word)} is not known, and not imported")

    def _remark(self, severity: str, at: Place, text: str, cure: str) -> None:
        self.remarks.append(Remark(severity, at.file, at.line, text, cure, at.path))

    def checked(self, at: Place, row: Attribute | None, text: str) -> str | None:
        """Return a value as the kernel takes it; None, with a remark, if it does not.

        ``row`` is None for a setting that the tables lack: a newer kernel may have it.
        """
        try:
            return row.check(text) if row else text
        except InvalidValue as err:
            self.changed(at, f"{err.message}: the kernel's own value is used")
            return None

    # -- storage objects --------------------------------------------------------------------

    def disk(
        self,
        at: Place,
        path: str,
        identity: Identity,
        *,
        name: str = "",
        write_back: bool = False,
        readonly: bool = False,
        block_size: str | None = None,
        size: int | None = None,
    ) -> Key | None:
        """Add the storage object on a file or block device; return its key.

        An absolute path that is exported already gives that object. None, with a remark, if it
        cannot be expressed. ``size`` is in bytes, that of the file if omitted. A device is opened
        read-only if it is ``readonly`` wherever it is exported.
        """
        known = self._known(at, path, identity, readonly=readonly)
        if known:
            return known
        if not self.has_path(at, path):
            return None
        if self.files.is_device(path):
            backing: Backing = Block(path, readonly=readonly)
        else:
            size = self.files.size(path) if size is None else size
            if size is None:
                self.lost(
                    at,
                    f"{path} does not exist here, so its size is not known: it is left out",
                    "copy or create it, and import again",
                )
                return None
            backing = FileIO(path, size=size, write_back=write_back)
        try:
            backing.controls()
        except InvalidValue as err:
            self.lost(at, f"{err.message}: it is left out", err.hint)
            return None
        attributes = self._block_size(at, backing.plugin, block_size)
        key = self.add(at, name or name_of(path), backing, identity, attributes)
        self._on[path] = key
        return key

    def has_path(self, at: Place, path: str) -> bool:
        """Return True for an absolute path; else add a remark.

        The kernel opens another one where the process is: at boot, another file.
        """
        if path.startswith("/") and path.isprintable():
            return True
        self.lost(at, f"{path!r} is not an absolute path: it is left out")
        return False

    def _block_size(self, at: Place, plugin: str, size: str | None) -> dict[str, str]:
        try:
            return {} if size is None else {"block_size": block_size_of(plugin, size)}
        except InvalidValue as err:
            self.changed(at, f"{err.message}: the disk has blocks of the kernel's own size")
            return {}

    def _known(self, at: Place, path: str, identity: Identity, *, readonly: bool) -> Key | None:
        key = self._on.get(path)
        if key is None:
            return None
        so = self.objects[key]
        if isinstance(so.backing, Block) and so.backing.readonly and not readonly:
            self.put(replace(so, backing=replace(so.backing, readonly=False)))
        other = identities.of_object(identity, keep_serial=self.source.keep_serial)
        if other.serial not in (None, so.wwn):
            self.changed(
                at,
                f"{path} is exported again: LIO shows one disk with one identity, so its serial "
                f"number here is {so.wwn}, no longer {identity.serial or other.serial}",
            )
        return key

    def add(
        self,
        at: Place,
        name: str,
        backing: Backing,
        identity: Identity,
        attributes: Values | None = None,
    ) -> Key:
        """Add a storage object, under a name that no other has; return its key."""
        made = identities.of_object(identity, keep_serial=self.source.keep_serial)
        for severity, text, cure in made.remarks:
            self._remark(severity, at, text, cure)
        found = self._free_name(name)
        usual = inquiry.defaults(backing.plugin, found, named=False) if made.fields else {}
        so = StorageObject(
            found,
            backing,
            wwn=made.serial,
            attributes=attributes or {},
            identity={key: one for key, one in made.fields.items() if one != usual.get(key)},
        )
        key = so.key
        self.objects[key] = so
        return key

    def put(self, so: StorageObject) -> None:
        """Replace a storage object by a changed copy of the same kind and name."""
        self.objects[so.key] = so

    def object(self, key: Key) -> StorageObject:
        """Return a storage object."""
        return self.objects[key]

    def _free_name(self, wanted: str) -> str:
        """Return a valid name that no storage object has yet."""
        name = _NOT_IN_NAMES.sub("_", wanted).strip("._-")[:_LONGEST_NAME] or "disk"
        found = name
        while found in self._names:
            self._next[name] = self._next.get(name, 1) + 1
            found = f"{name}_{self._next[name]}"
        self._names.add(found)
        return found

    # -- credentials ------------------------------------------------------------------------

    def accepts(self, at: Place, credentials: dict[str, str], where: str) -> bool:
        """Return True if the kernel accepts credentials; else add a remark."""
        for name, value in credentials.items():
            row = schema.auth(name)
            takes = row.takes() if row else ""
            try:
                # iscsi_target_nodeattrib.c: the kernel takes this word for no credentials.
                if value.startswith("NULL") or not value.isprintable():
                    raise InvalidValue("NULL")
                if row:
                    row.check(value)
            except InvalidValue:
                shown = "the password" if "password" in name else f"the user name {value!r}"
                self.lost(at, f"{shown} {where} is left out: LIO takes {takes}, not NULL…")
                return False
        return True


@cache
def block_size_of(plugin: str, text: str) -> str:
    """Return a block size as the kernel has it. Raises InvalidValue."""
    row = schema.storage_object("block_size", plugin)
    return row.check(text) if row else text


def name_of(path: str) -> str:
    """Return a name for the storage object on a path: that of the file, without its suffix."""
    return _SUFFIX.sub("", os.path.basename(path.rstrip("/")))
