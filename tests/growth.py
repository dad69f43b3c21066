# SPDX-License-Identifier: Apache-2.0
"""Measure how the time of a function grows with its input, on a busy host."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS = 3


def growth(work: Callable[[int], Callable[[], object]], few: int, many: int) -> float:
    """Return the processor time for ``many`` divided by that for ``few``.

    ``work`` prepares an input of a size, and returns the function to measure. The best of ROUNDS
    counts for each, and both alternate: caches and the speed of the processor change.
    """
    best = {few: float("inf"), many: float("inf")}
    for _ in range(ROUNDS):
        for size in best:
            prepared = work(size)
            began = time.process_time()
            prepared()
            best[size] = min(best[size], time.process_time() - began)
    return best[many] / best[few]
