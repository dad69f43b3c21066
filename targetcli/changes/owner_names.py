# SPDX-License-Identifier: Apache-2.0
"""Files with the names of owners, as a list in JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress

from rtslib_ext.files import atomic, trusted

# Of names that have 64 characters at most.
_MOST_BYTES = 1 << 20


def load(path: str) -> frozenset[str]:
    """Return the names; none of a file that is missing, damaged, or that this user cannot read."""
    with suppress(OSError, ValueError, RecursionError, TypeError):
        found = json.loads(trusted.read(path, _MOST_BYTES))
        return frozenset(name for name in found if isinstance(name, str))
    return frozenset()


def store(path: str, names: Iterable[str]) -> None:
    """Replace the file. Raises OSError."""
    trusted.make_directory(os.path.dirname(path))
    atomic.replace(path, json.dumps(sorted(names)).encode())
