# SPDX-License-Identifier: Apache-2.0
"""Messages of the kernel in the journal of systemd, which has more than the kernel's buffer."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..errors import LioError
from .system import run

_SECONDS = 20.0
# Enough for days of a host that tries to log in every two seconds.
_MOST = "200000"


def of_this_boot() -> Iterator[tuple[float, str]]:
    """Yield (seconds since boot, message) of the kernel's messages; nothing without a journal.

    journalctl(1) and systemd.journal-fields(7): the time is the kernel's own, in microseconds.
    """
    words = ("-k", "-b", "-q", "--no-pager", "-n", _MOST, "-o", "json")
    fields = "--output-fields=MESSAGE,SYSLOG_FACILITY,_SOURCE_MONOTONIC_TIMESTAMP"
    try:
        done = run("journalctl", *words, fields, timeout=_SECONDS)
    except (LioError, TimeoutError):
        return
    # Not splitlines: the name of an initiator may have a character at which it splits.
    for line in done.stdout.split("\n") if done.returncode == 0 else ():
        try:
            entry = json.loads(line)
            seconds = int(entry["_SOURCE_MONOTONIC_TIMESTAMP"]) / 1e6
        except (ValueError, KeyError, TypeError):
            continue
        message = entry.get("MESSAGE")
        # Programs can write to the log as well; the kernel's own facility is 0.
        if isinstance(message, str) and entry.get("SYSLOG_FACILITY", "0") == "0":
            yield seconds, message
