# SPDX-License-Identifier: Apache-2.0
"""Objects of owners that a change may restore: one in progress, interrupted or not confirmed.

Until it is over, the other host of a pair must not take for released what this host lacks.
"""

from __future__ import annotations

import os

from ..owners import record, states
from ..steps import codec
from . import beside, confirmed_commit
from . import journal as journals
from .journal import Unfinished


def owned(journal: str) -> dict[str, str]:
    """Return the owners before such changes, by the shell path of their objects.

    Raises LioError if a file is damaged.
    """
    files = beside.Files.of(journal)
    unfinished = record.unfinished(files.owners)
    before = unfinished[0] if unfinished else record.load(files.owners)
    return {**_of_journal(journal, before), **_of_commit(journal, before)}


def _of_journal(journal: str, before: record.Owners) -> dict[str, str]:
    if not before or not os.path.exists(journal):
        return {}
    half = journals.find(journal)
    if isinstance(half, Unfinished):
        return states.related(before, (step.path for step in half.steps))
    # One that creates or clears many objects.
    return dict(before) if half else {}


def _of_commit(journal: str, before: record.Owners) -> dict[str, str]:
    file = confirmed_commit.beside(journal)
    pending = confirmed_commit.find(file) if os.path.exists(file) else None
    if pending is None:
        return {}
    replaced = beside.from_plain(pending.replaced).owners
    back = (codec.decode(step).path for step in pending.back)
    gone = {path: owner for path, (owner, _) in replaced.items() if owner}
    return {**states.related(before, back), **gone}
