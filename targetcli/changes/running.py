# SPDX-License-Identifier: Apache-2.0
"""The running configuration, and what the last restore could not create of the wanted one."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, TypeVar

from rtslib_ext.config.model import Config, Key
from rtslib_ext.errors import LioError, reason
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.files import atomic, trusted
from rtslib_ext.kernel import setup
from rtslib_ext.steps import Action, Step

from .. import progress
from ..env import Env

if TYPE_CHECKING:
    from rtslib_ext.reading.counting import CountedReader
    from rtslib_ext.savefile.encode import Identities
    from rtslib_ext.savefile.unrestored import Unrestored
    from rtslib_ext.transaction.executor import Outcome

AnyReader = TypeVar("AnyReader", bound="CountedReader")
CURE = "restoreconfig keep_existing=true creates the rest, saveconfig drop_missing=true drops it"
# Of a record: more than a configuration of a hundred thousand objects has.
_MOST_BYTES = 256 << 20
# The number of paths that a message names.


def read(env: Env) -> Config:
    """Return the running configuration; raises LioError."""
    # Imported here: clearconfig reads nothing.
    from rtslib_ext.reading.counting import CountedReader

    return read_by(env, CountedReader)[0]


def read_by(env: Env, kind: type[AnyReader]) -> tuple[Config, AnyReader]:
    """Return the running configuration, and the reader that read it; raises LioError."""
    from rtslib_ext.reading import counting

    setup.require_readable(env.fs)
    with progress.work(env, "reading", lambda _: counting.running(env.fs)) as work:
        reader = kind(env.fs, work.count)
        return reader.config(), reader


def existing(env: Env, *, whole: bool) -> tuple[Config, Container[Key]]:
    """Return the running configuration, and the keys of the storage objects.

    Unless it is to be ``whole``, it has the names of targets only.
    """
    if whole:
        have = read(env)
        return have, have.storage_objects
    # Imported here: only a restore that is incomplete needs it.
    from rtslib_ext.reading.topology import TopologyReader

    there = TopologyReader(env.fs).topology()
    return there.config, there.locations


def unrestored(env: Env, have: Config | None) -> Unrestored:
    """Return the objects that a restore could not create and that ``have`` still lacks.

    ``have`` is the running configuration; None: nothing counts as missing.
    """
    # Imported here, like the next: after most restores nothing is missing.
    from rtslib_ext.savefile import unrestored as records

    if have is None:
        return records.Unrestored()
    found = records.load(env.unrestored)
    return records.remaining(found, have, have.storage_objects) if found else found


def to_save(env: Env, have: Config, missing: Unrestored) -> Config:
    """Return the configuration that a save writes.

    It has the objects that could not be restored, and not those that move between hosts.
    """
    if os.path.exists(env.owners):
        # Imported here: few systems have owners.
        from rtslib_ext.owners import moving

        have = moving.without(env.owners, have)
    if not missing:
        return have
    from rtslib_ext.savefile import unrestored as records

    return records.keep(have, missing)


def set_unrestored(env: Env, found: Unrestored | None = None) -> None:
    """Record the objects that could not be restored; None: there are none."""
    if not found and not os.path.exists(env.unrestored):
        return
    _note_record(env)
    from rtslib_ext.savefile import unrestored as records

    records.store(env.unrestored, found or records.Unrestored())


def drop_damaged(env: Env) -> list[str]:
    """Drop a damaged record before a file with all of the configuration is restored.

    Returns a note.
    """
    if not os.path.exists(env.unrestored):
        return []
    from rtslib_ext.savefile import unrestored as records

    try:
        records.load(env.unrestored)
    except records.DamagedRecord as err:
        set_unrestored(env)
        return [f"{err}; it was removed"]
    return []


def record_missing(
    env: Env, want: Config, identities: Identities, outcome: Outcome | None, *, keep: bool
) -> None:
    """Record everything missing after this restore and earlier ones.

    Without an outcome it was interrupted: no setting that differs was set yet, except in objects
    that existed before, which ``keep`` leaves unchanged.
    """
    complete = outcome is not None and not (outcome.failures or outcome.skipped)
    if complete and not os.path.exists(env.unrestored):
        return
    from rtslib_ext.savefile import unrestored as records

    before = records.superseded(records.load(env.unrestored), want)
    names = _not_set(want, outcome, keep=keep)
    have, objects = existing(env, whole=bool(names or before))
    found = replace(records.find(want, have, objects, names), identities=identities)
    missing = records.add(records.remaining(before, have, objects), found)
    set_unrestored(env, missing)


def _not_set(want: Config, outcome: Outcome | None, *, keep: bool) -> set[str]:
    """Return the names of the settings that may be missing (savefile.refused)."""
    from rtslib_ext.savefile import refused

    if outcome is not None:
        from rtslib_ext import restore

        return restore.not_set(outcome)
    return set() if keep else refused.names(want)


def _note_record(env: Env) -> None:
    """Note the text of the record before the command changes it."""
    if env.session.report.unrestored is None:
        env.session.report.unrestored = _text(env.unrestored) or ""


def keep_record(env: Env, number: int) -> None:
    """Keep the record before and after a change that replaced it, for undo of that change.

    They stay in /run: they may have passwords, which the history must not have. Raises OSError.
    """
    before = env.session.report.unrestored
    if before is not None:
        text = json.dumps([before, _text(env.unrestored) or ""])
        atomic.replace(_kept(env, number), [text.encode()])


def prune_record(env: Env, steps: Sequence[Step]) -> list[str]:
    """Drop the recorded objects that must not return after these steps.

    Those are the ones in an object that they delete, which may be created again, and LUNs of a disk
    in whose place they create another one. Returns these LUNs. A damaged record stays.
    """
    # Imported here: after most restores nothing is missing.
    from rtslib_ext.savefile import unrestored as records

    if all(step.action is Action.UPDATE for step in steps):
        return []
    try:
        record = records.load(env.unrestored)
        have, objects = existing(env, whole=True)
        left = records.remaining(record, have, objects)
        if left.paths != record.paths or left.part != record.part:
            set_unrestored(env, left)
        return [*records.of_other_disks(record, have)]
    except LioError:
        return []


def undo_record(env: Env, number: int | None) -> None:
    """Restore the record that a change replaced, if it did.

    What restores after that change recorded stays: a save must not lose it.
    """
    kept = None if number is None else _text(_kept(env, number))
    if kept is None:
        return
    try:
        before, after = map(str, json.loads(kept))
    except (ValueError, TypeError, RecursionError) as err:
        raise LioError(f"{_kept(env, number or 0)} is damaged", hint="remove it") from err
    # The steps of the undo may have dropped something from it (prune_record).
    now = env.session.report.unrestored
    if now is None:
        now = _text(env.unrestored) or ""
    if now == before:
        return
    _note_record(env)
    if now == after:
        _replace_record(env, before)
    elif before:
        from rtslib_ext.savefile import unrestored as records

        later = records.load(env.unrestored)
        _replace_record(env, before)
        records.store(env.unrestored, records.add(records.load(env.unrestored), later))


def _replace_record(env: Env, text: str) -> None:
    if text:
        atomic.replace(env.unrestored, [text.encode(errors="surrogateescape")])
    elif os.path.exists(env.unrestored):
        os.unlink(env.unrestored)


def _kept(env: Env, number: int) -> str:
    return f"{env.unrestored.removesuffix('.json')}-{number}.json"


def _text(path: str) -> str | None:
    """Return the text of a file; None without one. Raises LioError."""
    try:
        return trusted.read(path, _MOST_BYTES).decode(errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as err:
        raise LioError(f"{path} cannot be read: {reason(err)}") from err
