# SPDX-License-Identifier: Apache-2.0
"""restoreconfig: create the objects of a saved configuration, as many as possible."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from rtslib_ext import restore
from rtslib_ext.config import secrets
from rtslib_ext.config.model import Config, Key, Portal
from rtslib_ext.errors import InvalidValue, LioError, RestoreIncomplete
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.reading import counting
from rtslib_ext.reading.topology import TopologyReader
from rtslib_ext.steps import Step
from rtslib_ext.steps.portals import LISTEN
from rtslib_ext.transaction import creation
from rtslib_ext.transaction import journal as journals
from rtslib_ext.transaction.executor import Observer, Outcome
from rtslib_ext.transaction.journal import Creation
from rtslib_ext.usage import another_disk, beyond_fabric, hazards, ipv6, no_effect

from ..changes import allowed, apply, consent, restoring, running
from ..changes.restoring import Source
from ..env import Env
from ..result import Aside, Result
from ..tree import Node
from ..views import notes as note_view
from . import before_clearing
from .before_clearing import USE
from .clear import causes, forget, line, recording
from .save_files import load_given, path_of, readable, shown_path

if TYPE_CHECKING:
    from rtslib_ext.savefile import Loaded
    from rtslib_ext.savefile.checked_json import Problem
    from rtslib_ext.savefile.encode import Identities


def restoreconfig(
    env: Env,
    node: Node,
    savefile: str,
    clear_existing: bool,
    target: str | None,
    storage_object: str | None,
    keep_existing: bool,
    create_missing: bool | None,
) -> Result:
    """Restore a saved configuration."""
    path = readable(env, savefile)
    loaded = load_given(env, path)
    want = restore.select(loaded.config, target, storage_object)
    partly = bool(target or storage_object)
    problems = _problems(loaded, want, partly=partly)
    if clear_existing:
        before_clearing.refuse_clearing(env, path, want, problems, partly=partly)
        if keep_existing:
            raise InvalidValue("clear_existing and keep_existing cannot be combined")
    if env.session.transaction is not None:
        env.session.transaction.refuse_irreversible()
    if partly:
        journals.refuse_unfinished(env.journal)
    half = None if clear_existing else journals.find_restore(env.journal)
    make = env.prefs.flag("create_missing") if create_missing is None else create_missing
    keep, networks = keep_existing or half is not None, allowed.part(loaded.allowed, want)
    part, named = want if partly else None, _named(want, storage_object)
    clearing: AbstractContextManager[list[LioError]] = nullcontext([])
    if clear_existing:
        clearing = before_clearing.clearing(env, path, part, named, want, loaded.identities)
    elif not keep_existing:
        new = restoring.others(want, half) if half else want
        restore.conflicts(env.fs, named if partly else new)
    with clearing as failed:
        if partly:
            want = restore.without_present(env.fs, want)
        source = Source(want, loaded.identities, None if partly else path, half)
        with allowed.adopting(env, networks, keep=keep or partly) as notes:
            # First, as the networks: a kill leaves no object without its owner.
            _restore_owners(env, loaded, want, keep=keep_existing)
            outcome, more, differing = create(env, source, keep=keep, create_missing=make)
    problems += [*failed, *causes(outcome), *differing]
    shown = shown_path(env, savefile) if path == path_of(env, savefile) else path
    return _restore_result(path, f"Configuration restored from {shown}", problems, notes + more)


def _problems(loaded: Loaded, want: Config, *, partly: bool) -> list[LioError]:
    """Return an error for each problem of a file that affects the objects to restore."""
    found = (item for item in loaded.problems if not partly or _concerns(item, want))
    return [InvalidValue(f"{problem}") for problem in found]


def _restore_owners(env: Env, loaded: Loaded, want: Config, *, keep: bool) -> None:
    if loaded.owners:
        # Imported here: few files have owners.
        from ..changes import owners

        owners.restored(env, loaded.owners, want, keep=keep)


def complete(env: Env, half: Creation) -> Result:
    """Complete an interrupted restore, for recover."""
    document = creation.loaded(half)
    source = Source(document.config, document.identities, None, half)
    flag = env.prefs.flag("create_missing")
    if half.clears_first:
        forget(env)
    # Its record may be half-way: the portals must not listen to other networks for a moment.
    notes = [("/", text) for text in allowed.recovered(env, undone=False)]
    networks = allowed.part(document.allowed, document.config)
    with allowed.adopting(env, networks, keep=True) as more:
        _restore_owners(env, document, document.config, keep=True)
        outcome, others, differing = create(env, source, keep=True, create_missing=flag, ask=False)
    problems = [*causes(outcome), *differing]
    return _restore_result(half.path, f"{half}: finished", problems, [*notes, *more, *others])


def create(
    env: Env, source: Source, *, keep: bool, create_missing: bool, ask: bool = True
) -> tuple[Outcome, list[tuple[str, str]], list[LioError]]:
    """Create the objects of a configuration.

    Returns the outcome, all (path, note), and how objects that existed differ. With ``ask``, files
    that other users may have placed need --yes unless the save file says so; else they are noted.
    """
    want, identities = source.want, source.identities
    want, unused = beyond_fabric.leave_out(want)
    want, portal_notes = ipv6.fit(want)
    # First, as no user agreed to a file that others place from here on.
    placements = None if env.options.yes else another_disk.placements(want)
    others, refused = _other_disks(env, want, identities, ask=ask)
    dropped = running.drop_damaged(env) if source.path else []
    again = [*restoring.completing(env, source), *(_retried(env, want) if keep else ())]
    there = TopologyReader(env.fs).topology() if keep else creation.shared(env.fs)
    reserved = _reserved(env)

    def perform(observe: Observer) -> Outcome:
        return restore.restore(
            env.fs,
            want,
            observe,
            keep=keep,
            there=there if keep else None,
            host=env.host,
            create_missing=create_missing,
            refused=refused,
            again=again,
            reserved=reserved,
            placements=placements,
        )

    want, lost = restoring.same_disks(env, want, source.half, there) if keep else (want, [])
    with restoring.journal(env, replace(source, want=want), there):
        outcome = _restored(env, want, identities, perform, keep=keep)
    differing = [*lost, *restoring.differing(env, want, there, outcome)] if keep else []
    if keep:
        apply.note_reused(env, outcome.done)
    notes = [*(("/", text) for text in dropped), *outcome.notes, *_portal_notes(env, outcome)]
    notes += [*_twins(want), *unused, *portal_notes, *_advice(env, want, outcome)]
    notes += [(want.storage_objects[key].path, others[key]) for key in others.keys() - refused]
    return outcome, notes, differing


def _advice(env: Env, want: Config, outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Yield notes about a configuration that was restored."""
    yield from secrets.of_config(want)
    yield from no_effect.of_config(want)
    yield from hazards.of_config(want)
    yield from _shared(want)
    yield from _without_portals(env, want, outcome)


def _reserved(env: Env) -> frozenset[int]:
    """Return the port numbers that the fragments name which the service applies afterwards."""
    if not os.path.isdir(env.fragments):
        return frozenset()
    # Imported here: few hosts have fragments.
    from . import fragment_files

    return fragment_files.reserved(env)


def _retried(env: Env, want: Config) -> Sequence[Step]:
    """Return the steps that set what earlier restores could not; asks if they interrupt."""
    if not os.path.exists(env.unrestored):
        return ()
    from rtslib_ext.savefile import unrestored as records

    record = records.load(env.unrestored)
    if not record.instead and not any(path.endswith("/enable") for path in record.paths):
        return ()
    steps = restore.retrying(env.fs, running.read(env), want, record)
    consent.ask(env, steps)
    return steps


def _other_disks(
    env: Env, want: Config, identities: Identities, *, ask: bool
) -> tuple[dict[Key, str], dict[Key, LioError]]:
    """Return the objects whose device is not the saved one or untrusted, and the refused ones."""
    others, placed = another_disk.of_config(want, identities), another_disk.placed(want, identities)
    known = placed | others
    if env.options.yes:
        return known, {}
    return known, {key: _another(text) for key, text in (known if ask else others).items()}


def _another(text: str) -> LioError:
    return InvalidValue(text, hint=USE.format("keep_existing"))


def _restored(
    env: Env,
    want: Config,
    identities: Identities,
    perform: Callable[[Observer], Outcome],
    *,
    keep: bool,
) -> Outcome:
    """Restore a configuration, and record the missing part, after an interrupt too."""
    outcome = None
    try:
        with recording(env, "restoring", lambda _: counting.wanted(want)) as recorder:
            outcome = perform(recorder.observe)
            recorder.made |= outcome.made
    finally:
        running.record_missing(env, want, identities, outcome, keep=keep)
    return outcome


def _restore_result(
    path: str, said: str, problems: list[LioError], notes: list[tuple[str, str]]
) -> Result:
    facts = {
        "file": path,
        "complete": not problems,
        "notes": [{"path": owner, "text": text} for owner, text in notes],
    }
    lines = note_view.lines(notes) if notes else []
    if not problems:
        asides = [Aside(f"Note: {text}") for text in lines]
        return Result([said, *asides], data=lambda: facts)
    head = f"Configuration restored, {len(problems)} recoverable errors:"
    text = "\n".join([head, *map(line, problems)])
    failure = RestoreIncomplete(text, causes=problems, hint="\n".join(lines))
    return Result(failures=[failure], data=lambda: facts)


def _without_portals(env: Env, want: Config, outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Yield a note for each restored TPG that is enabled and has no portal."""
    from rtslib_ext.usage import no_portals

    # A portal that was refused may have been the only one; otherwise the kernel is not asked.
    failed = bool(outcome.failures or outcome.skipped)
    yield from no_portals.of_running(env.fs, want) if failed else no_portals.of_config(want)


def _shared(want: Config) -> Iterator[tuple[str, str]]:
    """Yield a note for each block object on a device of another one."""
    if any(getattr(so.backing, "exclusive", True) is False for so in want.storage_objects.values()):
        # Imported here: few files have such an object.
        from rtslib_ext.usage import preflight

        yield from preflight.shared_in(want)


def _twins(want: Config) -> Iterator[tuple[str, str]]:
    """Yield a note for each object that initiators take for another one of the file."""
    from rtslib_ext.usage import twins

    yield from twins.of_config(want)


def _portal_notes(env: Env, outcome: Outcome) -> list[tuple[str, str]]:
    """Return (path, note) for problems of new portals that the kernel does not report."""
    from .portals import notes

    found = []
    for step in outcome.done:
        if step.verb == LISTEN:
            address, _, port = step.subject.rpartition(":")
            texts = notes(env, Portal(address, int(port)))
            found += [(step.path, text.removeprefix("Note: ")) for text in texts]
    return found


def _concerns(problem: Problem, want: Config) -> bool:
    """Return True if a problem in the file affects the objects to restore, or one they export."""
    owner = problem.owner
    if owner is None or owner in want.targets or owner in want.storage_objects:
        return True
    return any(owner in target.exported() for target in want.targets.values())


def _named(want: Config, storage_object: str | None) -> Config:
    """Return the named objects; the storage objects of a named target may exist already."""
    found = restore.select(want, None, storage_object) if storage_object else Config()
    return replace(want, storage_objects=found.storage_objects)
