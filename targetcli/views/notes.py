# SPDX-License-Identifier: Apache-2.0
"""Notes about objects as lines."""

from __future__ import annotations

from collections.abc import Iterable


def lines(notes: Iterable[tuple[str, str]]) -> list[str]:
    """Return ``PATH: TEXT`` for each (path, text); the same text is one line for all paths."""
    about: dict[str, list[str]] = {}
    for path, text in notes:
        paths = about.setdefault(text, [])
        if path not in paths[-1:]:
            paths.append(path)
    return [f"{_some(paths)}: {text}" for text, paths in about.items()]


def _some(paths: list[str]) -> str:
    return f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else paths[0]
