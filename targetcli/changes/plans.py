# SPDX-License-Identifier: Apache-2.0
"""Plans as results: shown, or carried out and shown."""

from __future__ import annotations

from collections.abc import Sequence

from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.disturbance import Disturbance

from ..env import Env
from ..result import Result
from ..views import plan as view
from . import apply, consent


def show(
    plan: Plan, disturbances: Sequence[Disturbance] = (), *, done: bool = False, status: int = 0
) -> Result:
    """Return a plan with what it interrupts; ``done`` if it was carried out."""
    return Result(
        view.lines(plan, disturbances, done=done),
        data=lambda: view.facts(plan, disturbances),
        shows=True,
        status=status,
    )


def carry_out(
    env: Env, plan: Plan, disturbances: Sequence[Disturbance] = (), *, dry_run: bool
) -> Result:
    """Make the changes of a plan and show it; with ``dry_run``, only show it.

    What it interrupts needs --yes, or a yes at a terminal. Raises LioError.
    """
    if plan.steps and not dry_run:
        consent.require_yes(env, disturbances)
        apply.apply(env, plan.steps, agreed=True)
    return show(plan, disturbances, done=not dry_run)
