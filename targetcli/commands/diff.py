# SPDX-License-Identifier: Apache-2.0
"""diff: compare the running configuration with a file, a file with another one, or a fragment."""

from __future__ import annotations

from collections.abc import Sequence

from rtslib_ext.errors import InvalidValue
from rtslib_ext.plan import interrupted
from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.disturbance import Disturbance

from ..changes import part, plans
from ..env import Env
from ..result import Result
from ..tree import Node
from . import owned, save
from . import plan as plans_of

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
    if (
        file is None
        and env.session.transaction is not None
        and not env.session.transaction.is_dry_run
    ):
        plan = env.session.transaction.plan()
    elif file and other:
        plan = part.below(_between(env, node, file, other), node)
    else:
        plan = part.below(plans_of.to_file(env, node, file).plan, node)
        disturbances = interrupted.of(env.fs, plan.steps)
    return plans.show(env, plan, disturbances, status=DIFFERENT if plan else SAME)


def _refuse_more(node: Node, other: str | None) -> None:
    if other is not None or node.parent is not None:
        raise InvalidValue("a fragment is compared whole", hint="/ diff FILE owner=NAME")


def _between(env: Env, node: Node, one: str, other: str) -> Plan:
    """Plan from file to file, or the part of a node."""
    have, want = (save.load_understood(env, path).config for path in (one, other))
    return plans.between(have, part.wanted(want, have, node))
