# SPDX-License-Identifier: Apache-2.0
"""How commands change the kernel: steps, all of them or none, under the lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rtslib_ext import executor, startup
from rtslib_ext.errors import KernelRefused, PermissionDenied
from rtslib_ext.executor import Outcome
from rtslib_ext.steps import Kernel, Step

from ..env import Env
from ..lock import change_lock
from ..nodes import Node


def apply(env: Env, steps: Iterable[Step]) -> Outcome:
    """Do all steps or none; raises LioError."""
    startup.prepare(env.fs)
    # Planned whole before the first is done: a value that is refused changes nothing.
    planned = list(steps)
    changed: list[Step] = []
    try:
        outcome = executor.perform(Kernel(env.fs), planned, changed.append)
    except KernelRefused as err:
        if err.operation == "write":
            err.args = (f"{err.file.rpartition('/')[2]}: {err}",)
        raise
    env.report.changes += changed
    return outcome


def require_root(env: Env) -> None:
    """Refuse who may not change anything."""
    if not env.is_root:
        raise PermissionDenied(
            "This privileged command is disabled: you are not root.", hint="run it with sudo"
        )


@contextmanager
def locked(env: Env, node: Node, command: str) -> Iterator[None]:
    """Hold the lock; who has it is told after a second of waiting."""

    def tell(holder: str) -> None:
        print(holder, file=env.stderr)

    with change_lock(
        f"{node.path} {command}", path=env.lock_file, wait=env.options.wait, waiting=tell
    ):
        yield
