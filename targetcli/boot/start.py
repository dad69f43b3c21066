# SPDX-License-Identifier: Apache-2.0
"""Restore the saved configuration while devices are still arriving.

The ready part is restored at once; then it waits for the rest, which it names to systemd. With the
last of it, or after the limit, the service has started.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rtslib_ext.errors import LioError

from ..env import Env
from . import missing, systemd

if TYPE_CHECKING:
    from rtslib_ext.usage.readiness import Wait

LIMIT = 45.0
"""Seconds to wait, unless others are given: BOOT_WAIT of target.service."""


def run(env: Env, limit: float = LIMIT) -> int:
    """Restore the save file, and wait at most ``limit`` seconds for missing devices.

    Then the fragments follow: what the save file has of them exists by then. There may be no save
    file, or none that can be used; a host can have fragments only.

    Return 0 if everything was restored, 1 otherwise.
    """
    systemd.show("Restoring the saved configuration")
    restored = not missing.is_saved(env) or missing.line(env, f"restore_pending {env.save_file}")
    if not restored and not missing.is_recorded(env) and not _serves(env):
        # Nothing in the file could be used.
        missing.fragments(env)
        if not _serves(env):
            systemd.show("Failed, nothing is restored: see targetcli status")
            systemd.barrier()
            return 1
    waits = _waiting(env)
    waited = bool(waits)
    if waited:
        waits = _wait(env, time.monotonic() + limit)
    complete = not missing.is_recorded(env) or missing.line(env, "restore_pending partial=true")
    if not restored:
        # The problem may be gone, or is one of the file and is named again. But after a wait, the
        # file has objects that were deleted on purpose meanwhile.
        complete = not waited and _again(env) and complete
    complete = missing.fragments(env) and complete
    # After their own attempt: target-pending.service completes them from here on.
    missing.record_fragments(env)
    systemd.show(_summary(complete, waits))
    systemd.notify("READY=1")
    systemd.barrier()
    return 0 if complete else 1


def _again(env: Env) -> bool:
    return missing.line(env, f"restore_pending {env.save_file} partial=true")


def _wait(env: Env, end: float) -> list[Wait]:
    # Imported here: usually nothing is missing.
    from rtslib_ext.host.arrivals import Arrivals

    with Arrivals() as arrivals:
        return missing.complete(env, arrivals, _waiting, end)


def _waiting(env: Env) -> list[Wait]:
    return [*missing.of_record(env), *missing.of_portals(env), *missing.of_fragments(env)]


def _serves(env: Env) -> bool:
    """Return True if the kernel has any object: a failed unit would not be stopped at shutdown."""
    from rtslib_ext.reading import counting

    with suppress(LioError):
        return bool(counting.running(env.fs))
    return False


def _summary(complete: bool, waits: Sequence[Wait]) -> str:
    if waits:
        return f"Incomplete: {missing.listed(waits)}"
    return "Everything is restored" if complete else "Incomplete: see targetcli status"
