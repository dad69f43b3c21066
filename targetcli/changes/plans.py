# SPDX-License-Identifier: Apache-2.0
"""Plans as results: shown, or carried out and shown."""

from __future__ import annotations

from collections.abc import Sequence

from rtslib_ext.config.model import Config
from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.disturbance import Disturbance

from ..env import Env
from ..result import Result
from ..views import plan as view
from ..views.plan import Style
from ..views.wrap import width_of
from . import apply, collector, consent


def style(env: Env) -> Style:
    """Return how plans are shown: wrapped and in colour only at a terminal."""
    color = env.prefs.get("color_default")
    return Style(
        env.uses_colors,
        str(color) if color else None,
        env.options.verbose,
        width_of(env.stdout),
    )


def between(have: Config, want: Config) -> Plan:
    """Plan from one configuration to another, without reading the kernel."""
    # Imported here: few commands compare.
    from rtslib_ext.kernel import paths
    from rtslib_ext.plan import diff

    with collector.paused():
        return diff.plan(
            have,
            want,
            lambda key: paths.storage_object_in(next(paths.hba_candidates(*key)), key[1]),
            paths.HbaAllocator(None),
        )


def show(
    env: Env,
    plan: Plan,
    disturbances: Sequence[Disturbance] = (),
    *,
    done: bool = False,
    status: int = 0,
) -> Result:
    """Return a plan with what it interrupts; ``done`` if it was carried out."""
    return Result(
        view.lines(plan, disturbances, done=done, style=style(env)),
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
    performed = not dry_run and env.session.transaction is None
    if plan.steps and not dry_run:
        consent.require_yes(env, disturbances)
        apply.apply(env, plan.steps, agreed=True)
    return show(env, plan, disturbances, done=performed)
