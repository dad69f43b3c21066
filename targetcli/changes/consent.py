# SPDX-License-Identifier: Apache-2.0
"""Consent to changes that interrupt initiators: a question at a terminal, or --yes."""

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
    """Ask at a terminal; elsewhere proceed, as scripts expect of the commands of targetcli-fb.

    ``apply.apply`` calls it for every change, so that the question depends on the effect of the
    steps and not on the command. Its callers pass ``agreed`` if they have called require_yes.
    ``before`` are lines to show first; they are asked about even if no initiator is interrupted.
    """
    if prompt.is_possible(env):
        # Imported here: scripts do not need it.
        from rtslib_ext.plan import interrupted

        disturbances = interrupted.of(env.fs, steps)
        prompt.require_yes(env, [*before, *(item.text for item in disturbances)])


def may_miss(env: Env) -> bool:
    """Return True if incomplete mapped-LUN lookup is acceptable: the kernel catches the rest.

    It is not where a question must name all of them, nor in a transaction, which has no kernel.
    """
    return env.session.transaction is None and not prompt.is_possible(env)


def require_yes(env: Env, disturbances: Sequence[Disturbance]) -> None:
    """Require --yes, or a yes at a terminal, before initiators are interrupted.

    Raises InUse if neither is available.
    """
    if not disturbances or env.options.yes:
        return
    prompt.require_yes(env, [str(item) for item in disturbances])
    if not prompt.is_possible(env):
        listed = "; ".join(item.text for item in disturbances)
        raise InUse(
            f"Refused, nothing was changed: {listed}",
            hint="to proceed: targetcli --yes COMMAND",
        )
