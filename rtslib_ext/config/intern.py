# SPDX-License-Identifier: Apache-2.0
"""One object for equal settings: ten thousand storage objects mostly have the same attributes."""

from __future__ import annotations

from collections.abc import Mapping

Key = tuple[tuple[str, ...], tuple[str, ...]]


class Interner:
    """Hands out the first of equal mappings, which nobody may change from then on."""

    def __init__(self) -> None:
        self._known: dict[Key, Mapping[str, str]] = {}

    def one(self, values: Mapping[str, str]) -> Mapping[str, str]:
        """The mapping that stands for all that are equal to this one."""
        return self._known.setdefault((tuple(values), tuple(values.values())), values)
