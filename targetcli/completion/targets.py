# SPDX-License-Identifier: Apache-2.0
"""Completers for targets, initiators and addresses."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext import naming
from rtslib_ext.config import shell_paths
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.host import adapters, network
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.reading.tpg_keys import tpg_keys
from rtslib_ext.usage import sessions

from ..tree.acls import AclNode, Acls
from ..tree.fabrics import FabricNode, TpgNode
from .candidates import Ask

_DEFAULT_PORT = str(naming.ISCSI_PORT)


def free_wwns(ask: Ask) -> Iterator[str]:
    """Return the WWNs of adapters without a target."""
    node = ask.node if isinstance(ask.node, FabricNode) else ask.node.parent
    if isinstance(node, FabricNode) and node.fabric.hardware:
        used = set(node.reader.target_wwns(node.fabric))
        yield from (wwn for wwn in adapters.hardware_wwns(node.name) if wwn not in used)


def initiators(ask: Ask) -> Iterator[str]:
    """Return initiators logged in without an ACL, then those with an ACL in other TPGs."""
    acls = ask.node.nearest(Acls)
    fs, tpg = acls.fs, acls.tpg
    known = set(fs.directories(acls.configfs))
    dynamic = sessions.dynamic_initiators(acls.reader, tpg.configfs)
    yield from (name for name in dynamic if name not in known)
    for key in tpg_keys(acls.reader, (tpg.fabric,)):
        names = set(fs.directories(paths.acls(paths.tpg(*key))))
        yield from (tpg.fabric.from_folder(name) for name in names - known)


def dynamic_initiators(ask: Ask) -> Iterator[str]:
    """Return initiators that are logged in without an ACL."""
    tpg = ask.node.nearest(TpgNode)
    yield from sessions.dynamic_initiators(ask.node.reader, tpg.configfs)


def known_initiators(ask: Ask) -> Iterator[str]:
    """Return the initiators with an ACL at and below an iSCSI target or TPG, or of all targets."""
    names = (ask.node.reader.acl_names(tpg) for tpg in _tpgs(ask))
    yield from dict.fromkeys(FABRICS["iscsi"].from_folder(name) for some in names for name in some)


def known_portals(ask: Ask) -> Iterator[str]:
    """Return the portals at and below an iSCSI target or TPG, or of all targets."""
    reader = ask.node.reader
    names = (reader.portal_names(paths.portals(tpg)) for tpg in _tpgs(ask))
    yield from dict.fromkeys(name for some in names for name in some)


def _tpgs(ask: Ask) -> Iterator[ConfigfsPath]:
    """Yield the iSCSI TPGs above, at and below the node."""
    for key in tpg_keys(ask.node.reader, (FABRICS["iscsi"],)):
        path = TpgPath.of(*key)
        if shell_paths.is_related(path.shell, ask.node.path):
            yield path.configfs


def acl_tags(ask: Ask) -> Iterator[str]:
    """Return the tags of ACLs."""
    for child in ask.node.children():
        if isinstance(child, AclNode) and child.name not in child.wwns:
            yield child.name


def sids(ask: Ask) -> Iterator[str]:
    """Return the session IDs."""
    return (str(session.sid) for session in sessions.sessions(ask.node.reader))


def session_initiators(ask: Ask) -> Iterator[str]:
    """Return the initiators that are logged in."""
    yield from (session.initiator for session in sessions.sessions(ask.node.reader))
    yield from (guest.initiator for guest in sessions.dynamic_sessions(ask.node.reader))


def session_targets(ask: Ask) -> list[str]:
    """Return the iSCSI targets."""
    return ask.node.reader.target_wwns(FABRICS["iscsi"])


def session_addresses(ask: Ask) -> Iterator[str]:
    """Return the addresses of the initiators that are logged in."""
    for session in sessions.sessions(ask.node.reader):
        yield from (connection.address for connection in session.connections)


# -- portals --------------------------------------------------------------------------------


def addresses(ask: Ask) -> Iterator[str]:
    """Return the addresses of this host on which the TPG does not listen at the port."""
    port = ask.given.get("ip_port") or _DEFAULT_PORT
    used = {address for address, found in _portals(ask) if found == port}
    for address in ("::0", "0.0.0.0", *network.addresses()):
        if address not in used:
            yield address


def ports(ask: Ask) -> list[str]:
    """Return the default port, and the ports of the TPG's portals on other addresses."""
    address = ask.given.get("ip_address")
    used = {port for found, port in _portals(ask) if found == address}
    return sorted({_DEFAULT_PORT, *(port for _, port in _portals(ask))} - used)


def networks(ask: Ask) -> Iterator[str]:
    """Return any, and the networks of this portal."""
    from ..tree.portals import PortalNode

    found = ask.node.allowed_networks() if isinstance(ask.node, PortalNode) else ()
    yield from ("any", *found)


def portal_addresses(ask: Ask) -> Iterator[str]:
    """Return the addresses of the portals."""
    port = ask.given.get("ip_port")
    return (address for address, found in _portals(ask) if port in (None, found))


def portal_ports(ask: Ask) -> Iterator[str]:
    """Return the ports of the portals, only those of the given address if there is one."""
    address = ask.given.get("ip_address", "").strip("[]") or None
    return (port for found, port in _portals(ask) if address in (None, found))


def _portals(ask: Ask) -> Iterator[tuple[str, str]]:
    for child in ask.node.children():
        address, _, port = child.name.rpartition(":")
        yield address.strip("[]"), port
