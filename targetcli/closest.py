# SPDX-License-Identifier: Apache-2.0
"""The closest known word to a misspelled one, for the hint of an error."""

from __future__ import annotations

from collections.abc import Iterable

# How alike two words must be, from 0 to 1.
_ALIKE = 0.6
# The fewest letters that may stand for a longer word.
_BEGINNING = 3


def find(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is closest to another one; None if none is alike.

    The beginning of a single known word stands for it.
    """
    # Imported here: only an error needs it, and it is slow to import.
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in known}
    longer = [name for name in by_lower if name.startswith(word.lower())]
    if len(word) >= _BEGINNING and len(longer) == 1:
        return by_lower[longer[0]]
    found = get_close_matches(word.lower(), by_lower, 1, _ALIKE)
    return by_lower[found[0]] if found else None


def hint(word: str, known: Iterable[str], *rest: str, form: str = "{}") -> str:
    """Return a hint that proposes the closest known word in a ``form``, then the ``rest``."""
    found = find(word, known)
    proposal = f"did you mean {form.format(found)}?" if found else ""
    return "; ".join(filter(None, (proposal, *rest)))
