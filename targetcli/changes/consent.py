# SPDX-License-Identifier: Apache-2.0
"""Whom a change would disturb, and that somebody agrees to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rtslib_ext.errors import InUse
from rtslib_ext.steps import Step

from ..env import Env
from . import prompt

if TYPE_CHECKING:
    from rtslib_ext.plan.disturbance import Disturbance


def ask(env: Env, steps: Iterable[Step], before: Sequence[str] = ()) -> None:
    """Ask who is at a terminal, as the commands do that targetcli-fb has: scripts just go on.

    ``before`` is what is told first, and asked about even where nobody is disturbed.
    """
    if prompt.is_possible(env):
        # Imported here: where nobody can be asked it is not needed.
        from rtslib_ext.plan import disturbance

        found = disturbance.of(env.fs, steps)
        prompt.require_yes(env, [*before, *(item.text for item in found)])


def may_miss(env: Env) -> bool:
    """Whether mapped LUNs may be missed at first: the kernel tells of them, and nobody before.

    Who is asked has to hear of all of them, and what is collected has no kernel yet.
    """
    return env.session.transaction is None and not prompt.is_possible(env)


def require_yes(env: Env, found: Sequence[Disturbance]) -> None:
    """Have a yes before somebody is disturbed: --yes, or an answer at a terminal.

    Raises InUse where neither can be had.
    """
    if not found or env.options.yes:
        return
    prompt.require_yes(env, [str(item) for item in found])
    if not prompt.is_possible(env):
        listed = "; ".join(item.text for item in found)
        raise InUse(
            f"this would disturb somebody: {listed}",
            hint="--yes before the command goes on all the same; nothing was changed",
        )
