# SPDX-License-Identifier: Apache-2.0
"""One process measured as a whole, and how a guest tells its host of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence

# Before what is told to the host; all else that is printed is for people.
MARK = "measured "


class Failed(Exception):
    """A process that was to be measured did not do its work."""


def measure(command: Sequence[str], *, allowed: Sequence[int] = (0,)) -> tuple[float, int]:
    """Seconds from start to end, and the largest memory in KiB; raises Failed.

    The memory is that of this process where it has more, as a child begins as a copy of it: so
    whoever measures keeps small.
    """
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in allowed:
        raise Failed(f"{command}: exit status {child.returncode}: {said.decode()[-500:]}")
    return seconds, usage.ru_maxrss


def run(command: Sequence[str]) -> None:
    """Run what is not measured; raises CalledProcessError."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def tell(what: str, who: str, size: int, value: float, unit: str = "s") -> None:
    """Tell the host of one value."""
    print(MARK + json.dumps([what, who, size, value, unit]), flush=True)
    print(f"   {what} ({who}) at {size}: {value:.3f} {unit}", file=sys.stderr, flush=True)


def timed(
    what: str, who: str, size: int, command: Sequence[str], *, allowed: Sequence[int] = (0,)
) -> float:
    """Measure a process and tell the host how long it took, and its memory; the seconds."""
    seconds, memory = measure(command, allowed=allowed)
    tell(what, who, size, seconds)
    tell(what, who, size, memory / 1024, "MiB")
    return seconds
