# SPDX-License-Identifier: Apache-2.0
"""The journal of a clearing: the configuration that is restored after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .journal import CREATES, Journal

# The characters of a document to write at once.
_AT_ONCE = 1 << 20


def record(journal: Journal, text: Callable[[], str], clears: str = "at a stop") -> None:
    """Let a journal hold the configuration that is restored after everything is deleted.

    ``text`` returns that of its save file. After a kill, a restore completes the remaining objects;
    with ``clears`` CLEARS_FIRST it deletes them first: the restore was to replace them.
    """
    journal.about[CREATES] = {"restores": True, "clears": clears, "paths": None, "before": {}}
    journal.document = lambda: in_pieces(text())


def in_pieces(text: str) -> Iterator[str]:
    """Yield the parts of a document that are written at once."""
    return (text[at : at + _AT_ONCE] for at in range(0, len(text), _AT_ONCE))
