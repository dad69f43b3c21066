# SPDX-License-Identifier: Apache-2.0
"""Threads of the kernel by their names."""

from __future__ import annotations

import os
from collections.abc import Collection

from . import system


def running(names: Collection[str], folder: str = "/proc") -> list[str]:
    """Return the names of the kernel's threads that are among ``names``, one for each thread."""
    found = []
    for entry in os.listdir(folder):
        name = system.read_text(f"{folder}/{entry}/comm") if entry.isdecimal() else ""
        # Only a thread of the kernel has no command line.
        if name in names and not system.read_text(f"{folder}/{entry}/cmdline"):
            found.append(name)
    return sorted(found)
