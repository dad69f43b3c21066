# SPDX-License-Identifier: Apache-2.0
"""Threads of the kernel by their names."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection

from . import system

# proc_pid_stat(5): the fields after the name, from the state on.
_PARENT, _START = 1, 19
# kernel/kthread.c: kthreadd is the parent of all of them.
_KTHREADD = "2"


def running(names: Collection[str], folder: str = "/proc") -> list[str]:
    """Return the names of the kernel's threads that are among ``names``, one for each thread."""
    found = []
    for entry in os.listdir(folder):
        name = system.read_text(f"{folder}/{entry}/comm") if entry.isdecimal() else ""
        # Only a thread of the kernel has no command line.
        if name in names and not system.read_text(f"{folder}/{entry}/cmdline"):
            found.append(name)
    return sorted(found)


def started(name: str) -> list[float]:
    """Return the times at which the kernel's threads of a name were started, in order.

    They are Unix times, exact to a hundredth of a second.
    """
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    ticks = os.sysconf("SC_CLK_TCK")
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        head, _, rest = system.read_text(f"/proc/{pid}/stat").rpartition(")")
        fields = rest.split()
        is_one = head.endswith(f"({name}") and fields[_PARENT : _PARENT + 1] == [_KTHREADD]
        if is_one and len(fields) > _START and re.fullmatch("[0-9]{1,20}", fields[_START]):
            found.append(boot + int(fields[_START]) / ticks)
    return sorted(found)
