# SPDX-License-Identifier: Apache-2.0
"""Notes about objects as lines."""

from __future__ import annotations

from collections.abc import Iterable

from rtslib_ext.schema import is_about_kernel


def lines(notes: Iterable[tuple[str, str]]) -> list[str]:
    """Return ``PATH: TEXT`` for each (path, text); what the kernel lacks is one line for all."""
    found: list[str] = []
    about: dict[str, list[str]] = {}
    for path, text in notes:
        if not is_about_kernel(text):
            found.append(f"{path}: {text}")
        elif text not in about:
            about[text] = [path]
        elif path not in about[text]:
            about[text].append(path)
    return [*found, *(f"{_some(paths)}: {text}" for text, paths in about.items())]


def _some(paths: list[str]) -> str:
    return f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else paths[0]
