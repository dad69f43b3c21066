# SPDX-License-Identifier: Apache-2.0
"""The sessions at and below a node, and the lines and values of each."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext.config import shell_paths
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import asdict, dataclass
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath, is_within
from rtslib_ext.reading.reader import Reader
from rtslib_ext.usage import sessions as library
from rtslib_ext.usage import unlisted
from rtslib_ext.usage.sessions import DynamicSession, Session
from rtslib_ext.usage.unlisted import Holder, Unlisted

from ..changes import part
from ..env import Env
from ..tree import Node
from ..tree.acls import AclNode
from ..tree.backstores import StorageObjectNode
from ..tree.fabrics import FabricNode, TargetNode, TpgNode

NONE = "(no open sessions)"


@dataclass(frozen=True, slots=True)
class Found:
    """The sessions at and below a node, in the kernel's order."""

    listed: list[Session]
    dynamic: list[DynamicSession]
    unlisted: list[Unlisted]


def find(node: Node, sid: str | None) -> Found:
    """Return the sessions at and below a node; with ``sid``, only that one."""
    listed = [item for item in _of(node) if sid in (None, str(item.sid))]
    if sid is not None:
        return Found(listed, [], [])
    return Found(listed, list(_dynamic_of(node)), list(_unlisted_of(node)))


def _of(node: Node) -> Iterator[Session]:
    """Yield the sessions at and below a node, or those that see a storage object."""
    owner, own = part.owner(node), acls(node)
    for session in library.sessions(node.reader, above(node)):
        if isinstance(owner, StorageObjectNode):
            mapped = library.mapped(node.reader, session)
            if any(name == f"{owner.plugin}/{owner.name}" for _, name in mapped):
                yield session
        elif own is None or session.acl in own:
            yield session


def _dynamic_of(node: Node) -> Iterator[DynamicSession]:
    """Yield the sessions without an ACL; an ACL has none, and what they see is not known."""
    if acls(node) is None and not isinstance(part.owner(node), StorageObjectNode):
        yield from library.dynamic_sessions(node.reader, above(node))


def _unlisted_of(node: Node) -> Iterator[Unlisted]:
    """Yield the sessions that the kernel does not list and that may be of a node."""
    if isinstance(part.owner(node), StorageObjectNode):
        return
    top, own = above(node), acls(node)
    for wwn in node.reader.target_wwns(FABRICS["iscsi"]):
        target = paths.target(FABRICS["iscsi"], wwn)
        if not (is_within(target, top) or is_within(top, target)):
            continue
        more = unlisted.of_target(node.reader, wwn)
        if more and any(_is_of(holder, top, own) for holder in more.holders):
            yield more


def _is_of(holder: Holder, above: str, acls: list[ConfigfsPath] | None) -> bool:
    tpg, acl = holder
    if acls is not None:
        return acl is not None and paths.acl(tpg, acl) in acls
    return is_within(tpg, above)


def acls(node: Node) -> list[ConfigfsPath] | None:
    """Return the configfs paths of the ACLs of a node; None if it is not part of an ACL."""
    acl = node if isinstance(node, AclNode) else node.parent
    return acl.members if isinstance(acl, AclNode) else None


def above(node: Node) -> str:
    """Return the configfs path of the fabric, target or TPG of a node; "" if it has none."""
    found: Node | None = node
    while found is not None:
        if isinstance(found, TpgNode | TargetNode):
            return found.configfs
        if isinstance(found, FabricNode):
            return found.fabric.folder
        found = found.parent
    return ""


def facts(env: Env, reader: Reader, session: Session, *, with_luns: bool) -> dict[str, object]:
    """Return a session as plain values; ``mapped_luns`` is None without ``with_luns``."""
    mapped = library.mapped(reader, session) if with_luns else ()
    luns = [
        {
            "index": lun.index,
            "storage_object": f"{shell_paths.BACKSTORES}/{name}",
            "write_protect": lun.write_protect,
        }
        for lun, name in mapped
    ]
    return {
        "sid": session.sid,
        "initiator": session.initiator,
        "alias": session.alias,
        "type": session.type,
        "state": session.state,
        "target": session.target,
        "tpg": session.tpg,
        "authenticated": session.authenticated if env.is_root else None,
        "connections": [asdict(item) for item in session.connections],
        "mapped_luns": luns if with_luns else None,
    }


def detail(env: Env, reader: Reader, session: Session) -> Iterator[str]:
    """Yield the lines that targetcli-fb shows below a session."""
    word = " (authenticated)" if session.authenticated else " (NOT AUTHENTICATED)"
    yield f"    name: {session.initiator}{word if env.is_root else ''}"
    for lun, name in library.mapped(reader, session):
        mode = "r" if lun.write_protect else "rw"
        yield f"    mapped-lun: {lun.index} backstore: {name} mode: {mode}"
    for item in session.connections:
        yield (
            f"    address: {item.address} ({item.transport})  cid: {item.cid} "
            f"connection-state: {item.state}"
        )
