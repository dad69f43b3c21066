# SPDX-License-Identifier: Apache-2.0
"""What was measured: by what was done, by whom, with how many LUNs."""

from __future__ import annotations

import json
from collections import defaultdict
from statistics import median

Key = tuple[str, str, int, str]


class Values:
    """All values of a run, several for each thing; ``problems`` tell what could not be measured."""

    def __init__(self) -> None:
        self.found: dict[Key, list[float]] = defaultdict(list)
        self.problems: list[str] = []

    def add(self, line: str) -> None:
        """Take what a guest told."""
        what, who, size, value, unit = json.loads(line)
        self.put(what, who, size, value, unit)

    def put(self, what: str, who: str, size: int, value: float, unit: str = "s") -> None:
        """Take one value."""
        self.found[what, who, size, unit].append(value)

    def of(self, what: str, who: str, size: int, unit: str = "s") -> list[float]:
        """All values of a thing; raises KeyError where it was not measured."""
        key = (what, who, size, unit)
        if key not in self.found:
            raise KeyError(f"{what} ({who}) at {size}")
        return self.found[key]

    def middle(self, what: str, who: str, size: int, unit: str = "s") -> float:
        """The median of a thing; raises KeyError."""
        return median(self.of(what, who, size, unit))
