# SPDX-License-Identifier: Apache-2.0
"""diff: compare the running configuration with a file, a file with another one, or a fragment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rtslib_ext.errors import InvalidValue
from rtslib_ext.plan import interrupted
from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.disturbance import Disturbance

from ..changes import allowed, part, plans
from ..env import Env
from ..result import Result
from ..tree import Node
from . import apply, owned, save_files
from . import plan as plans_of

if TYPE_CHECKING:
    from rtslib_ext.savefile import Loaded
    from rtslib_ext.transaction.apply import Change

SAME, DIFFERENT = 0, 1


def diff(env: Env, node: Node, file: str | None, other: str | None, owner: str | None) -> Result:
    """Show how the running configuration differs from a file, or one file from another.

    Below the root, show only the part of the node. In a transaction, and without a file, show the
    queued changes. With ``owner``, show the changes of the apply of its fragment.
    """
    if owner is not None:
        _refuse_more(node, other)
        return owned.compare(env, file, owner)
    if other is not None and file is None:
        raise InvalidValue("other has no effect without file", hint="diff FILE OTHER")
    disturbances: Sequence[Disturbance] = ()
    lines: list[str] = []
    if (
        file is None
        and env.session.transaction is not None
        and not env.session.transaction.is_dry_run
    ):
        plan = env.session.transaction.plan()
    elif file and other:
        plan = part.below(_between(env, node, file, other), node)
    else:
        planned, loaded = plans_of.to_file(env, node, file)
        plan = part.below(planned.plan, node)
        lines = _networks(env, loaded, planned) if node.parent is None else []
        disturbances = interrupted.of(env.fs, plan.steps)
    result = plans.show(env, plan, disturbances, status=DIFFERENT if plan or lines else SAME)
    if lines:
        result.lines = [*(result.lines if plan else ()), *lines]
        result.data = partial(plans_of.facts, plan, disturbances, lines)
    return result


def _networks(env: Env, loaded: Loaded, planned: Change) -> list[str]:
    """Return the allowed networks that an apply would change, of portals that exist or would."""
    has_record = os.path.exists(env.allowed_networks)
    if not (loaded.allowed or has_record) or (
        has_record and not os.access(env.allowed_networks, os.R_OK)
    ):
        return []
    # Imported here: most hosts allow every network.
    from rtslib_ext.firewall.allowed import of_portals

    after = apply.networks_after(env, loaded, planned) or {}
    before = allowed.read(env).allowed if has_record else {}
    names = [*allowed.names(planned.have), *allowed.names(planned.want)]
    return allowed.differences(of_portals(before, names), of_portals(after, names))


def _refuse_more(node: Node, other: str | None) -> None:
    if other is not None or node.parent is not None:
        raise InvalidValue("a fragment is compared whole", hint="/ diff FILE owner=NAME")


def _between(env: Env, node: Node, one: str, other: str) -> Plan:
    """Plan from file to file, or the part of a node."""
    have, want = (save_files.load_understood(env, path).config for path in (one, other))
    return plans.between(have, part.wanted(want, have, node))
