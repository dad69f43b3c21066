# SPDX-License-Identifier: Apache-2.0
"""A configuration as a value: the running one, the one of a file, or the wanted one.

None in a field means "not managed": the kernel's own value stays. Numbers and flags that the kernel
shows as text are kept as text, as the kernel writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..fast_dataclasses import dataclass, field
from . import shell_paths
from .backing import Backing
from .shell_paths import ShellPath

Values = Mapping[str, str]
Key = tuple[str, str]
"""Identifies a storage object by (plugin, name), or a target by (fabric, WWN)."""


@dataclass(frozen=True, slots=True)
class Auth:
    """CHAP credentials (RFC 7143 section 12.1); None is not managed, "" is not set."""

    userid: str | None = None
    password: str | None = field(default=None, repr=False)
    mutual_userid: str | None = None
    mutual_password: str | None = field(default=None, repr=False)

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield (name, value) of the managed values."""
        for name in AUTH_NAMES:
            value = getattr(self, name)
            if value is not None:
                yield name, value


AUTH_NAMES = ("userid", "password", "mutual_userid", "mutual_password")
SECRET_NAMES = frozenset({"password", "mutual_password"})


@dataclass(frozen=True, slots=True)
class AluaGroup:
    """A target port group of one storage object (SPC-4 section 5.15).

    ``tag`` is its 16-bit identifier; ``settings`` are files of the group and their texts.
    """

    name: str
    tag: int | None
    settings: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StorageObject:
    """A disk or file that can be exported; ``wwn`` is its VPD unit serial number, not a WWN.

    The name ``wwn`` is that of the save file. ``identity`` holds the INQUIRY fields that differ
    from the kernel's defaults, ``lu_group`` names its logical unit group (None: the default one),
    ``lba_map`` is the map of block ranges to ALUA states (SPC-4 section 5.15.2.7).
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
        """Its key in Config.storage_objects: (plugin, name)."""
        return (self.backing.plugin, self.name)

    @property
    def path(self) -> ShellPath:
        """Its shell path, which save files use as a reference."""
        return shell_paths.storage_object(self.backing.plugin, self.name)


@dataclass(frozen=True, slots=True)
class Lun:
    """A storage object exported by a TPG; ``storage_object`` is (plugin, name).

    ``alias`` is the name of its link in configfs, ``alua_group`` names its target port group,
    ``alua`` are files ``alua_tg_pt_…`` and their texts.
    """

    index: int
    storage_object: tuple[str, str]
    alias: str | None = None
    alua_group: str | None = None
    alua: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Portal:
    """An address on which a TPG listens; IPv6 addresses are in brackets."""

    address: str
    port: int
    iser: bool = False
    offload: bool = False

    @property
    def name(self) -> str:
        """Its name in configfs and in the shell, and its key in Tpg.portals: address:port."""
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class MappedLun:
    """The LUN ``index`` under which one initiator sees the LUN ``tpg_lun`` of the TPG."""

    index: int
    tpg_lun: int
    write_protect: bool = False
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class NodeAcl:
    """An initiator that may log in, and the LUNs it sees.

    ``tag`` is the name of a group of ACLs, ``cmdsn_depth`` the queue depth as text.
    """

    wwn: str
    mapped_luns: Mapping[int, MappedLun] = field(default_factory=dict)
    attributes: Values = field(default_factory=dict)
    auth: Auth = field(default_factory=Auth)
    tag: str | None = None
    cmdsn_depth: str | None = None


@dataclass(frozen=True, slots=True)
class Tpg:
    """A target portal group, or the only port of a fabric without several TPGs.

    ``nexus`` is the initiator name of the I_T nexus in fabrics without logins ("": none). ``files``
    are settings in the TPG's own directory, such as the relative target port identifier.
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
        """Its key in Config.targets: (fabric, wwn)."""
        return (self.fabric, self.wwn)


@dataclass(frozen=True, slots=True)
class FabricSettings:
    """Settings of a whole fabric: authentication at discovery, and CPUs."""

    name: str
    discovery_auth: Auth = field(default_factory=Auth)
    discovery_enable: bool | None = None
    cpus_allowed_list: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration; every mapping is indexed by the key of its values.

    ``storage_objects`` by (plugin, name), ``targets`` by (fabric, wwn), ``fabrics`` by name;
    ``lu_groups`` are the identifiers of logical unit groups by name.
    """

    storage_objects: Mapping[tuple[str, str], StorageObject] = field(default_factory=dict)
    targets: Mapping[tuple[str, str], Target] = field(default_factory=dict)
    fabrics: Mapping[str, FabricSettings] = field(default_factory=dict)
    lu_groups: Values = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Return True if nothing is configured."""
        return not (self.storage_objects or self.targets or self.fabrics or self.lu_groups)
