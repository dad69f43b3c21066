# SPDX-License-Identifier: Apache-2.0
"""Screens as text in files, to compare with what a terminal shows."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

_FOLDER = Path(__file__).parent / "screens"
# Set to print the screens that are not as in their file, to be looked at and put there.
_PRINT = "TARGETCLI_PRINT_SCREENS"


def compare(name: str, screen: str) -> None:
    """Compare a screen with the file of its name."""
    file = _FOLDER / f"{name}.txt"
    wanted = file.read_text() if file.exists() else ""
    if screen == wanted:
        return
    if _PRINT in os.environ:
        print(f"<<<{name}\n{screen}>>>", flush=True)
        return
    changed = difflib.unified_diff(
        wanted.splitlines(), screen.splitlines(), "wanted", "shown", lineterm=""
    )
    raise AssertionError("\n".join([name, *changed]))
