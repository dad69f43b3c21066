# SPDX-License-Identifier: Apache-2.0
"""How the time of a work grows with its size, on a host that has other work too."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS = 3


def growth(work: Callable[[int], Callable[[], object]], few: int, many: int) -> float:
    """Return how many times the processor time of ``few`` the work on ``many`` takes.

    ``work`` prepares the work of a size and returns it. The best of ROUNDS counts for each, and
    both alternate: caches and the speed of the processor change.
    """
    best = {few: float("inf"), many: float("inf")}
    for _ in range(ROUNDS):
        for size in best:
            prepared = work(size)
            began = time.process_time()
            prepared()
            best[size] = min(best[size], time.process_time() - began)
    return best[many] / best[few]
