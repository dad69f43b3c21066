# SPDX-License-Identifier: Apache-2.0
"""sessions end: end the sessions of an initiator."""

from __future__ import annotations

from rtslib_ext.errors import InvalidValue, NotFound, Unsupported
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.plan import interrupted
from rtslib_ext.plan.builder import Plan
from rtslib_ext.steps import acls
from rtslib_ext.usage import sessions as library
from rtslib_ext.usage.sessions import Session

from ..changes import apply, plans
from ..env import Env
from ..result import Result
from ..tree import Node

_LASTING = "a session that has ended cannot be restored; its initiator may log in again"


def end(env: Env, node: Node, sid: str | None) -> Result:
    """End the session of a number, and with it the others of its initiator with that TPG.

    It needs --yes, or a yes at the terminal. Raises LioError.
    """
    if sid is None:
        raise InvalidValue("end needs the number of a session", hint="sessions lists them")
    return Result(under_lock=lambda: _end(env, node, sid))


def _end(env: Env, node: Node, sid: str) -> Result:
    apply.require_root(env)
    dry_run = apply.is_dry_run(env)
    session = _session(node, sid)
    parsed = paths.parse_tpg(paths.tpg_of(session.acl))
    assert parsed is not None, session.acl
    tpg_path = TpgPath.of(*parsed)
    depth = env.fs.read(f"{session.acl}/cmdsn_depth")
    steps = (acls.end_sessions(tpg_path, session.initiator, depth),)
    env.session.report.irreversible = _LASTING
    plan = Plan(steps, notes=((steps[0].path, "the initiator may log in again"),))
    return plans.carry_out(env, plan, interrupted.of(env.fs, steps), dry_run=dry_run)


def _session(node: Node, sid: str) -> Session:
    """Return the session of a number. Raises NotFound, Unsupported."""
    for session in library.sessions(node.reader):
        if str(session.sid) == sid and session.sid:
            return session
    if any(library.dynamic_sessions(node.reader)):
        raise Unsupported(
            f"no session found with sid {sid}; those without an ACL end only with their TPG",
            hint="TPG disable ends all of its sessions, enable lets them log in again",
        )
    raise NotFound(f"no session found with sid {sid}", hint="sessions lists all sessions")
