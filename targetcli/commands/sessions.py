# SPDX-License-Identifier: Apache-2.0
"""sessions: the initiators that are logged in."""

from __future__ import annotations

from collections.abc import Iterable

from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.usage.sessions import Session

from ..env import Env
from ..result import Result, show
from ..tree import Node, walk
from .session_scope import NONE, Found, detail, find

_ACTIONS = ("list", "detail", "end")
_FORMATS = ("table", "lines")


def sessions(
    env: Env,
    node: Node,
    action: str,
    sid: str | None,
    initiator: str | None,
    target: str | None,
    address: str | None,
    format: str | None,
    watch: float | None,
) -> Result:
    """List the sessions at and below a node, show their details, or end them."""
    _check(action, sid, format)
    if action == "end":
        # Imported here: it makes changes, and most calls only look.
        from . import end_sessions

        return end_sessions.end(env, node, sid)
    walk.require_readable(env)
    patterns = (initiator, target, address)
    if watch is not None:
        from . import session_table as tables

        wanted = tables.Selection(sid, *patterns)
        return tables.watched(env, node, wanted, detail=action == "detail", every=watch)
    found = find(node, sid)
    if sid is not None and not found.listed:
        raise NotFound(f"no session found with sid {sid}", hint="sessions lists all sessions")
    as_table = format == "table" or (format is None and env.on_terminal)
    return _shown(env, node, found, (sid, *patterns), as_table, detailed=action == "detail")


def _shown(
    env: Env,
    node: Node,
    found: Found,
    selection: tuple[str | None, str | None, str | None, str | None],
    as_table: bool,
    *,
    detailed: bool,
) -> Result:
    def data() -> dict[str, list[dict[str, object]]]:
        from . import session_table as tables

        return tables.data(env, node, found, tables.Selection(*selection), detail=detailed)

    if not as_table and not any(selection[1:]):
        return show(_lines(env, node, found, detailed), data)
    # Imported here: scripts that list all need none of it.
    from . import session_table as tables

    wanted = tables.Selection(*selection)
    if as_table:
        lines: Iterable[str] = tables.table(env, node, found, wanted, detail=detailed)
    else:
        lines = _lines(env, node, tables.filtered(node, found, wanted), detailed)
    return show(lines, data)


def _check(action: str, sid: str | None, format: str | None) -> None:
    if action not in _ACTIONS:
        raise InvalidValue(f"action must be one of: {', '.join(_ACTIONS)}")
    if sid is not None and not sid.isdecimal():
        raise InvalidValue(f"sid must be a number, '{sid}' given")
    if format not in (None, *_FORMATS):
        raise InvalidValue(f"format must be one of: {', '.join(_FORMATS)}")


def _lines(env: Env, node: Node, found: Found, detailed: bool) -> list[str]:
    """Return the lines of targetcli-fb, and after them those that it does not have."""
    lines: list[str] = []
    for session in found.listed:
        if not session.sid:
            lines.append(f"name: {session.initiator}\ttarget: {session.target} tpg: {session.tpg}")
        else:
            lines.append(_line(session))
        if detailed:
            lines += detail(env, node.reader, session)
    for item in found.dynamic:
        lines.append(f"name: {item.initiator} (dynamic)\ttarget: {item.target} tpg: {item.tpg}")
    for each in found.unlisted:
        lines.append(
            f"target: {each.target}\tsessions: {each.sessions}, "
            f"not listed by the kernel: {each.unlisted}"
        )
    return lines or [NONE]


def _line(session: Session) -> str:
    return (
        f"alias: {session.alias}\tsid: {session.sid} type: {session.type} "
        f"session-state: {session.state}"
    )
