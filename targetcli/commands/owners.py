# SPDX-License-Identifier: Apache-2.0
"""owners: the objects that belong to a source of configuration."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence

from rtslib_ext.errors import InUse, LioError
from rtslib_ext.owners import record, states, units
from rtslib_ext.transaction import returning

from ..changes import apply
from ..changes import owners as records
from ..env import Env
from ..result import Result, show
from ..tree import Node
from ..views.table import Column, table
from ..views.wrap import width_of
from . import fragment_files, save_files

_COLUMNS = (Column("OWNER"), Column("OBJECT", cut="start"), Column("STATE"))


def owners(env: Env, node: Node, name: str | None) -> Result:
    """List the objects that have an owner, at and below a node; for root, which reads the record.

    Raises PermissionDenied: by an empty list, the other host of a pair would start to serve.
    """
    apply.require_root(env)
    if name is not None:
        units.check_name(name)
    found = records.below(records.load(env), node.path)
    pairs = sorted((owner, path) for path, owner in found.items() if name in (None, owner))
    found_rows, again = _looked(env, node, pairs, name)
    there = {path for _, path, state in found_rows if state != states.MISSING}
    rows = list(_as_served(env, found_rows, again))
    lines = table(_COLUMNS, rows, width_of(env.stdout)) if rows else ["No object has an owner"]
    result = show(lines, lambda: {"owners": [_facts(*row, exists=row[1] in there) for row in rows]})
    if name is not None:
        if not rows and node.parent is None:
            refuse_unclaimed(env, name)
        found_states = {text for _, _, text in rows}
        is_free = found_states <= {*states.NOT_SERVED}
        result.status = 2 if is_free else 0 if found_states == {states.EXISTS} else 1
    return result


def refuse_unclaimed(env: Env, name: str) -> None:
    """Raise InUse if objects of the fragment of a pair exist here, and the record has no owner.

    The record was removed, or a save file restored them: this host serves what it does not know.
    """
    path = f"{env.pairs}/{name}{fragment_files.SUFFIX}"
    if not os.path.exists(path):
        return
    try:
        config = save_files.load_understood(env, path).config
    except LioError:
        # No takeover with it has made them.
        return
    known = records.load(env)
    pairs = [(name, one) for one in units.of_config(config).paths() if one not in known]
    for _, one, state in states.of_pairs(env.fs, pairs):
        if state != states.MISSING:
            raise InUse(
                f"it is in {path} and exists here, but has no owner",
                path=one,
                hint=f"apply {path} --owner {name} --adopt lets {name} own it, and release it",
            )


def _looked(
    env: Env, node: Node, pairs: Sequence[tuple[str, str]], name: str | None
) -> tuple[list[tuple[str, str, str]], set[tuple[str, str]]]:
    """Return the rows, and (owner, path) of what an unfinished change may restore.

    That is read before and after the kernel: the change may begin or end meanwhile.
    """
    before = records.below(returning.owned(env.journal), node.path)
    known = {*pairs}
    also = {(owner, path) for path, owner in before.items() if name in (None, owner)} - known
    rows = list(states.of_pairs(env.fs, sorted(known | also)))
    after = returning.owned(env.journal)
    found = {(owner, path) for one in (before, after) for path, owner in one.items()}
    return rows, found


def _as_served(
    env: Env, rows: Iterable[tuple[str, str, str]], again: Collection[tuple[str, str]]
) -> Iterator[tuple[str, str, str]]:
    """Yield the rows; what this host is about to serve, or may serve again, is not free."""
    starting = record.starting(env.owners)
    for owner, path, state in rows:
        if state in states.NOT_SERVED and owner == starting:
            state = states.STARTING
        elif state in states.NOT_SERVED and (owner, path) in again:
            state = states.UNFINISHED
        yield owner, path, state


def _facts(owner: str, path: str, state: str, *, exists: bool) -> dict[str, object]:
    return {"owner": owner, "path": path, "exists": exists, "state": state}
