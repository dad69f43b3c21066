# SPDX-License-Identifier: Apache-2.0
"""Compare the contents of a terminal with screens that are kept as text files."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

_FOLDER = Path(__file__).parent / "screens"
# If set, screens that differ from their file are printed, for a review and for the file.
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
