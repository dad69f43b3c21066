# SPDX-License-Identifier: Apache-2.0
"""Notes about objects as lines."""

from __future__ import annotations

from collections.abc import Iterable

from rtslib_ext.config.wording import shortened
from rtslib_ext.schema import is_about_kernel
from rtslib_ext.usage import hazards


def lines(notes: Iterable[tuple[str, str]]) -> list[str]:
    """Return ``PATH: TEXT`` for each (path, text).

    What the kernel lacks, and hazards, which ten thousand objects may have, are one line for all.
    """
    found: list[str] = []
    about: dict[str, list[str]] = {}
    for path, text in notes:
        if not (is_about_kernel(text) or hazards.is_one(text)):
            found.append(f"{path}: {text}")
        elif text not in about:
            about[text] = [path]
        elif path not in about[text]:
            about[text].append(path)
    return [*found, *(f"{shortened(paths, 1)}: {text}" for text, paths in about.items())]
