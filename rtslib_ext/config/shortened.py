# SPDX-License-Identifier: Apache-2.0
"""Lists in messages: of many names only the first, and the number of the others."""

from __future__ import annotations

from collections.abc import Sequence


def shortened(
    names: Sequence[str], most: int = 3, *, separator: str = ", ", last: str = " and "
) -> str:
    """Return names as one text, such as ``a, b, c and 2 more``; ``last`` is before the number."""
    rest = len(names) - most
    more = f"{last}{rest} more" if rest > 0 else ""
    return separator.join(names[:most]) + more
