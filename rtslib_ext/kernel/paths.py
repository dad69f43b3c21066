# SPDX-License-Identifier: Apache-2.0
"""Where things are: the configfs path and the shell path of each object.

The folder of a storage object is ``core/<prefix>_<index>/<name>``. The index has no meaning to
the kernel; it is derived from the name here, so that finding an object or finding that there is
none costs the same however many there are. Older tools count from 0 and search every folder.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from ..config import backing
from ..errors import Exists, KernelRefused, NotFound
from ..fabrics import Fabric
from ..fast_dataclasses import dataclass, field
from .configfs import ConfigFS

Key = tuple[str, str]
"""A storage object: (plugin, name)."""
Locate = Callable[[Key], str | None]
"""Returns the configfs path of a storage object; None where it does not exist."""
Reservations = Callable[[str], tuple[str, ...]]
"""Returns the persistent reservations that were kept for a unit serial number, a line each."""

# rtslib-fb hands out indexes below this one, this library from it on.
_FIRST_INDEX = 1 << 20
_LAST_INDEX = (1 << 31) - 1
# Two names that share an index take the next one; more than this never happened in
# 10,000 x 10,000 names.
_TRIES = 4


def hba_candidates(plugin: str, name: str) -> tuple[str, ...]:
    """The folders under ``core`` in which a storage object may be, the likely one first."""
    span = _LAST_INDEX - _FIRST_INDEX - _TRIES
    first = _FIRST_INDEX + zlib.crc32(f"{plugin}/{name}".encode("utf-8", "surrogateescape")) % span
    prefix = backing.KINDS[plugin].prefix
    return tuple(f"core/{prefix}_{first + offset}" for offset in range(_TRIES))


def split_hba(folder: str) -> tuple[str, int] | None:
    """The prefix and index of a name in ``core``; None where it is no backstore folder."""
    prefix, _, index = folder.rpartition("_")
    if prefix in backing.PREFIXES and index.isdigit():
        return prefix, int(index)
    return None


def holds_one(folder: str) -> bool:
    """Tell whether a name in ``core`` is one of this library's, with one object in it at most."""
    split = split_hba(folder)
    return split is not None and split[1] >= _FIRST_INDEX


@dataclass(slots=True)
class Index:
    """Finds storage objects by name.

    Those of this library are where their names say. Objects that another tool made are listed
    once, when a name is not found otherwise.
    """

    fs: ConfigFS
    _foreign: dict[tuple[str, str], str] | None = None

    def find(self, plugin: str, name: str) -> str | None:
        """The configfs path of a storage object; None where there is none."""
        if plugin not in backing.KINDS or "/" in name or name in ("", ".", ".."):
            return None
        for hba in hba_candidates(plugin, name):
            if self.fs.is_dir(f"{hba}/{name}"):
                return f"{hba}/{name}"
        if self._foreign is None:
            self._foreign = dict(self._others())
        return self._foreign.get((plugin, name))

    def _others(self) -> Iterator[tuple[tuple[str, str], str]]:
        for folder in self.fs.directories("core"):
            split = split_hba(folder)
            if split and split[1] < _FIRST_INDEX:
                for name in self.fs.directories(f"core/{folder}"):
                    yield (backing.PREFIXES[split[0]].plugin, name), f"core/{folder}/{name}"


def find_storage_object(fs: ConfigFS, plugin: str, name: str) -> str | None:
    """The configfs path of one storage object; None where there is none."""
    return Index(fs).find(plugin, name)


def storage_object(fs: ConfigFS, plugin: str, name: str) -> str:
    """The configfs path of a storage object that must be there."""
    found = find_storage_object(fs, plugin, name)
    if found is None:
        raise NotFound(f"No storage object named {name}.", path=f"/backstores/{plugin}")
    return found


@dataclass(slots=True)
class HbaAllocator:
    """Chooses the folders of new storage objects; remembers what it gave away."""

    fs: ConfigFS
    taken: set[str] = field(default_factory=set)

    def choose(self, plugin: str, name: str) -> str:
        """The HBA folder for a new storage object; raises Exists."""
        for hba in hba_candidates(plugin, name):
            if hba in self.taken:
                continue
            if not self.fs.is_dir(hba) or self._is_empty(hba, plugin, name):
                self.taken.add(hba)
                return hba
        raise NotFound(f"no free backstore index for {name}", path=f"/backstores/{plugin}")

    def _is_empty(self, hba: str, plugin: str, name: str) -> bool:
        # A folder without an object is what a killed process left: it can be used.
        found = self.fs.directories(hba)
        if name in found:
            path = f"/backstores/{plugin}/{name}"
            raise Exists(f"Storage object {plugin}/{name} exists", path=path)
        return not found


def alias_in(fs: ConfigFS, folder: str) -> str | None:
    """The name of the one link in a LUN's or mapped LUN's folder."""
    try:
        return next((entry.name for entry in fs.scan(folder) if entry.kind == "link"), None)
    except KernelRefused:
        # It was taken away while we looked.
        fs.missing += 1
        return None


def link_in(fs: ConfigFS, folder: str) -> tuple[str, str] | None:
    """The one link in a LUN's or mapped LUN's folder: (alias, where it leads)."""
    alias = alias_in(fs, folder)
    try:
        return (alias, fs.readlink(f"{folder}/{alias}")) if alias else None
    except KernelRefused:
        return None


def target(fabric: Fabric, wwn: str) -> str:
    """The configfs path of a target."""
    return f"{fabric.folder}/{fabric.to_folder(wwn)}"


def tpg(fabric: Fabric, wwn: str, tag: int) -> str:
    """The configfs path of a TPG."""
    return f"{target(fabric, wwn)}/tpgt_{tag}"


def shell_tpg(fabric: Fabric, wwn: str, tag: int) -> str:
    """The shell path of a TPG: where a fabric has one only, it is the target itself."""
    base = f"/{fabric.name}/{wwn}"
    return f"{base}/tpg{tag}" if fabric.has("tpgts") else base


@dataclass(frozen=True, slots=True)
class TpgPath:
    """A TPG by its configfs path and its shell path."""

    fabric: Fabric
    file: str
    path: str

    @classmethod
    def of(cls, fabric: Fabric, wwn: str, tag: int) -> TpgPath:
        """Return the paths of a TPG."""
        return cls(fabric, tpg(fabric, wwn, tag), shell_tpg(fabric, wwn, tag))


def locator(fs: ConfigFS) -> Locate:
    """Return a function that looks storage objects up when it is called."""
    index = Index(fs)
    return lambda key: index.find(*key)


def key_of_storage_object(path: str) -> tuple[str, str] | None:
    """(plugin, name) of a configfs path such as ``core/fileio_3/disk``."""
    parts = path.split("/")
    if len(parts) == 3 and parts[0] == "core":
        split = split_hba(parts[1])
        if split:
            return backing.PREFIXES[split[0]].plugin, parts[2]
    return None
