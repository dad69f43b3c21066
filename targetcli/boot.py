# SPDX-License-Identifier: Apache-2.0
"""targetcli-boot: restore the saved configuration while devices are still arriving.

target.service runs it. The ready part is restored at once; then it waits for the rest, which it
names to systemd (sd_notify(3)). With the last of it, or after the limit, the service has started.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rtslib_ext.errors import LioError

from . import session
from .changes import running
from .env import Env
from .language import grammar
from .prefs import Preferences, default_folder

if TYPE_CHECKING:
    from rtslib_ext.usage.readiness import Wait

LIMIT = 45.0
"""Seconds to wait, unless the first word is another number."""
# Names in the status, which is one line.
_NAMED = 3
# An exited process is unknown to systemd: wait until it has read its messages.
_BARRIER_SECONDS = 5.0


def main(words: Sequence[str] | None = None) -> int:
    """Restore the save file; return 0 if everything was restored, 1 otherwise."""
    given = sys.argv[1:] if words is None else words
    try:
        limit = float(given[0]) if given else LIMIT
    except ValueError:
        print(f"{given[0]} is not a number of seconds", file=sys.stderr)
        return 1
    return run(Env(Preferences.load(default_folder())), limit)


def run(env: Env, limit: float) -> int:
    """Restore the save file, and wait at most ``limit`` seconds for missing devices."""
    notify("STATUS=Restoring the saved configuration")
    restored = _line(env, f"restore_pending {env.save_file}")
    if not restored and not os.path.exists(env.unrestored) and not _serves(env):
        # Nothing in the file could be used.
        return 1
    waits = _waiting(env)
    if waits:
        waits = _wait(env, waits, time.monotonic() + limit)
    complete = not os.path.exists(env.unrestored) or _line(env, "restore_pending partial=true")
    if not restored:
        # The problem may be gone, or is one of the file and is named again.
        complete = _line(env, f"restore_pending {env.save_file} partial=true") and complete
    notify(f"STATUS={_summary(complete, waits)}\nREADY=1")
    _barrier()
    return 0 if complete else 1


def _wait(env: Env, waits: list[Wait], end: float) -> list[Wait]:
    """Restore what arrives until nothing is missing or the time is over; return the missing."""
    # Imported here: usually nothing is missing.
    from rtslib_ext.host.arrivals import Arrivals

    with Arrivals() as arrivals:
        while waits and time.monotonic() < end:
            notify(f"STATUS=Waiting: {_listed(waits)}")
            before = waits
            arrivals.wait(end - time.monotonic())
            waits = _waiting(env)
            if waits != before:
                _line(env, "restore_pending")
                waits = _waiting(env)
    return waits


def _serves(env: Env) -> bool:
    """Return True if the kernel has any object: a failed unit would not be stopped at shutdown."""
    from rtslib_ext.reading import counting

    with suppress(LioError):
        return bool(counting.running(env.fs))
    return False


def _waiting(env: Env) -> list[Wait]:
    """Return the needs of the recorded objects, and the missing addresses of portals."""
    from rtslib_ext.savefile import unrestored
    from rtslib_ext.usage import readiness

    waits: list[Wait] = []
    with suppress(LioError):
        record = unrestored.load(env.unrestored)
        if record:
            waits = readiness.split(env.fs, record.part, record.identities)[1]
        waits += readiness.addresses(running.existing(env, whole=False)[0])
    return waits


def _line(env: Env, text: str) -> bool:
    """Run a command, which prints its errors; return False if it failed."""
    return session.run_line(env, lambda: grammar.parse(f"/ {text}")) is not None


def _summary(complete: bool, waits: Sequence[Wait]) -> str:
    if waits:
        return f"Incomplete: {_listed(waits)}"
    return "Everything is restored" if complete else "Incomplete: see targetcli status"


def _listed(waits: Sequence[Wait]) -> str:
    """Return the first things that are waited for, and how many more there are."""
    # A target waits for the same as its storage object, which is before it.
    first = {one.text: one.path for one in reversed(waits)}
    texts = [_shown(f"{first[text]}: {text}") for text in reversed(first)]
    more = f"; {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more


def _shown(text: str) -> str:
    """Return a text as one line: a line end would begin another value for systemd."""
    return text if text.isprintable() else ascii(text)


# -- systemd --------------------------------------------------------------------------------


def notify(text: str, handles: Sequence[int] = ()) -> None:
    """Send a message to systemd, if it started this process (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.connect(address)
        socket.send_fds(link, [text.encode(errors="backslashreplace")], handles)


def _barrier() -> None:
    """Wait until systemd has read all messages (sd_notify_barrier(3))."""
    import select

    read, write = os.pipe()
    notify("BARRIER=1", [write])
    os.close(write)
    select.select([read], [], [], _BARRIER_SECONDS)
    os.close(read)


if __name__ == "__main__":
    sys.exit(main())
