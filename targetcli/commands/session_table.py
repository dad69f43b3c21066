# SPDX-License-Identifier: Apache-2.0
"""sessions as a table and as JSON: with all that is known of each session."""

from __future__ import annotations

from fnmatch import fnmatchcase

from rtslib_ext.errors import Unsupported
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.usage import session_list
from rtslib_ext.usage import sessions as library
from rtslib_ext.usage.session_list import ACL, DYNAMIC, NEXUS, UNLISTED, Entry
from rtslib_ext.usage.sessions import DynamicSession
from rtslib_ext.usage.unlisted import Unlisted

from ..changes import part
from ..env import Env
from ..result import Again, Result
from ..tree import Node, walk
from ..tree.backstores import StorageObjectNode
from ..views import sessions as view
from ..views.wrap import width_of
from .session_scope import NONE, Found, above, acls, facts, find
from .session_scope import detail as detail_lines


@dataclass(frozen=True, slots=True)
class Selection:
    """The sessions to show; patterns as in paths, None for all."""

    sid: str | None
    initiator: str | None
    target: str | None
    address: str | None

    @property
    def patterns(self) -> bool:
        """Return True if there is a pattern."""
        return any((self.initiator, self.target, self.address))

    def has(self, entry: Entry) -> bool:
        """Return True if a session is one of them."""
        sid = str(entry.session.sid) if entry.session else None
        return (
            self.sid in (None, sid)
            and _matches(self.initiator, entry.initiator, entry.tag)
            and _matches(self.target, entry.target)
            and _matches(self.address, *entry.addresses, *entry.possible_addresses)
        )


def _matches(pattern: str | None, *texts: str) -> bool:
    """Return True if one of the texts matches a pattern, in any case."""
    if pattern is None:
        return True
    return any(fnmatchcase(text.lower(), pattern.lower()) for text in texts)


def filtered(node: Node, found: Found, wanted: Selection) -> Found:
    """Return only what matches the patterns."""
    if not wanted.patterns:
        return found
    entries = [item for item in _entries(node, found) if wanted.has(item)]
    guests = {(item.initiator, item.target, item.tpg) for item in entries if item.kind == DYNAMIC}
    targets = {item.target for item in entries if item.kind == UNLISTED}
    return Found(
        [item.session for item in entries if item.session],
        [item for item in found.dynamic if (item.initiator, item.target, item.tpg) in guests],
        [item for item in found.unlisted if item.target in targets],
    )


def _entries(node: Node, found: Found) -> list[Entry]:
    """Return the sessions of ``found`` with all that is known of them.

    That depends on the other sessions of their TPGs.
    """
    top = above(node)
    every = list(library.sessions(node.reader, top))
    dynamic = list(library.dynamic_sessions(node.reader, top))
    entries = session_list.read(node.reader, every, dynamic, found.unlisted)
    listed, guests = {item.acl for item in found.listed}, set(found.dynamic)
    return [
        entry
        for entry in entries
        if entry.kind == UNLISTED
        or (entry.session and entry.session.acl in listed)
        or DynamicSession(entry.initiator, entry.target, entry.tpg or 0, entry.fabric) in guests
    ]


def _with_nexuses(node: Node, found: Found, wanted: Selection) -> list[Entry]:
    entries = _entries(node, found)
    if wanted.sid is None and acls(node) is None and _is_above_objects(node):
        entries += session_list.nexuses(node.reader, above(node))
    return [entry for entry in entries if wanted.has(entry)]


def _is_above_objects(node: Node) -> bool:
    return not isinstance(part.owner(node), StorageObjectNode)


def table(env: Env, node: Node, found: Found, wanted: Selection, detail: bool) -> list[str]:
    entries = _with_nexuses(node, found, wanted)
    rows = list(view.lines(entries, width_of(env.stdout), is_root=env.is_root))
    if not rows:
        return [NONE]
    if not detail:
        return rows
    head, *rest = rows
    lines = [head]
    for entry, row in zip(entries, rest, strict=True):
        lines.append(row)
        more = list(view.details(entry))
        if entry.session is not None:
            more += detail_lines(env, node.reader, entry.session)
        lines += [f"    {text.strip()}" for text in more]
    return lines


def watched(env: Env, node: Node, wanted: Selection, detail: bool, every: float) -> Result:
    """Return a result that is shown again every few seconds."""
    if env.options.json:
        raise Unsupported("--json shows one moment, so it cannot be used with watch")

    def frame() -> list[str]:
        now = walk.resolve(walk.root(env), node.path)
        return table(env, now, find(now, wanted.sid), wanted, detail)

    return Result(frame(), again=Again(f"{node.path}: sessions", every, frame))


def data(
    env: Env, node: Node, found: Found, wanted: Selection, detail: bool
) -> dict[str, list[dict[str, object]]]:
    kinds: dict[str, list[dict[str, object]]] = {ACL: [], DYNAMIC: [], UNLISTED: [], NEXUS: []}
    numbers = {item.target: _number(item) for item in found.unlisted}
    for entry in _with_nexuses(node, found, wanted):
        more = view.facts(entry, is_root=env.is_root)
        if entry.session is not None:
            known = facts(env, node.reader, entry.session, with_luns=detail)
        elif entry.kind == UNLISTED:
            known = {**numbers[entry.target], "initiator": entry.initiator or None}
            more = {name: more[name] for name in ("addresses", "possible_addresses")}
        else:
            known = {"initiator": entry.initiator, "target": entry.target, "tpg": entry.tpg}
        if entry.kind == NEXUS:
            more = {name: more[name] for name in ("fabric", "luns")}
        kinds[entry.kind].append({**known, **more})
    return {
        "sessions": kinds[ACL],
        "dynamic_sessions": kinds[DYNAMIC],
        "unlisted": kinds[UNLISTED],
        "nexuses": kinds[NEXUS],
    }


def _number(more: Unlisted) -> dict[str, object]:
    return {"target": more.target, "sessions": more.sessions, "unlisted": more.unlisted}
