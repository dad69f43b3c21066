# SPDX-License-Identifier: Apache-2.0
"""A configuration as a value: what the kernel runs, what a file holds, what is wanted.

None in a field means that the value is not managed: a file that does not mention it leaves
the kernel's own. Numbers and flags that the kernel shows as text stay text, as the kernel
writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..fast_dataclasses import dataclass, field
from . import shell_paths
from .backing import Backing
from .shell_paths import ShellPath

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Auth:
    """CHAP credentials (RFC 7143 section 12.1); None is not managed, "" is none set."""

    userid: str | None = None
    password: str | None = field(default=None, repr=False)
    mutual_userid: str | None = None
    mutual_password: str | None = field(default=None, repr=False)

    def items(self) -> Iterator[tuple[str, str]]:
        """The managed values with their names."""
        for name in AUTH_NAMES:
            value = getattr(self, name)
            if value is not None:
                yield name, value


AUTH_NAMES = ("userid", "password", "mutual_userid", "mutual_password")
SECRET_NAMES = frozenset({"password", "mutual_password"})


@dataclass(frozen=True, slots=True)
class AluaGroup:
    """A target port group of one storage object (SPC-4 section 5.15)."""

    name: str
    tag: int | None
    settings: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StorageObject:
    """A disk or file that can be exported; ``wwn`` is the VPD unit serial number.

    ``identity`` are fields of its INQUIRY data that were set, ``lu_group`` the logical unit group
    it is in, ``lba_map`` which blocks are in which state (SPC-4 section 5.15.2.7).
    """

    name: str
    backing: Backing
    wwn: str | None = None
    attributes: Values = field(default_factory=dict)
    alua_groups: Mapping[str, AluaGroup] = field(default_factory=dict)
    identity: Values = field(default_factory=dict)
    alias: str | None = None
    lu_group: str | None = None
    lba_map: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it: (plugin, name)."""
        return (self.backing.plugin, self.name)

    @property
    def path(self) -> ShellPath:
        """The path under which save files name it."""
        return shell_paths.storage_object(self.backing.plugin, self.name)


@dataclass(frozen=True, slots=True)
class Lun:
    """A storage object exported by a target portal group."""

    index: int
    storage_object: tuple[str, str]
    alias: str | None = None
    alua_group: str | None = None
    alua: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Portal:
    """An address on which a TPG listens; IPv6 addresses stand in brackets."""

    address: str
    port: int
    iser: bool = False
    offload: bool = False

    @property
    def name(self) -> str:
        """How configfs and the shell call it."""
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class MappedLun:
    """The LUN number under which one initiator sees a LUN of the TPG."""

    index: int
    tpg_lun: int
    write_protect: bool = False
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class NodeAcl:
    """An initiator that may log in, and what it sees."""

    wwn: str
    mapped_luns: Mapping[int, MappedLun] = field(default_factory=dict)
    attributes: Values = field(default_factory=dict)
    auth: Auth = field(default_factory=Auth)
    tag: str | None = None
    cmdsn_depth: str | None = None


@dataclass(frozen=True, slots=True)
class Tpg:
    """A target portal group; ``nexus`` is the initiator name of fabrics that have none, or "".

    ``files`` are the settings in its own folder: the relative target port identifier, …
    """

    tag: int
    enable: bool | None = None
    attributes: Values = field(default_factory=dict)
    parameters: Values = field(default_factory=dict)
    auth: Auth = field(default_factory=Auth)
    luns: Mapping[int, Lun] = field(default_factory=dict)
    portals: Mapping[str, Portal] = field(default_factory=dict)
    acls: Mapping[str, NodeAcl] = field(default_factory=dict)
    nexus: str | None = None
    files: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A target of one fabric."""

    fabric: str
    wwn: str
    tpgs: Mapping[int, Tpg] = field(default_factory=dict)
    parameters: Values = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it: (fabric, wwn)."""
        return (self.fabric, self.wwn)


@dataclass(frozen=True, slots=True)
class FabricSettings:
    """What is set for a whole fabric: authentication at discovery, CPUs."""

    name: str
    discovery_auth: Auth = field(default_factory=Auth)
    discovery_enable: bool | None = None
    cpus_allowed_list: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration, indexed by what identifies each part.

    ``lu_groups`` are the numbers of logical unit groups by name.
    """

    storage_objects: Mapping[tuple[str, str], StorageObject] = field(default_factory=dict)
    targets: Mapping[tuple[str, str], Target] = field(default_factory=dict)
    fabrics: Mapping[str, FabricSettings] = field(default_factory=dict)
    lu_groups: Values = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing in it."""
        return not (self.storage_objects or self.targets or self.fabrics or self.lu_groups)
