# SPDX-License-Identifier: Apache-2.0
"""What a configuration gives one initiator at one iSCSI target: portals, credentials, disks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ..config import shell_paths, shown_inquiry
from ..config.backing import KINDS, Block
from ..config.model import Auth, Config, NodeAcl, Portal, StorageObject, Target, Tpg, Values
from ..config.shell_paths import ShellPath
from ..fast_dataclasses import dataclass, replace

ISCSI = "iscsi"
ADDRESS = "<address of this host>"
"""Stands for an address of a portal on all addresses of a host that has none in the network."""

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Disk:
    """A LUN as one initiator sees it, under its own number ``lun``.

    ``size`` is in bytes, None if it is not known here. ``serial`` and ``naa`` are "" where the
    device itself answers (``passed_through``).
    """

    lun: int
    path: ShellPath
    size: int | None
    block_size: int
    vendor: str
    product: str
    serial: str
    naa: str
    write_protected: bool
    passed_through: bool
    attributes: Values


@dataclass(frozen=True, slots=True)
class TpgAccess:
    """A TPG as one initiator meets it.

    ``acl`` is None for an initiator without one, ``admits`` whether it may log in. ``portals``
    have addresses to connect to. ``auth`` are the credentials of a login, found at ``auth_path``:
    empty without CHAP.
    """

    tag: int
    path: ShellPath
    enabled: bool
    admits: bool
    acl: NodeAcl | None
    portals: tuple[Portal, ...]
    chap: bool
    auth: Auth
    auth_path: ShellPath
    disks: tuple[Disk, ...]

    @property
    def is_mutual(self) -> bool:
        """Return True if the target authenticates itself too."""
        return self.chap and bool(self.auth.mutual_userid and self.auth.mutual_password)


@dataclass(frozen=True, slots=True)
class Access:
    """A target as one initiator meets it; ``initiator`` is None for any without an ACL."""

    target: str
    path: ShellPath
    initiator: str | None
    tpgs: tuple[TpgAccess, ...]
    discovery: Auth | None = None
    """The credentials of discovery, if they are required."""

    @property
    def portals(self) -> list[Portal]:
        """Return the portals of all TPGs, each once."""
        return list(dict.fromkeys(portal for tpg in self.tpgs for portal in tpg.portals))

    @property
    def disks(self) -> tuple[Disk, ...]:
        """Return the disks; those of the first TPG, since the others are paths to the same."""
        return self.tpgs[0].disks if self.tpgs else ()


Size = Callable[[StorageObject], "int | None"]


def of_target(
    config: Config,
    target: Target,
    initiator: str | None,
    *,
    tag: int | None = None,
    addresses: Sequence[str] = (),
    size: Size = lambda so: getattr(so.backing, "size", None),
) -> Access:
    """Return what an initiator meets at an iSCSI target, or at the TPG ``tag`` of it only.

    The TPGs are those that admit it; if none does, all. ``addresses`` are those of this host, for
    portals on all addresses. ``size`` returns the bytes of a storage object.
    """
    path = shell_paths.target(target.fabric, target.wwn)
    found = [
        _tpg(config, shell_paths.tpg(path, tpg.tag), tpg, initiator, addresses, size)
        for tpg in target.tpgs.values()
        if tag in (None, tpg.tag)
    ]
    usable = [tpg for tpg in found if tpg.admits and tpg.enabled]
    fabric = config.fabrics.get(ISCSI)
    discovery = fabric.discovery_auth if fabric and fabric.discovery_enable else None
    return Access(target.wwn, path, initiator, tuple(usable or found), discovery)


def _tpg(
    config: Config,
    path: ShellPath,
    tpg: Tpg,
    initiator: str | None,
    addresses: Sequence[str],
    size: Size,
) -> TpgAccess:
    acl = tpg.acls.get(initiator or "")
    is_open = tpg.attributes.get("generate_node_acls") == "1"
    chap = _requires_chap(tpg, acl)
    # iscsi_target_nego.c, iscsi_handle_authentication: one without an ACL has those of the TPG.
    auth = acl.auth if acl is not None else tpg.auth
    return TpgAccess(
        tpg.tag,
        path,
        tpg.enable is not False,
        acl is not None or is_open,
        acl,
        tuple(dict.fromkeys(_portals(tpg.portals.values(), addresses))),
        chap,
        auth if chap else Auth(),
        shell_paths.acl(path, acl.wwn) if acl is not None else path,
        tuple(_disks(config, tpg, acl, size)) if acl is not None or is_open else (),
    )


def _requires_chap(tpg: Tpg, acl: NodeAcl | None) -> bool:
    """Return True if a login needs CHAP."""
    of_tpg = tpg.attributes.get("authentication", "")
    return of_tpg == "1" if acl is None else acl.requires_chap(of_tpg)


def _portals(portals: Iterable[Portal], addresses: Sequence[str]) -> Iterator[Portal]:
    """Yield the portals with addresses to connect to; IPv4 first on all addresses."""
    for portal in portals:
        if not portal.is_wildcard:
            yield portal
            continue
        own = [one for one in addresses if portal.address != "0.0.0.0" or ":" not in one]
        names = [
            f"[{one}]" if ":" in one else one for one in sorted(own, key=lambda one: ":" in one)
        ]
        yield from (replace(portal, address=name) for name in names or [ADDRESS])


def _disks(config: Config, tpg: Tpg, acl: NodeAcl | None, size: Size) -> Iterator[Disk]:
    """Yield the disks that an initiator sees, by its LUNs; all of the TPG without an ACL."""
    if acl is None:
        protected = tpg.attributes.get("demo_mode_write_protect", "1") == "1"
        seen = [(index, index, protected) for index in tpg.luns]
    else:
        mapped = acl.mapped_luns.values()
        seen = [(one.index, one.tpg_lun, one.write_protect) for one in mapped]
    for index, number, protected in sorted(seen):
        lun = tpg.luns.get(number)
        so = config.storage_objects.get(lun.storage_object) if lun else None
        if so is not None:
            yield _disk(index, so, size(so), protected)


def _disk(index: int, so: StorageObject, size: int | None, protected: bool) -> Disk:
    own = KINDS[so.backing.plugin].has_wwn
    fields = shown_inquiry.fields(so)
    block = so.attributes.get("block_size", "")
    read_only = isinstance(so.backing, Block) and so.backing.readonly
    return Disk(
        index,
        so.path,
        size,
        int(block) if block.isdecimal() else _BLOCK,
        fields["vendor_id"],
        fields["product_id"],
        (so.wwn or "") if own else "",
        shown_inquiry.naa(so) if own else "",
        protected or read_only,
        not own,
        so.attributes,
    )
