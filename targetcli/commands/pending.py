# SPDX-License-Identifier: Apache-2.0
"""restore_pending: restore what a restore could not, as far as its devices exist now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rtslib_ext.config.merge import merge
from rtslib_ext.config.model import Config
from rtslib_ext.errors import LioError, NotFound
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.savefile import Loaded
from rtslib_ext.savefile import unrestored as records
from rtslib_ext.savefile.encode import Identities
from rtslib_ext.savefile.unrestored import Unrestored
from rtslib_ext.transaction import creation
from rtslib_ext.transaction.journal import Creation, find_restore
from rtslib_ext.usage import readiness

from ..changes import allowed, running
from ..changes.restoring import Source
from ..env import Env
from ..result import Aside, Result
from ..tree import Node
from ..views import notes as note_view
from . import restoreconfig
from .clear import causes
from .save_files import load_given, readable

if TYPE_CHECKING:
    from rtslib_ext.firewall.allowed import Allowed


def restore_pending(env: Env, node: Node, savefile: str | None, partial: bool) -> Result:
    """Restore the part of the record, or of a file, that is ready."""
    if env.session.transaction is not None:
        env.session.transaction.refuse_irreversible()
    half = find_restore(env.journal)
    notes: list[tuple[str, str]] = []
    problems: list[LioError] = []
    networks: Allowed = {}
    if savefile:
        loaded, problems = _of_file(env, savefile)
        identities, networks = loaded.identities, loaded.allowed
        want, texts = _here(env, loaded.config)
        notes += (("/", text) for text in texts)
        if loaded.owners:
            # Imported here: few files have owners.
            from ..changes import owners

            # Objects that are waiting have owners too.
            owners.restored(env, loaded.owners, want, keep=True)
        notes += (("/", text) for text in running.drop_damaged(env))
    else:
        want, identities = _recorded(env, half)
    ready, waits = (want, []) if partial else readiness.split(env.fs, want, identities)
    if savefile and waits:
        # A process that comes after this one, if it is killed, knows the rest.
        _record(env, want, identities)
    acts = bool(savefile or half or not ready.is_empty)
    if acts:
        flag = partial and env.prefs.flag("create_missing")
        path = savefile if savefile and ready is loaded.config else None
        source = Source(ready, identities, path, half)
        # No user can be asked at boot.
        with allowed.adopting(env, allowed.part(networks, want), keep=True) as more:
            outcome, found, differing = restoreconfig.create(
                env, source, keep=True, create_missing=flag, ask=False
            )
        notes += [*more, *found]
        # Objects of the record alone may have been changed since.
        problems += [*causes(outcome), *(differing if savefile or half else ())]
    if not savefile and os.path.exists(env.waiting_fragments):
        applied, others = _fragments(env, problems)
        acts, waits = acts or applied, [*waits, *others]
    # After clearconfig, too, there is no record.
    said = "Everything is restored" if acts else "Nothing was waiting to be restored"
    return _result([] if waits or problems else [said], problems, notes, waits)


def _here(env: Env, want: Config) -> tuple[Config, list[str]]:
    """Return what this host alone has of a save file, with notes."""
    if not os.path.isdir(env.pairs):
        return want, []
    # Imported here: few hosts are one of a pair.
    from . import fragment_files

    return fragment_files.without_pairs(env, want, running.existing(env, whole=True)[0])


def _fragments(env: Env, problems: list[LioError]) -> tuple[bool, list[readiness.Wait]]:
    """Apply the fragments that are ready; return whether some were, and the needs of the rest."""
    # Imported here: few hosts have fragments.
    from . import owned

    applied, waits = owned.apply_waiting(env, problems)
    return bool(applied), waits


def _result(
    lines: list[str],
    problems: list[LioError],
    notes: list[tuple[str, str]],
    waits: list[readiness.Wait],
) -> Result:
    asides = [Aside(f"Note: {text}") for text in note_view.lines(notes)] if notes else []
    asides += [Aside(f"Note: {one.path} waits: {one.text}") for one in waits]
    facts = {
        "pending": [{"path": one.path, "text": one.text} for one in waits],
        "notes": [{"path": owner, "text": text} for owner, text in notes],
    }
    return Result([*lines, *asides], failures=problems, data=lambda: facts)


def _recorded(env: Env, half: Creation | None) -> tuple[Config, Identities]:
    """Return the recorded objects that are missing, with all of an interrupted restore."""
    record = _remaining(env)
    if half is None:
        return record.part, record.identities
    document = creation.loaded(half)
    want = merge(document.config, record.part)
    return want, {**document.identities, **record.identities}


def _of_file(env: Env, savefile: str) -> tuple[Loaded, list[LioError]]:
    """Return the contents of a file, and its problems.

    Raises LioError if nothing in the file can be used.
    """
    loaded = load_given(env, readable(env, savefile))
    problems = [LioError(str(problem)) for problem in loaded.problems]
    if problems and loaded.config.is_empty:
        raise NotFound(f"nothing in {savefile} can be used: {problems[0]}")
    return loaded, problems


def _remaining(env: Env) -> Unrestored:
    """Return the recorded objects that are still missing."""
    record = records.load(env.unrestored)
    if not record:
        return record
    have, objects = running.existing(env, whole=True)
    return records.remaining(record, have, objects)


def _record(env: Env, want: Config, identities: Identities) -> None:
    """Record everything of a configuration that does not exist."""
    have, objects = running.existing(env, whole=False)
    found = replace(records.find(want, have, objects), identities=identities)
    running.set_unrestored(env, records.add(_remaining(env), found))
