# SPDX-License-Identifier: Apache-2.0
"""The configfs path and the shell path of each object.

A storage object is at ``core/<prefix>_<index>/<name>``. The kernel gives no meaning to the index;
here it is derived from the name, so that looking up an object costs the same for any number of
objects. Older tools count from 0 and search every directory.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import reduce

from ..config import backing, shell_paths
from ..config.model import Key
from ..config.shell_paths import ShellPath
from ..errors import Exists, InvalidValue, NotFound
from ..fabrics import Fabric, of_folder
from ..fast_dataclasses import dataclass, field
from .configfs import ConfigfsPath, ReadFS

Locate = Callable[[Key], ConfigfsPath | None]
"""Returns the configfs path of a storage object; None if it does not exist."""
Reservations = Callable[[str], tuple[str, ...]]
"""Returns the saved persistent reservations of a unit serial number, one line each."""

# rtslib-fb uses indexes below this one, this library from it on.
_FIRST_INDEX = 1 << 20
_LAST_INDEX = (1 << 31) - 1
# If two names have the same index, the second takes the next one; more collisions never occurred in
# 10,000 x 10,000 names.
_TRIES = 4


CORE = ConfigfsPath("core")
LU_GROUPS = ConfigfsPath("core/alua/lu_gps")


# -- any object -------------------------------------------------------------------------------


def is_name(text: str) -> bool:
    """Return True if a text can be the name of a directory entry, and leads nowhere else."""
    return text not in ("", ".", "..") and "/" not in text and "\0" not in text


def _below(directory: str, name: str) -> ConfigfsPath:
    """Return the path of a name in a directory: the one place where names become paths.

    Names come from users, files, initiators and other programs. Raises InvalidValue.
    """
    if not is_name(name):
        raise InvalidValue(f"{name!r} cannot be the name of an object in configfs")
    return ConfigfsPath(f"{directory}/{name}")


def parent(path: str) -> ConfigfsPath:
    """Return the directory that a file or object is in."""
    return ConfigfsPath(path.rpartition("/")[0])


def child(directory: ConfigfsPath, name: str) -> ConfigfsPath:
    """Return an object in a directory."""
    return _below(directory, name)


def name_of(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]


def attributes(directory: ConfigfsPath) -> ConfigfsPath:
    """Return the attributes of a storage object, TPG or ACL."""
    return ConfigfsPath(f"{directory}/attrib")


def parameters(directory: ConfigfsPath) -> ConfigfsPath:
    """Return the parameters of a target, TPG or ACL."""
    return ConfigfsPath(f"{directory}/param")


def auth(directory: ConfigfsPath) -> ConfigfsPath:
    """Return the CHAP credentials of a TPG or ACL."""
    return ConfigfsPath(f"{directory}/auth")


# -- storage objects --------------------------------------------------------------------------


def hba(name: str) -> ConfigfsPath:
    """Return the HBA of a name such as ``fileio_3``."""
    return _below(CORE, name)


def storage_object_in(hba: ConfigfsPath, name: str) -> ConfigfsPath:
    """Return the storage object of a name in an HBA."""
    return _below(hba, name)


def identity(storage_object: ConfigfsPath) -> ConfigfsPath:
    """Return the INQUIRY data and VPD pages of a storage object."""
    return ConfigfsPath(f"{storage_object}/wwn")


def reservations(storage_object: ConfigfsPath) -> ConfigfsPath:
    """Return the persistent reservations of a storage object."""
    return ConfigfsPath(f"{storage_object}/pr")


def tg_pt_gps(storage_object: ConfigfsPath) -> ConfigfsPath:
    """Return the target port groups of a storage object."""
    return ConfigfsPath(f"{storage_object}/alua")


def tg_pt_gp(storage_object: ConfigfsPath, name: str) -> ConfigfsPath:
    """Return a target port group."""
    return _below(tg_pt_gps(storage_object), name)


def storage_object_of(tg_pt_gp: ConfigfsPath) -> ConfigfsPath:
    """Return the storage object of a target port group."""
    return ConfigfsPath(tg_pt_gp.partition("/alua/")[0])


def lu_gp(name: str) -> ConfigfsPath:
    """Return a logical unit group."""
    return _below(LU_GROUPS, name)


def of_lu_gp_member(line: str) -> ConfigfsPath:
    """Return the storage object that a logical unit group lists as ``fileio_3/disk``."""
    return reduce(_below, line.split("/"), CORE)


def lu_gp_member(storage_object: ConfigfsPath) -> str:
    """Return the line for a storage object in the members of its logical unit group."""
    return storage_object.removeprefix("core/")


def key_of_storage_object(path: str) -> Key | None:
    """Return (plugin, name) of a configfs path such as ``core/fileio_3/disk``; None for others."""
    parts = path.split("/")
    if len(parts) == 3 and parts[0] == "core":
        split = split_hba(parts[1])
        if split:
            return backing.PREFIXES[split[0]].plugin, parts[2]
    return None


# -- targets ----------------------------------------------------------------------------------


def fabric(fabric: Fabric) -> ConfigfsPath:
    """Return the directory of a fabric."""
    return ConfigfsPath(fabric.folder)


def discovery_auth(fabric: Fabric) -> ConfigfsPath:
    """Return the CHAP credentials for discovery."""
    return ConfigfsPath(f"{fabric.folder}/discovery_auth")


def target(fabric: Fabric, wwn: str) -> ConfigfsPath:
    """Return the configfs path of a target."""
    return _below(fabric.folder, fabric.to_folder(wwn))


def tpg(fabric: Fabric, wwn: str, tag: int) -> ConfigfsPath:
    """Return the configfs path of a TPG."""
    return tpg_in(target(fabric, wwn), tag)


def tpg_in(target: ConfigfsPath, tag: int | str) -> ConfigfsPath:
    """Return a TPG of a target."""
    return _below(target, f"tpgt_{tag}")


def luns(tpg: ConfigfsPath) -> ConfigfsPath:
    """Return the LUNs of a TPG."""
    return ConfigfsPath(f"{tpg}/lun")


def lun(tpg: ConfigfsPath, index: int | str) -> ConfigfsPath:
    """Return a LUN."""
    return _below(luns(tpg), f"lun_{index}")


def portals(tpg: ConfigfsPath) -> ConfigfsPath:
    """Return the network portals of a TPG."""
    return ConfigfsPath(f"{tpg}/np")


def portal(tpg: ConfigfsPath, name: str) -> ConfigfsPath:
    """Return a network portal, which is named ADDRESS:PORT."""
    return _below(portals(tpg), name)


def is_portal(path: str) -> bool:
    """Return True for the path of a network portal."""
    return path.count("/") == 4 and path.split("/")[3] == "np"


def acls(tpg: ConfigfsPath) -> ConfigfsPath:
    """Return the node ACLs of a TPG."""
    return ConfigfsPath(f"{tpg}/acls")


def acl(tpg: ConfigfsPath, folder: str) -> ConfigfsPath:
    """Return a node ACL, by the WWN as the fabric writes it (``Fabric.to_folder``)."""
    return _below(acls(tpg), folder)


def mapped_lun(acl: ConfigfsPath, index: int | str) -> ConfigfsPath:
    """Return a mapped LUN."""
    return _below(acl, f"lun_{index}")


def tpg_of(path: str) -> ConfigfsPath:
    """Return the TPG that an object is in."""
    return ConfigfsPath("/".join(path.split("/", 3)[:3]))


def parse_tpg(path: str) -> tuple[Fabric, str, int] | None:
    """Return (fabric, WWN, tag) of the path of a TPG; None for any other path."""
    parts = path.split("/")
    fabric = of_folder(parts[0])
    if fabric is None or len(parts) != 3:
        return None
    tag = parts[2].removeprefix("tpgt_")
    if tag == parts[2] or not tag.isdecimal():
        return None
    return fabric, fabric.from_folder(parts[1]), int(tag)


def parse_lun(path: str) -> tuple[ConfigfsPath, int] | None:
    """Return the TPG and the number of the path of a LUN; None for any other path."""
    above, _, index = path.rpartition("/lun/lun_")
    return (ConfigfsPath(above), int(index)) if above and index.isdecimal() else None


def parse_acl(path: str) -> tuple[ConfigfsPath, str] | None:
    """Return (TPG, directory name) of the ACL that a path is, or is in; None for other paths."""
    above, separator, rest = path.partition("/acls/")
    folder = rest.partition("/")[0]
    return (ConfigfsPath(above), folder) if separator and folder else None


def is_acl(path: str) -> bool:
    """Return True for the path of a node ACL."""
    return path.count("/") == 4 and path.split("/")[3] == "acls"


def of_tg_pt_gp_member(line: str) -> ConfigfsPath:
    """Return the LUN that a target port group lists as ``iSCSI/iqn.…/tpgt_1/lun_0``.

    target_core_configfs.c, target_tg_pt_gp_members_show: with the fabric's own name.
    """
    folder, *names = line.strip("\0 ").split("/")
    names.insert(-1, "lun")
    fabric = of_folder(folder)
    return reduce(_below, names, ConfigfsPath(fabric.folder if fabric else folder))


def tg_pt_gp_member(lun: ConfigfsPath) -> str:
    """Return the line for a LUN in the members of its target port group."""
    return lun.replace("/lun/", "/", 1)


def shell_tpg(fabric: Fabric, wwn: str, tag: int) -> ShellPath:
    """Return the shell path of a TPG; in a fabric with a single TPG, that of the target."""
    path = shell_paths.target(fabric.name, wwn)
    return shell_paths.tpg(path, tag) if fabric.has("tpgts") else path


@dataclass(frozen=True, slots=True)
class TpgPath:
    """The configfs path and the shell path of a TPG."""

    fabric: Fabric
    configfs: ConfigfsPath
    shell: ShellPath

    @classmethod
    def of(cls, fabric: Fabric, wwn: str, tag: int) -> TpgPath:
        """Return the paths of a TPG."""
        return cls(fabric, tpg(fabric, wwn, tag), shell_tpg(fabric, wwn, tag))

    def acl(self, wwn: str) -> ConfigfsPath:
        """Return the configfs path of the node ACL of an initiator."""
        return acl(self.configfs, self.fabric.to_folder(wwn))


# -- finding storage objects ------------------------------------------------------------------


def hba_candidates(plugin: str, name: str) -> Iterator[ConfigfsPath]:
    """Yield the HBA directories in which a storage object may be, the most likely first."""
    span = _LAST_INDEX - _FIRST_INDEX - _TRIES
    first = _FIRST_INDEX + zlib.crc32(f"{plugin}/{name}".encode("utf-8", "surrogateescape")) % span
    prefix = backing.KINDS[plugin].prefix
    return (hba(f"{prefix}_{first + offset}") for offset in range(_TRIES))


def split_hba(folder: str) -> tuple[str, int] | None:
    """Return (prefix, index) of a name in ``core``; None if it is not an HBA directory."""
    prefix, _, index = folder.rpartition("_")
    if prefix in backing.PREFIXES and index.isdecimal():
        return prefix, int(index)
    return None


def holds_one(folder: str) -> bool:
    """Return True if a name in ``core`` is one of this library's, with at most one object."""
    split = split_hba(folder)
    return split is not None and split[1] >= _FIRST_INDEX


@dataclass(slots=True)
class Index:
    """Finds storage objects by name.

    Objects of this library are found by their names alone. Those of other tools are listed once,
    when a name is not found otherwise.
    """

    fs: ReadFS
    _foreign: dict[Key, ConfigfsPath] | None = None

    def find(self, plugin: str, name: str) -> ConfigfsPath | None:
        """Return the configfs path of a storage object; None if it does not exist."""
        if plugin not in backing.KINDS or not is_name(name):
            return None
        for candidate in hba_candidates(plugin, name):
            path = storage_object_in(candidate, name)
            if self.fs.is_dir(path):
                return path
        if self._foreign is None:
            self._foreign = dict(self._others())
        return self._foreign.get((plugin, name))

    def _others(self) -> Iterator[tuple[Key, ConfigfsPath]]:
        for folder in self.fs.directories(CORE):
            split = split_hba(folder)
            if split and split[1] < _FIRST_INDEX:
                for name in self.fs.directories(hba(folder)):
                    key = backing.PREFIXES[split[0]].plugin, name
                    yield key, storage_object_in(hba(folder), name)


def find_storage_object(fs: ReadFS, plugin: str, name: str) -> ConfigfsPath | None:
    """Return the configfs path of a storage object; None if it does not exist."""
    return Index(fs).find(plugin, name)


def storage_object(fs: ReadFS, plugin: str, name: str) -> ConfigfsPath:
    """Return the configfs path of a storage object; raise NotFound if it does not exist."""
    path = find_storage_object(fs, plugin, name)
    if path is None:
        raise NotFound(f"No storage object named {name}.", path=shell_paths.backstore(plugin))
    return path


@dataclass(slots=True)
class HbaAllocator:
    """Chooses an HBA directory for each new storage object; without ``fs`` there are none yet."""

    fs: ReadFS | None
    taken: set[ConfigfsPath] = field(default_factory=set)

    def choose(self, plugin: str, name: str) -> ConfigfsPath:
        """Return the HBA directory for a new storage object.

        Raises Exists if the object exists, NotFound if no index is free.
        """
        fs = self.fs
        for candidate in hba_candidates(plugin, name):
            if candidate in self.taken:
                continue
            if fs is None or not fs.is_dir(candidate) or _is_empty(fs, candidate, plugin, name):
                self.taken.add(candidate)
                return candidate
        raise NotFound(f"no free backstore index for {name}", path=shell_paths.backstore(plugin))


def _is_empty(fs: ReadFS, hba: ConfigfsPath, plugin: str, name: str) -> bool:
    # An empty directory is left by a killed process and can be used.
    names = fs.directories(hba)
    if name in names:
        path = shell_paths.storage_object(plugin, name)
        raise Exists(f"Storage object {plugin}/{name} exists", path=path)
    return not names


def locator(fs: ReadFS) -> Locate:
    """Return a function that looks up storage objects when called."""
    index = Index(fs)
    return lambda key: index.find(*key)
