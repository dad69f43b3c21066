# SPDX-License-Identifier: Apache-2.0
"""What the saved configuration waits for, and its restore as it arrives."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rtslib_ext.config.wording import shortened
from rtslib_ext.errors import LioError

from .. import session
from ..changes import running
from ..env import Env
from ..language import grammar
from . import systemd

if TYPE_CHECKING:
    from rtslib_ext.host.arrivals import Arrivals
    from rtslib_ext.usage.readiness import Wait


def of_record(env: Env) -> list[Wait]:
    """Return what the recorded objects wait for; nothing if the record cannot be read."""
    # Imported here, like the next: usually nothing is missing.
    from rtslib_ext.savefile import unrestored
    from rtslib_ext.usage import readiness

    with suppress(LioError):
        record = unrestored.load(env.unrestored)
        if record:
            return readiness.split(env.fs, record.part, record.identities)[1]
    return []


def of_portals(env: Env) -> list[Wait]:
    """Return the portals whose address is missing."""
    from rtslib_ext.usage import readiness

    with suppress(LioError):
        return list(readiness.addresses(running.existing(env, whole=False)[0]))
    return []


def of_fragments(env: Env) -> list[Wait]:
    """Return the devices that the fragments of owners wait for."""
    if not os.path.isdir(env.fragments):
        return []
    # Imported here, like the next: few hosts have fragments.
    from ..commands import fragment_files

    # One that cannot be read is named when it is applied.
    with suppress(LioError):
        return [wait for _, waits in fragment_files.waiting(env) for wait in waits]
    return []


def of_records(env: Env) -> list[Wait]:
    """Return what the recorded objects and the recorded fragments wait for."""
    found = of_record(env)
    if os.path.exists(env.waiting_fragments):
        from ..changes import waiting_fragments
        from ..commands import fragment_files

        names = waiting_fragments.load(env)
        with suppress(LioError):
            found += [
                wait
                for name, waits in fragment_files.waiting(env)
                if name in names
                for wait in waits
            ]
    return found


def record_fragments(env: Env) -> None:
    """Record which fragments wait for devices, so that their arrival applies them."""
    has_file = os.path.exists(env.waiting_fragments)
    if not has_file and not os.path.isdir(env.fragments):
        return
    from ..changes import waiting_fragments
    from ..commands import fragment_files

    with suppress(LioError):
        names = [name for name, waits in fragment_files.waiting(env) if waits]
        waiting_fragments.store(env, names)


def complete(
    env: Env, arrivals: Arrivals, find: Callable[[Env], list[Wait]], end: float | None = None
) -> list[Wait]:
    """Restore what arrives until nothing is missing, or until ``end``; return the rest.

    ``end`` is a time of time.monotonic(). The lock is free while this waits.
    """
    known = None
    while True:
        waits = find(env)
        if waits != known:
            # Compared with the needs before it, so nothing that arrives meanwhile is lost.
            line(env, "restore_pending")
            known, waits = waits, find(env)
        if not waits or (end is not None and time.monotonic() >= end):
            return waits
        systemd.show(f"Waiting: {listed(waits)}")
        arrivals.wait(None if end is None else end - time.monotonic())


def forget_fragments(env: Env) -> None:
    """Let no fragment wait any more: the service stops."""
    if is_waiting(env):
        from ..changes import waiting_fragments

        with suppress(LioError):
            waiting_fragments.store(env, ())


def line(env: Env, text: str) -> bool:
    """Run a command, which prints its errors; return False if it failed."""
    return session.run_line(env, lambda: grammar.parse(f"/ {text}")) is not None


def fragments(env: Env) -> bool:
    """Apply the fragments of all owners; return False if one failed."""
    return not os.path.isdir(env.fragments) or line(env, f"apply {env.fragments}")


def is_saved(env: Env) -> bool:
    """Return True if there is a save file; without one, a host may have fragments only."""
    return os.path.lexists(env.save_file)


def is_recorded(env: Env) -> bool:
    """Return True if something could not be restored yet."""
    return os.path.exists(env.unrestored)


def is_waiting(env: Env) -> bool:
    """Return True if a fragment waits for devices since the start."""
    return os.path.exists(env.waiting_fragments)


def listed(waits: Sequence[Wait]) -> str:
    """Return the first things that are waited for, and how many more there are."""
    # A target waits for the same as its storage object, which is before it.
    first: dict[str, str] = {}
    for one in waits:
        first.setdefault(one.text, one.path)
    texts = [f"{path}: {text}" for text, path in first.items()]
    return shortened(texts, separator="; ", last="; ")
