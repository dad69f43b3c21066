# SPDX-License-Identifier: Apache-2.0
"""Changes that only create objects, and how they are recovered after a kill.

Their journal is the document that they create. Which objects of it exist, configfs shows: to roll
back is to delete these, to finish is to create the others and to set what differs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from .. import savefile
from ..config import shell_paths
from ..config.merge import merge
from ..config.model import Config
from ..config.shell_paths import ShellPath
from ..errors import Interrupted, LioError
from ..fabrics import FABRICS
from ..fast_dataclasses import replace
from ..kernel import paths, setup
from ..kernel.configfs import ReadFS
from ..plan import build
from ..plan.build import Before
from ..reading.reader import Reader
from ..reading.topology import Topology, TopologyReader
from ..savefile import unrestored
from ..savefile.unrestored import Unrestored
from ..steps import Context, Step
from ..steps.lu_groups import SETTING as LU_GROUP
from ..usage import reservations
from . import clear, clearing, incomplete, subset
from .executor import Outcome, keep_going, perform
from .journal import CREATES, Creation, Journal
from .planning import planned

# -- performing --------------------------------------------------------------------------------


def record(journal: Journal, want: Config) -> None:
    """Let a journal hold all objects of ``want``, which are new, in place of steps."""
    journal.about[CREATES] = {"restores": False, "paths": None, "before": {}}
    journal.document = lambda: savefile.pieces(want)


def record_restore(
    journal: Journal,
    want: Unrestored,
    there: Topology,
    text: Callable[[], str] | None = None,
    half: Creation | None = None,
) -> None:
    """Let a journal hold the missing objects of a restore, which creates as much as possible.

    ``want.part`` is to be restored; ``text`` returns the same as the text of a save file, None:
    it is only a part of one. ``half`` is an interrupted restore that is continued.
    """
    before = _before(half) if half else Config(fabrics=there.config.fabrics)
    about = {"restores": True, "paths": None, "before": json.loads(savefile.dumps(before))}
    found = want
    if half or not there.is_empty:
        missing = _missing(want, there)
        found = unrestored.add(_of(half), missing) if half else missing
        about["paths"] = list(found.paths)
    elif text:
        journal.document = lambda: clearing.in_pieces(text())
    journal.about[CREATES] = about
    journal.document = journal.document or (
        lambda: savefile.pieces(found.part, identities=found.identities)
    )


def _missing(want: Unrestored, there: Topology) -> Unrestored:
    """Return the objects that do not exist; whether a TPG is enabled does not count."""
    targets = {
        key: replace(item, tpgs={tag: replace(tpg, enable=None) for tag, tpg in item.tpgs.items()})
        for key, item in there.config.targets.items()
    }
    have = replace(there.config, targets=targets)
    found = unrestored.find(want.part, have, there.locations)
    fabrics = {k: v for k, v in want.part.fabrics.items() if k not in there.config.fabrics}
    part = replace(found.part, fabrics=fabrics)
    return replace(found, part=part, identities=want.identities)


def shared(fs: ReadFS) -> Topology:
    """Return only the objects that a restore into a running configuration may meet.

    It refuses if one of its storage objects or targets exists.
    """
    reader = Reader(fs)
    fabrics = {name: found for name in FABRICS if (found := reader.fabric_settings(name))}
    return Topology(Config(fabrics=fabrics, lu_groups=reader.lu_groups()))


def _of(half: Creation) -> Unrestored:
    """Return the objects that an interrupted change was to create, and their paths."""
    document, names = loaded(half), half.about[CREATES]["paths"]
    paths = map(ShellPath, sorted(subset.top(document.config)) if names is None else names)
    return Unrestored(document.config, tuple(paths), document.identities)


def _before(half: Creation) -> Config:
    """Return the settings of fabrics before an interrupted change."""
    before = half.about[CREATES]["before"]
    return savefile.loads(json.dumps(before)).config if before else Config()


def steps(
    context: Context,
    want: Config,
    there: Topology | None = None,
    before: Before = lambda so: (),
    again: Sequence[Step] = (),
) -> Iterator[Step]:
    """Yield the steps that create the objects not ``there``; each is made when it is asked for.

    ``before`` is as for build.build; ``again`` are steps of objects that exist, which change them.
    """
    fs = context.fs
    dbroot = setup.dbroot(fs)
    created = build.build(
        want,
        paths.HbaAllocator(fs),
        paths.locator(fs),
        lambda serial: reservations.kept(dbroot, serial),
        there or Topology(),
        context.defaults,
        before,
    )
    # Some settings cannot change once a LUN exports the object; a logical unit group and a LUN must
    # exist before they are named.
    first = [step for step in again if _is_of_object(step)]
    last = [step for step in again if not _is_of_object(step)]
    return chain(first, created, last)


def _is_of_object(step: Step) -> bool:
    """Return True for a step of a storage object that needs no other object."""
    return shell_paths.is_within(step.path, shell_paths.BACKSTORES) and step.subject != LU_GROUP


# -- recovery ----------------------------------------------------------------------------------


def loaded(change: Creation) -> savefile.Loaded:
    """Return the objects that an interrupted change was to create."""
    return savefile.loads(change.document, change.path)


def undo(context: Context, change: Creation) -> list[str]:
    """Delete what exists of it, and remove the journal.

    Returns the steps that failed, as texts; the journal then stays. Raises Interrupted.
    """
    journal = Journal(change.path, change.about)
    journal.resume()
    journal.undone(0)
    fs, document = context.fs, loaded(change)
    incomplete.remove(context, document.config)
    have = Reader(fs).config()
    gone = frozenset(_of(change).paths)
    if change.clears_first:
        clear.everything(fs, host=context.host)
        have = Reader(fs).config()
    want = replace(subset.without(have, gone), fabrics=_before(change).fabrics)
    try:
        outcome = keep_going(context, planned(fs, have, want).steps)
    except Interrupted as err:
        journal.close(keep=True)
        err.hint = "recover continues"
        raise
    left = [str(failure) for failure in outcome.failures]
    journal.close(keep=bool(left))
    return left


def finish(context: Context, change: Creation) -> Outcome:
    """Create the missing objects, set the values that differ, and remove the journal.

    On a failure everything is rolled back. Raises LioError.
    """
    journal = Journal(change.path, change.about)
    journal.resume()
    document = loaded(change).config
    incomplete.remove(context, document)
    try:
        there = TopologyReader(context.fs).topology()
        again = completing(context.fs, document)
        outcome = perform(context, [*steps(context, document, there, again=again)])
    except LioError:
        journal.close(keep=True)
        undo(context, change)
        raise
    journal.close(done=True)
    return outcome


def completing(fs: ReadFS, document: Config, have: Config | None = None) -> Sequence[Step]:
    """Return the steps that set, in existing objects of a document, what differs from it.

    ``have`` is the running configuration; it is read if omitted.
    """
    have = Reader(fs).config() if have is None else have
    return planned(fs, have, merge(have, subset.existing(document, have))).steps
