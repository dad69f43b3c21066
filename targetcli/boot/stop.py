# SPDX-License-Identifier: Apache-2.0
"""Delete the running configuration, once the initiators had time to finish.

An initiator that is cut off waits for the target to return, and then repeats its commands, so no
data is lost. Those that stop at the same time, as after a power failure, can finish their writes
and log out within the limit.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial

from rtslib_ext.config.wording import shortened
from rtslib_ext.errors import LioError

from ..env import Env
from . import missing, systemd

LIMIT = 10.0
"""Seconds to wait for initiators, unless others are given: STOP_WAIT of target.service."""
_LOOK_SECONDS = 0.25
# The names of iSCSI's threads (iscsi_target.c, iscsi_target_login.c). They end a moment after their
# connection, and must have ended before a module is removed.
_THREADS = frozenset(("iscsi_np", "iscsi_trx", "iscsi_ttx"))
_THREADS_LIMIT = 10.0


def run(env: Env, limit: float = LIMIT) -> int:
    """Wait at most ``limit`` seconds for initiators, then clear; return 0 if nothing is left."""
    if limit > 0:
        with suppress(LioError):
            _until_idle(env, time.monotonic() + limit)
    systemd.show("Deleting the running configuration")
    cleared = missing.line(env, f"clearconfig confirm=true savefile={env.save_file}")
    if cleared:
        missing.forget_fragments(env)
    left = _until_ended(time.monotonic() + _THREADS_LIMIT)
    if left:
        text = f"the kernel still has the threads {', '.join(left)}: keep its modules loaded"
        print(text, file=sys.stderr)
    return 0 if cleared and not left else 1


def _until_idle(env: Env, end: float) -> None:
    """Return when no initiator has sent a command for a second, or at ``end``."""
    # Imported here: with a limit of 0 this is not needed.
    from rtslib_ext.reading.reader import Reader
    from rtslib_ext.usage import traffic

    def pause(targets: Iterable[str]) -> None:
        systemd.show(
            f"Waiting for initiators: {shortened(list(targets), separator='; ', last='; ')}"
        )
        time.sleep(_LOOK_SECONDS)

    traffic.until_idle(partial(traffic.of_targets, Reader(env.fs)), end, pause)


def _until_ended(end: float) -> Sequence[str]:
    """Wait until iSCSI's threads have ended; return those that are left at ``end``."""
    from rtslib_ext.host import kernel_threads

    while (left := kernel_threads.running(_THREADS)) and time.monotonic() < end:
        systemd.show("Waiting for threads of the kernel")
        time.sleep(_LOOK_SECONDS)
    return left
