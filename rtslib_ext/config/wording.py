# SPDX-License-Identifier: Apache-2.0
"""Words of messages: lists of names, of many only the first, and numbers of things."""

from __future__ import annotations

from collections.abc import Sequence


def shortened(
    names: Sequence[str], most: int = 3, *, separator: str = ", ", last: str = " and "
) -> str:
    """Return names as one text, such as ``a, b, c and 2 more``; ``last`` is before the number."""
    rest = len(names) - most
    more = f"{last}{rest} more" if rest > 0 else ""
    return separator.join(names[:most]) + more


def counted(number: int, noun: str) -> str:
    """Return a number of things, such as ``1 LUN`` or ``2 LUNs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
