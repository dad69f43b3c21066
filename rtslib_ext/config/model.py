# SPDX-License-Identifier: Apache-2.0
"""A configuration as a value: the running one, the one of a file, or the wanted one.

None in a field means "not managed": the kernel's own value stays. ``Values`` are settings by name
as text: numbers and flags as the kernel writes them, such as "0" or "1".

All objects are frozen; ``dataclasses.replace`` returns a changed copy. Each mapping has an
object under the key that the object itself names: a mapping that does not is refused with
InvalidValue when the object around it is created.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter

from ..errors import InvalidValue
from ..fast_dataclasses import dataclass, field
from . import shell_paths
from .backing import Backing
from .shell_paths import ShellPath

Values = Mapping[str, str]
Key = tuple[str, str]
"""Identifies a storage object by (plugin, name), or a target by (fabric, WWN)."""
WILDCARDS = ("0.0.0.0", "[::0]", "[::]")
"""The addresses of portals that stand for all addresses of the host."""

_INDEX, _KEY, _NAME, _TAG, _WWN = map(attrgetter, ("index", "key", "name", "tag", "wwn"))


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
    """A disk or file that can be exported.

    ``wwn`` is its VPD unit serial number, not a WWN; the name is that of the save file. None for
    a new object: a random UUID. ``alua_groups`` are by name. ``identity`` holds the INQUIRY fields
    that differ from the kernel's defaults, ``lu_group`` names its logical unit group (None: the
    default one), ``lba_map`` is the map of block ranges to ALUA states (SPC-4 section 5.15.2.7).

    Raises InvalidValue for an ALUA group under another's name.
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

    def __post_init__(self) -> None:
        _check_keys(self, "alua_groups", AluaGroup, _NAME)

    @property
    def key(self) -> tuple[str, str]:
        """Return its key in Config.storage_objects, and in Lun: (plugin, name)."""
        return (self.backing.plugin, self.name)

    @property
    def path(self) -> ShellPath:
        """Return its shell path, which save files use as a reference."""
        return shell_paths.storage_object(self.backing.plugin, self.name)


@dataclass(frozen=True, slots=True)
class Lun:
    """A storage object exported by a TPG; ``index`` is the LUN, from 0 to 65535.

    ``storage_object`` is (plugin, name), as StorageObject.key. ``alias`` is the name of its link
    in configfs (None: derived from its path), ``alua_group`` names its target port group,
    ``alua`` are files ``alua_tg_pt_…`` and their texts.

    Raises InvalidValue for a storage object that is not such a pair.
    """

    index: int
    storage_object: tuple[str, str]
    alias: str | None = None
    alua_group: str | None = None
    alua: Values = field(default_factory=dict)

    def __post_init__(self) -> None:
        key = self.storage_object
        if type(key) is not tuple or len(key) != 2:
            raise InvalidValue(
                f"LUN {self.index}: the storage object is {key!r}, not (plugin, name)",
                hint="give StorageObject.key, such as ('fileio', 'disk1')",
            )


@dataclass(frozen=True, slots=True)
class Portal:
    """An address on which a TPG listens; IPv6 addresses are in brackets, as ``[2001:db8::1]``.

    ``iser`` and ``offload`` choose the transport instead of plain TCP: iSER, or a Chelsio
    adapter (cxgbit).
    """

    address: str
    port: int
    iser: bool = False
    offload: bool = False

    @property
    def name(self) -> str:
        """Return its name in configfs and the shell, its key in Tpg.portals: address:port."""
        return f"{self.address}:{self.port}"

    @property
    def is_wildcard(self) -> bool:
        """Return True if it listens on all addresses of the host."""
        return self.address in WILDCARDS


@dataclass(frozen=True, slots=True)
class MappedLun:
    """The LUN ``index`` under which one initiator sees the LUN ``tpg_lun`` of the TPG.

    Both are from 0 to 65535. ``alias`` is the name of its link in configfs (None for a new one:
    random).
    """

    index: int
    tpg_lun: int
    write_protect: bool = False
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class NodeAcl:
    """An initiator that may log in, and the LUNs it sees: by the LUN it sees them under.

    ``tag`` is the name of a group of ACLs, ``cmdsn_depth`` the queue depth as text; changing the
    depth ends the initiator's session.

    Raises InvalidValue for a mapped LUN under another's number.
    """

    wwn: str
    mapped_luns: Mapping[int, MappedLun] = field(default_factory=dict)
    attributes: Values = field(default_factory=dict)
    auth: Auth = field(default_factory=Auth)
    tag: str | None = None
    cmdsn_depth: str | None = None

    def __post_init__(self) -> None:
        _check_keys(self, "mapped_luns", MappedLun, _INDEX)

    def requires_chap(self, of_tpg: str) -> bool:
        """Return True if a login needs CHAP; its own attribute overrides that of the TPG.

        iscsi_target_nego.c, iscsi_conn_auth_required.
        """
        own = self.attributes.get("authentication", "")
        return (own if own in ("0", "1") else of_tpg) == "1"


@dataclass(frozen=True, slots=True)
class Tpg:
    """A target portal group, or the only port of a fabric without several TPGs: TPG 1.

    ``luns`` are by LUN, ``portals`` by address:port, ``acls`` by the initiator's WWN. ``nexus`` is
    the initiator name of the I_T nexus in fabrics without logins ("": none). ``files`` are
    settings in the TPG's own directory, such as the relative target port identifier (``rtpi``, if
    it was set on purpose).

    Raises InvalidValue for a LUN, portal or ACL under another's key.
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

    def __post_init__(self) -> None:
        _check_keys(self, "luns", Lun, _INDEX)
        _check_keys(self, "portals", Portal, _NAME)
        _check_keys(self, "acls", NodeAcl, _WWN)


@dataclass(frozen=True, slots=True)
class Target:
    """A target of one fabric, such as "iscsi"; ``tpgs`` by tag.

    Raises InvalidValue for a TPG under another's tag.
    """

    fabric: str
    wwn: str
    tpgs: Mapping[int, Tpg] = field(default_factory=dict)
    parameters: Values = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_keys(self, "tpgs", Tpg, _TAG)

    @property
    def key(self) -> tuple[str, str]:
        """Return its key in Config.targets: (fabric, wwn)."""
        return (self.fabric, self.wwn)

    def exported(self) -> Iterator[Key]:
        """Yield the key of the storage object of each LUN."""
        return (lun.storage_object for tpg in self.tpgs.values() for lun in tpg.luns.values())


@dataclass(frozen=True, slots=True)
class FabricSettings:
    """Settings of a whole fabric: authentication at discovery, and CPUs.

    ``cpus_allowed_list`` are the CPUs of its threads, such as "0-3,8".
    """

    name: str
    discovery_auth: Auth = field(default_factory=Auth)
    discovery_enable: bool | None = None
    cpus_allowed_list: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration, or a part that is to be added to another one.

    ``storage_objects`` by (plugin, name), ``targets`` by (fabric, wwn), ``fabrics`` by name;
    ``lu_groups`` are the identifiers of logical unit groups by name.

    Raises InvalidValue for an object under another's key.
    """

    storage_objects: Mapping[tuple[str, str], StorageObject] = field(default_factory=dict)
    targets: Mapping[tuple[str, str], Target] = field(default_factory=dict)
    fabrics: Mapping[str, FabricSettings] = field(default_factory=dict)
    lu_groups: Values = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_keys(self, "storage_objects", StorageObject, _KEY)
        _check_keys(self, "targets", Target, _KEY)
        _check_keys(self, "fabrics", FabricSettings, _NAME)

    @property
    def is_empty(self) -> bool:
        """Return True if nothing is configured."""
        return not (self.storage_objects or self.targets or self.fabrics or self.lu_groups)


def _check_keys(owner: object, name: str, kind: type, key_of: Callable[[object], object]) -> None:
    """Raise InvalidValue where an object in a mapping is not under its own key."""
    for key, item in getattr(owner, name).items():
        if not isinstance(item, kind):
            raise InvalidValue(
                f"{_place(owner)}{name}[{key!r}] is a {type(item).__name__}, not a {kind.__name__}"
            )
        if key_of(item) != key:
            raise InvalidValue(
                f"{_place(owner)}{name}[{key!r}] is the {kind.__name__} {key_of(item)!r}",
                hint="put it under its own key",
            )


def _place(owner: object) -> str:
    """Return how a message about a part of an object begins."""
    match owner:
        case StorageObject():
            return f"{owner.path}: "
        case Target():
            return f"/{owner.fabric}/{owner.wwn}: "
        case Tpg():
            return f"TPG {owner.tag}: "
        case NodeAcl():
            return f"ACL {owner.wwn}: "
    return ""
