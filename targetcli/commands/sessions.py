# SPDX-License-Identifier: Apache-2.0
"""sessions: the initiators that are logged in."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext.config import shell_paths
from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import asdict
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.usage import sessions as library
from rtslib_ext.usage import unlisted
from rtslib_ext.usage.sessions import DynamicSession, Session
from rtslib_ext.usage.unlisted import Holder, Unlisted

from ..changes import part
from ..env import Env
from ..result import Result, show
from ..tree import Node, walk
from ..tree.acls import AclNode
from ..tree.backstores import StorageObjectNode
from ..tree.fabrics import FabricNode, TargetNode, TpgNode

_ACTIONS = ("list", "detail")


def sessions(env: Env, node: Node, action: str, sid: str | None) -> Result:
    """List the sessions at and below a node, or show their details."""
    if action not in _ACTIONS:
        raise InvalidValue(f"action must be one of: {', '.join(_ACTIONS)}")
    if sid is not None and not sid.isdecimal():
        raise InvalidValue(f"sid must be a number, '{sid}' given")
    walk.require_readable(env)
    found = [item for item in _of(node) if sid in (None, str(item.sid))]
    dynamic = list(_dynamic_of(node)) if sid is None else []
    more = list(_unlisted_of(node)) if sid is None else []
    if sid is not None and not found:
        raise NotFound(f"no session found with sid {sid}", hint="sessions lists all sessions")
    detail = action == "detail"
    lines: list[str] = []
    for session in found:
        lines.append(_line(session))
        if detail:
            lines += _detail(env, node.reader, session)
    for item in dynamic:
        lines.append(f"name: {item.initiator} (dynamic)\ttarget: {item.target} tpg: {item.tpg}")
    for each in more:
        lines.append(
            f"target: {each.target}\tsessions: {each.sessions}, "
            f"not listed by the kernel: {each.unlisted}"
        )
    return show(
        lines or ["(no open sessions)"],
        lambda: {
            "sessions": [_facts(env, node.reader, item, detail) for item in found],
            "dynamic_sessions": [asdict(item) for item in dynamic],
            "unlisted": [_number(item) for item in more],
        },
    )


def _of(node: Node) -> Iterator[Session]:
    """Yield the sessions at and below a node, or those that see a storage object."""
    owner, acls = part.owner(node), _acls(node)
    for session in library.sessions(node.reader, _above(node)):
        if isinstance(owner, StorageObjectNode):
            mapped = library.mapped(node.reader, session)
            if any(name == f"{owner.plugin}/{owner.name}" for _, name in mapped):
                yield session
        elif acls is None or session.acl in acls:
            yield session


def _dynamic_of(node: Node) -> Iterator[DynamicSession]:
    """Yield the sessions without an ACL; an ACL has none, and what they see is not known."""
    if _acls(node) is None and not isinstance(part.owner(node), StorageObjectNode):
        yield from library.dynamic_sessions(node.reader, _above(node))


def _unlisted_of(node: Node) -> Iterator[Unlisted]:
    """Yield the sessions that the kernel does not list and that may be of a node."""
    if isinstance(part.owner(node), StorageObjectNode):
        return
    above, acls = _above(node), _acls(node)
    for wwn in node.reader.target_wwns(FABRICS["iscsi"]):
        target = paths.target(FABRICS["iscsi"], wwn)
        if not (_is_within(target, above) or _is_within(above, target)):
            continue
        more = unlisted.of_target(node.reader, wwn)
        if more and any(_is_of(holder, above, acls) for holder in more.holders):
            yield more


def _is_of(holder: Holder, above: str, acls: list[ConfigfsPath] | None) -> bool:
    tpg, acl = holder
    if acls is not None:
        return acl is not None and paths.acl(tpg, acl) in acls
    return _is_within(tpg, above)


def _is_within(configfs: str, above: str) -> bool:
    """Return True if a configfs path is at or below another; all are below ""."""
    return not above or f"{configfs}/".startswith(f"{above}/")


def _number(more: Unlisted) -> dict[str, object]:
    return {"target": more.target, "sessions": more.sessions, "unlisted": more.unlisted}


def _acls(node: Node) -> list[ConfigfsPath] | None:
    """Return the configfs paths of the ACLs of a node; None if it is not part of an ACL."""
    acl = node if isinstance(node, AclNode) else node.parent
    return acl.members if isinstance(acl, AclNode) else None


def _above(node: Node) -> str:
    """Return the configfs path of the fabric, target or TPG of a node; "" if it has none."""
    found: Node | None = node
    while found is not None:
        if isinstance(found, TpgNode | TargetNode):
            return found.configfs
        if isinstance(found, FabricNode):
            return found.fabric.folder
        found = found.parent
    return ""


def _facts(env: Env, reader: Reader, session: Session, detail: bool) -> dict[str, object]:
    """Return a session as plain values; ``mapped_luns`` is None without ``detail``."""
    mapped = library.mapped(reader, session) if detail else ()
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
        "mapped_luns": luns if detail else None,
    }


def _line(session: Session) -> str:
    return (
        f"alias: {session.alias}\tsid: {session.sid} type: {session.type} "
        f"session-state: {session.state}"
    )


def _detail(env: Env, reader: Reader, session: Session) -> Iterator[str]:
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
