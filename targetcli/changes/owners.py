# SPDX-License-Identifier: Apache-2.0
"""Keep the record of the owners true while objects are applied, deleted, renamed and restored."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import Config
from rtslib_ext.config.wording import shortened
from rtslib_ext.errors import LioError
from rtslib_ext.owners import kept, record, states, units
from rtslib_ext.owners.record import Owners
from rtslib_ext.steps import Step
from rtslib_ext.steps.step import deleted

from ..env import Env
from . import allowed

if TYPE_CHECKING:
    from rtslib_ext.firewall.allowed import Allowed


def load(env: Env) -> dict[str, str]:
    """Return the owners by the shell paths of their objects, in a transaction as it leaves them.

    Raises LioError.
    """
    transaction = env.session.transaction
    if transaction is None:
        return record.load(env.owners)
    found: dict[str, str] = transaction.records.owners(transaction.steps)
    return found


def change(env: Env, after: Owners) -> None:
    """Replace the record, and note the difference for undo."""
    transaction = env.session.transaction
    if transaction is not None:
        transaction.records.queue_owners(after)
        return
    before = load(env)
    if before != dict(after):
        record.store(env.owners, after)
    note(env, before, after)


def note(env: Env, before: Owners, after: Owners) -> None:
    """Note what changed in the record in the report of the line: (before, after), "" for none."""
    noted = env.session.report.owners
    for path in sorted(before.keys() | after.keys()):
        one, other = before.get(path, ""), after.get(path, "")
        if one != other:
            noted[path] = (noted[path][0] if path in noted else one, other)
            env.session.note_unsaved(path, "owner")


@contextmanager
def claiming(
    env: Env, after: Owners, owner: str = "", moves: bool | None = None, *, serves: bool = False
) -> Iterator[None]:
    """Replace the record around the change of a block as record.claiming does, or queue that."""
    transaction = env.session.transaction
    if transaction is not None:
        before, number = load(env), len(transaction.steps)
        transaction.records.drop(transaction.steps)
        yield
        if before != dict(after) and len(transaction.steps) == number:
            transaction.note("change only the owners of objects")
        transaction.records.queue_owners(after)
        if moves is not None:
            transaction.follow(partial(record.set_moving, env.owners, owner, moves=moves))
        return
    before = load(env)
    with record.claiming(env.owners, after, owner, moves, serves=serves):
        yield
    if before != dict(after):
        env.session.report.owners.clear()
        note(env, before, after)


def recovered(env: Env, *, undone: bool) -> None:
    """Complete the record after ``recover``."""
    if record.unfinished(env.owners):
        record.finish(env.owners, done=not undone)


def drop_deleted(env: Env, changed: Sequence[Step]) -> None:
    """Drop the objects that some steps deleted, and say whose they were."""
    gone = deleted(changed)
    owners = _after_a_change(env) if gone else None
    if owners is None or record.unfinished(env.owners):
        # The apply of a fragment knows its owner's objects.
        return
    left = record.without_deleted(owners, gone)
    dropped = {path: owner for path, owner in owners.items() if path not in left}
    if not dropped:
        return
    change(env, left)
    say_dropped(env, dropped)


def say_dropped(env: Env, dropped: Owners) -> None:
    """Add a note to the report for each owner of objects that were deleted by hand."""
    names = sorted(set(dropped.values()))
    env.session.report.asides += [
        f"{shortened([path for path in dropped if dropped[path] == name])} belonged to "
        f"{name}, whose next apply creates it again"
        for name in names
    ]


def _after_a_change(env: Env) -> dict[str, str] | None:
    """Return the owners; None with a note if the record is damaged: the change is made already."""
    try:
        return load(env)
    except LioError as err:
        env.session.report.asides.append(f"{err}, and not changed: {err.hint}")
        return None


def forget(env: Env) -> None:
    """Drop all owners, of a damaged record too: everything was deleted on purpose."""
    if not os.path.exists(env.owners):
        return
    try:
        change(env, {})
    except LioError:
        record.drop(env.owners)


@contextmanager
def renaming(env: Env, old: str, new: str) -> Iterator[None]:
    """Let an object keep its owner in a block that gives it a new name."""
    have = _after_a_change(env)
    if have is None or old not in have:
        yield
        return
    left = record.without_deleted(have, {old})
    with claiming(env, {**left, new: have[old]}):
        yield


def restored(env: Env, saved: Owners, config: Config, *, keep: bool) -> None:
    """Take the owners of a file over for a part of it; with ``keep``, present owners stay."""
    known = units.understood(saved)
    if len(known) < len(saved):
        count = len(saved) - len(known)
        env.session.report.asides.append(f"{count} owners in the file are not understood: not kept")
    saved = units.in_config(known, config)
    have = _after_a_change(env) if saved else None
    if have is not None:
        change(env, {**saved, **have} if keep else {**have, **saved})


def to_save(env: Env, config: Config, saved: Owners) -> dict[str, str]:
    """Return the owners of the objects of a configuration; ``saved`` are those of a file."""
    return units.in_config({**units.understood(saved), **load(env)}, config)


def kept_by(env: Env, have: Config, want: Config) -> tuple[Config, list[tuple[str, str]]]:
    """Return what applying a whole file leads to: no owned object is changed; with notes."""
    return kept.keep(load(env), have, want, record.moving(env.owners))


def kept_networks(env: Env, have: Config, networks: Allowed) -> Allowed:
    """Return the allowed networks of a whole file, but the running ones of owners' portals."""
    from rtslib_ext.owners import networks as of_owners

    found = units.of_paths(load(env)).targets
    owned = of_owners.portals(have.targets[key] for key in found & have.targets.keys())
    return of_owners.kept(allowed.read(env).allowed, networks, owned)


@contextmanager
def undoing(
    env: Env, changed: Mapping[str, tuple[str, str]], steps: Sequence[Step]
) -> Iterator[None]:
    """Restore the owners that a change replaced with a block that performs the steps of its undo.

    Those that were changed again since stay, but of objects that the steps delete.
    """
    have = _after_a_change(env) if changed else None
    if have is None:
        yield
        return
    states.refuse_unserved(env.fs, env.owners, (old for old, _ in changed.values()))
    gone = deleted(steps)
    with claiming(env, record.without_deleted(record.reverted(have, changed), gone)):
        yield
    left = record.without_deleted(have, gone)
    say_dropped(env, {path: owner for path, owner in have.items() if path not in left})


def below(owners: Owners, path: str) -> dict[str, str]:
    """Return the owners of the objects at and below a node."""
    return {key: owner for key, owner in owners.items() if shell_paths.is_within(key, path)}
