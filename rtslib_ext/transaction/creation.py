# SPDX-License-Identifier: Apache-2.0
"""Changes that only create objects, and how they are recovered after a kill.

Their journal is the document that they create. Which objects of it exist, configfs shows: to roll
back is to delete these, to finish is to create the others and to set what differs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from .. import savefile
from ..config import shell_paths
from ..config.backing import KINDS
from ..config.merge import merge
from ..config.model import Config, NodeAcl, StorageObject, Target, Tpg
from ..config.shell_paths import ShellPath
from ..errors import Interrupted, LioError
from ..fabrics import FABRICS, WITH_ENABLE
from ..fast_dataclasses import replace
from ..kernel import links, paths, setup
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..kernel.paths import TpgPath
from ..plan import build
from ..plan.build import Before
from ..reading.reader import Reader
from ..reading.topology import Topology, TopologyReader
from ..savefile import unrestored
from ..savefile.unrestored import Unrestored
from ..steps import Context, Step
from ..steps.lu_groups import SETTING as LU_GROUP
from ..steps.operations import RemoveShared, RemoveTree, RmdirOverLuns
from ..usage import reservations
from .executor import Outcome, keep_going, perform
from .journal import CREATES, Creation, Journal
from .planning import planned

# The characters of a document to write at once.
_AT_ONCE = 1 << 20
K = TypeVar("K")
V = TypeVar("V")


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
        journal.document = lambda: _in_pieces(text())
    journal.about[CREATES] = about
    journal.document = journal.document or (
        lambda: savefile.pieces(found.part, (), found.identities)
    )


def _in_pieces(text: str) -> Iterator[str]:
    return (text[at : at + _AT_ONCE] for at in range(0, len(text), _AT_ONCE))


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
    paths = map(ShellPath, sorted(_top(document.config)) if names is None else names)
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
    remove_incomplete(context, document.config)
    have = Reader(fs).config()
    gone = frozenset(_of(change).paths)
    want = replace(_without(have, gone), fabrics=_before(change).fabrics)
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
    remove_incomplete(context, document)
    try:
        there = TopologyReader(context.fs).topology()
        again = completing(context.fs, document)
        outcome = perform(context, [*steps(context, document, there, again=again)])
    except LioError:
        journal.close(keep=True)
        undo(context, change)
        raise
    journal.close()
    return outcome


def completing(fs: ReadFS, document: Config, have: Config | None = None) -> Sequence[Step]:
    """Return the steps that set, in existing objects of a document, what differs from it.

    ``have`` is the running configuration; it is read if omitted.
    """
    have = Reader(fs).config() if have is None else have
    return planned(fs, have, merge(have, _existing(document, have))).steps


# -- objects that a kill left incomplete -------------------------------------------------------


def remove_incomplete(context: Context, document: Config) -> None:
    """Delete the objects of a document that no reader shows or that lack what only creating gives.

    These are storage objects that were not enabled or have no serial number, LUNs without a link,
    TPGs without a nexus, and logical unit groups without a number.
    """
    reader, fs = Reader(context.fs), context.fs
    for path in list(reader.storage_object_paths()):
        so = document.storage_objects.get(paths.key_of_storage_object(path) or ("", ""))
        if so is not None and _is_incomplete(reader, so, path):
            RemoveTree(path).do(context)
            RemoveShared(paths.parent(path)).do(context)
    for so in document.storage_objects.values():
        # Of an object whose creation had only begun.
        hba = paths.hba_candidates(*so.key)[0]
        if fs.is_dir(hba) and not fs.directories(hba):
            RemoveShared(hba).do(context)
    for name in document.lu_groups:
        if fs.is_dir(paths.lu_gp(name)) and name not in reader.lu_groups():
            fs.rmdir(paths.lu_gp(name))
    for target in document.targets.values():
        for tpg in target.tpgs.values():
            tpg_path = TpgPath.of(FABRICS[target.fabric], target.wwn, tpg.tag)
            if fs.is_dir(tpg_path.configfs):
                _remove_incomplete_of(context, reader, tpg_path, tpg)


def _is_incomplete(reader: Reader, so: StorageObject, path: ConfigfsPath) -> bool:
    if reader.fs.read_if_there(f"{path}/enable") != "1":
        return True
    # It is set in the step that creates the object, before any LUN can export it.
    return KINDS[so.backing.plugin].has_wwn and not reader.unit_serial(path)


def _remove_incomplete_of(context: Context, reader: Reader, path: TpgPath, tpg: Tpg) -> None:
    fs, configfs = context.fs, path.configfs
    for acl in tpg.acls.values():
        folder = path.acl(acl.wwn)
        for index in reader.mapped_indexes(folder) if fs.is_dir(folder) else ():
            mapped = paths.mapped_lun(folder, index)
            if index in acl.mapped_luns and links.link_in(fs, mapped) is None:
                fs.rmdir(mapped)
    for index in reader.lun_indexes(configfs):
        if index in tpg.luns and links.link_in(fs, paths.lun(configfs, index)) is None:
            fs.rmdir(paths.lun(configfs, index))
    empty = not reader.lun_indexes(configfs) and not reader.acl_names(configfs)
    if empty and path.fabric.name not in WITH_ENABLE and not reader.nexus(path.fabric, configfs):
        # Its port number and its nexus are set in the step that creates it.
        RmdirOverLuns(configfs, paths.luns(configfs)).do(context)


# -- parts of a configuration ------------------------------------------------------------------


def _existing(document: Config, have: Config) -> Config:
    """Return the part of a document whose objects exist."""
    return Config(
        _common(document.storage_objects, have.storage_objects, lambda so, _: so),
        _common(document.targets, have.targets, _existing_target),
        document.fabrics,
        _common(document.lu_groups, have.lu_groups, lambda number, _: number),
    )


def _existing_target(target: Target, have: Target) -> Target:
    return replace(target, tpgs=_common(target.tpgs, have.tpgs, _existing_tpg))


def _existing_tpg(tpg: Tpg, have: Tpg) -> Tpg:
    luns = {
        index: lun
        for index, lun in tpg.luns.items()
        if index in have.luns and have.luns[index].storage_object == lun.storage_object
    }
    return replace(
        tpg,
        # Of a TPG that existed before, the document has only the new objects.
        enable=tpg.enable or None,
        luns=luns,
        portals=_common(tpg.portals, have.portals, lambda portal, _: portal),
        acls=_common(tpg.acls, have.acls, _existing_acl),
    )


def _existing_acl(acl: NodeAcl, have: NodeAcl) -> NodeAcl:
    return replace(acl, mapped_luns=_common(acl.mapped_luns, have.mapped_luns, lambda one, _: one))


def _common(
    wanted: Mapping[K, V], running: Mapping[K, V], combine: Callable[[V, V], V]
) -> dict[K, V]:
    return {key: combine(item, running[key]) for key, item in wanted.items() if key in running}


def _top(document: Config) -> frozenset[str]:
    """Return the shell paths of the storage objects, targets and LU groups of a document."""
    return frozenset(
        (
            *(so.path for so in document.storage_objects.values()),
            *(shell_paths.target(*key) for key in document.targets),
            *map(shell_paths.lu_gp, document.lu_groups),
        )
    )


def _without(have: Config, gone: Container[str]) -> Config:
    """Return a configuration without the objects of these shell paths."""
    targets = (item for key, item in have.targets.items() if shell_paths.target(*key) not in gone)
    return replace(
        have,
        storage_objects={k: so for k, so in have.storage_objects.items() if so.path not in gone},
        targets={target.key: _target_without(target, gone) for target in targets},
        lu_groups={k: v for k, v in have.lu_groups.items() if shell_paths.lu_gp(k) not in gone},
    )


def _target_without(target: Target, gone: Container[str]) -> Target:
    fabric = FABRICS[target.fabric]
    found = {
        tag: (TpgPath.of(fabric, target.wwn, tag).shell, tpg) for tag, tpg in target.tpgs.items()
    }
    kept = {tag: _tpg_without(*item, gone) for tag, item in found.items() if item[0] not in gone}
    return replace(target, tpgs=kept)


def _tpg_without(path: ShellPath, tpg: Tpg, gone: Container[str]) -> Tpg:
    acls = {
        wwn: replace(
            acl,
            mapped_luns={
                index: mapped
                for index, mapped in acl.mapped_luns.items()
                if shell_paths.mapped_lun(shell_paths.acl(path, wwn), index) not in gone
            },
        )
        for wwn, acl in tpg.acls.items()
        if shell_paths.acl(path, wwn) not in gone
    }
    return replace(
        tpg,
        luns={k: v for k, v in tpg.luns.items() if shell_paths.lun(path, k) not in gone},
        portals={k: v for k, v in tpg.portals.items() if shell_paths.portal(path, k) not in gone},
        acls=acls,
    )
