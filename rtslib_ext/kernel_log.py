# SPDX-License-Identifier: Apache-2.0
"""What the kernel said in its log while it refused something."""

from __future__ import annotations

import os

# Texts that are in the log for every object and explain nothing.
_NOISE = ("LIO iSCSI", "Rounding down", "db_root:")
_RECORD = 8192


def since(started: float) -> str:
    """The last line of the kernel's log since a moment of the monotonic clock, in seconds.

    "" where there is none or the log may not be read (Documentation/ABI/testing/dev-kmsg).
    """
    lines = [text for when, text in _records() if when >= started]
    useful = [text for text in lines if not text.startswith(_NOISE)]
    return useful[-1] if useful else ""


def _records() -> list[tuple[float, str]]:
    try:
        handle = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        return list(_parse(handle))
    finally:
        os.close(handle)


def _parse(handle: int):  # type: ignore[no-untyped-def]
    while True:
        try:
            record = os.read(handle, _RECORD).decode("utf-8", "replace")
        except BrokenPipeError:
            # The record was overwritten while we looked; the next read goes on behind it.
            continue
        except OSError:
            return
        head, _, text = record.partition(";")
        fields = head.split(",")
        if len(fields) >= 3 and fields[2].isdigit():
            yield int(fields[2]) / 1e6, text.splitlines()[0].strip()
