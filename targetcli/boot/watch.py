# SPDX-License-Identifier: Apache-2.0
"""Restore what the start has left out, whenever it arrives.

target-pending.service runs it after a start that is incomplete, and when udev reports a device.
"""

from __future__ import annotations

from rtslib_ext.host.arrivals import Arrivals

from ..env import Env
from . import missing, systemd

# A disk may never come; devices, mounts and addresses are reported in any case.
_LOOK_SECONDS = 30.0


def run(env: Env) -> int:
    """Restore what arrives until nothing can arrive any more.

    Return 0 if everything is restored, 1 if something remains that waits for nothing.
    """
    with Arrivals(_LOOK_SECONDS) as arrivals:
        missing.complete(env, arrivals, missing.of_records)
    if missing.is_recorded(env) or missing.is_waiting(env):
        missing.line(env, "restore_pending")
    complete = missing.fragments(env) and not missing.is_recorded(env)
    systemd.show("Everything is restored" if complete else "Incomplete: see targetcli status")
    return 0 if complete else 1
