# SPDX-License-Identifier: Apache-2.0
"""Paths that match a pattern of the shell which a file contains: without reading whole disks."""

from __future__ import annotations

import re

from ..errors import InvalidValue

# Each more multiplies the time by the size of a directory.
_MOST_WILDCARDS = 2
_WILDCARD = re.compile(r"[*?[]")


def check(pattern: str) -> None:
    """Raise InvalidValue for a pattern that could match in a large part of all directories."""
    count = sum(bool(_WILDCARD.search(name)) for name in pattern.split("/"))
    if count > _MOST_WILDCARDS:
        raise InvalidValue(
            f"{pattern} has wildcards in {count} of its names",
            hint=f"at most {_MOST_WILDCARDS} names may have them",
        )


def matching(pattern: str) -> list[str]:
    """Return the paths that match a pattern, sorted. Raises InvalidValue."""
    # Imported here: few commands need it.
    import glob

    check(pattern)
    return sorted(glob.glob(pattern))
