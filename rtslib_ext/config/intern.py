# SPDX-License-Identifier: Apache-2.0
"""One mapping for equal settings: most of ten thousand storage objects have the same attributes."""

from __future__ import annotations

from collections.abc import Mapping

Key = tuple[tuple[str, ...], tuple[str, ...]]


class Interner:
    """Keeps one of several equal mappings; callers must not change it."""

    def __init__(self) -> None:
        self._known: dict[Key, Mapping[str, str]] = {}

    def one(self, values: Mapping[str, str]) -> Mapping[str, str]:
        """Return the first mapping equal to ``values``."""
        return self._known.setdefault((tuple(values), tuple(values.values())), values)
