# SPDX-License-Identifier: Apache-2.0
"""The facts that rules look at: a configuration, and the state of the host and the kernel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, NamedTuple

from ..config import shell_paths
from ..config.model import Config, Key, MappedLun, NodeAcl, Target, Tpg
from ..config.shell_paths import ShellPath
from ..fabrics import Fabric
from ..fast_dataclasses import dataclass, field
from ..host import network
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..kernel.paths import TpgPath
from ..reading.reader import Reader
from ..reading.tpg_keys import tpgs_of_config
from ..usage import host_paths
from ..usage.host_paths import HostPaths

if TYPE_CHECKING:
    from ..savefile import Loaded

_LOOPBACK = ("127.", "[::1]")


@dataclass(slots=True)
class Facts:
    """A configuration to check, running or of a file.

    ``fs`` is None for a file. ``objects`` are the configfs paths of running storage objects,
    ``broken`` those of LUNs and mapped LUNs that lead nowhere. ``saved`` is what the save file, or
    the checked file, contains; None if that equals ``config`` and all devices are the saved ones,
    or is not known. ``unsaved`` is the number of changes since the save file, None if unknown, and
    why. ``unrestored`` are the objects that a restore could not create, with its cure;
    ``damaged_record`` is the text that this is not known, and its cure. ``files`` are those of the
    configuration on this host.
    """

    config: Config
    fs: ReadFS | None = None
    objects: Mapping[Key, ConfigfsPath] = field(default_factory=dict)
    broken: Sequence[ConfigfsPath] = ()
    saved: Loaded | None = None
    unsaved: tuple[int | None, str] = (0, "")
    unrestored: Sequence[str] = ()
    unrestored_cure: str = ""
    damaged_record: tuple[str, str] = ("", "")
    interrupted: str = ""
    files: Files | None = None
    fragments: Sequence[tuple[str, str]] = ()
    """The problems of the fragments of owners: (file, text)."""
    differing_fragments: Callable[[], Sequence[DifferingFragment]] = tuple
    """Return the fragments that differ from the running objects."""
    deleted_fragments: Callable[[], Sequence[tuple[str, str, int]]] = tuple
    """Return the owners with objects whose file was deleted: (owner, file, number of objects)."""
    damaged_file: tuple[str, str] = ("", "")
    """Why the save file cannot be used, and what helps; "" if it can."""
    unrestored_why: Mapping[str, str] = field(default_factory=dict)
    """What objects of ``unrestored`` wait for, by shell path, if it is known."""
    moving: Set[str] = frozenset()
    """The shell paths of what moves between the hosts of a pair."""
    open_portals: str = ""
    """Why the rules of allowed networks are not loaded."""
    peer: Config | None = None
    """The configuration of another host to compare with; the secrets of both are digests then."""
    release: str = field(default_factory=lambda: os.uname().release)
    _addresses: dict[str, bool] = field(default_factory=dict)
    _exports: dict[Key, list[tuple[TpgFacts, int]]] | None = None
    _uses: dict[tuple[str, int], list[Use]] | None = None
    _host_paths: list[HostPaths] | None = None

    def has_address(self, address: str) -> bool:
        """Return True if an interface of this host has an IP address, in brackets or not."""
        bare = address.strip("[]")
        if bare not in self._addresses:
            self._addresses[bare] = network.has_address(bare)
        return self._addresses[bare]

    @property
    def exports(self) -> Mapping[Key, Sequence[tuple[TpgFacts, int]]]:
        """Return the (TPG, LUN) that export each storage object."""
        if self._exports is None:
            self._exports = {}
            for tpg in tpgs(self.config):
                for lun in tpg.config.luns.values():
                    self._exports.setdefault(lun.storage_object, []).append((tpg, lun.index))
        return self._exports

    def uses(self, tpg: TpgFacts, lun: int) -> Sequence[Use]:
        """Return the mapped LUNs of a LUN; of initiators with one tag each has one."""
        if self._uses is None:
            self._uses = {}
            for each in tpgs(self.config):
                for acl in each.config.acls.values():
                    for mapped in acl.mapped_luns.values():
                        use = Use(each.acl(acl), host_name(acl), mapped)
                        self._uses.setdefault((each.shell, mapped.tpg_lun), []).append(use)
        return self._uses.get((tpg.shell, lun), ())

    @property
    def host_paths(self) -> list[HostPaths]:
        """Return the paths of the hosts with ACLs; none for a file."""
        if self._host_paths is None:
            self._host_paths = []
            if self.fs is not None:
                reader = Reader(self.fs)
                self._host_paths = host_paths.of_config(reader, self.config, self.has_address)
        return self._host_paths


class DifferingFragment(NamedTuple):
    """A fragment that differs from the running objects of its owner, which may have none."""

    owner: str
    path: str
    text: str
    is_refused: bool
    has_objects: bool


@dataclass(frozen=True, slots=True)
class Files:
    """Paths of files on this host: ``private`` have secrets, ``directories`` have such files."""

    private: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """A mapped LUN of a host, in the ACL with the shell path ``acl``."""

    acl: ShellPath
    host: str
    mapped: MappedLun


@dataclass(frozen=True, slots=True)
class TpgFacts:
    """A TPG as rules look at it: with its target, paths and effective attributes."""

    target: Target
    config: Tpg
    path: TpgPath

    @property
    def fabric(self) -> Fabric:
        """Return its fabric."""
        return self.path.fabric

    @property
    def shell(self) -> ShellPath:
        """Return its shell path."""
        return self.path.shell

    @property
    def is_enabled(self) -> bool:
        """Return False if it is disabled; TPGs of some fabrics cannot be."""
        return self.config.enable is not False

    @property
    def is_local(self) -> bool:
        """Return True if only programs of this host can reach its portals."""
        portals = self.config.portals.values()
        return bool(portals) and all(one.address.startswith(_LOOPBACK) for one in portals)

    def attribute(self, name: str) -> str:
        """Return an attribute; of a file that does not have it, the kernel's default."""
        value = self.config.attributes.get(name)
        if value is None:
            # Imported here: the running configuration has all of them.
            from .. import schema

            row = schema.tpg_attribute(name, self.fabric.name)
            value = row.default if row else None
        return value or ""

    def acl(self, acl: NodeAcl) -> ShellPath:
        """Return the shell path of an ACL, which is named by its tag if it has one."""
        return shell_paths.acl(self.shell, host_name(acl))

    def authenticates(self, acl: NodeAcl) -> bool:
        """Return True if CHAP is required of an initiator."""
        return acl.requires_chap(self.attribute("authentication"))


def host_name(acl: NodeAcl) -> str:
    """Return the host of an initiator: its tag, which stands for all that have it, or its WWN."""
    return acl.tag or acl.wwn


def tpgs(config: Config, feature: str = "") -> Iterator[TpgFacts]:
    """Yield the TPGs of a configuration, or those of the fabrics with a feature."""
    for path, target, tpg in tpgs_of_config(config, feature):
        yield TpgFacts(target, tpg, path)
