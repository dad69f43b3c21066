# SPDX-License-Identifier: Apache-2.0
"""Bring a saved configuration up, or take the running one away."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain

from .config import shell_paths
from .config.model import Config
from .errors import Exists, NotFound
from .fabrics import FABRICS
from .fast_dataclasses import replace
from .kernel import paths, setup
from .kernel.configfs import ReadFS, WriteFS
from .kernel.host_files import HostFiles, RealHostFiles
from .plan import build, purge
from .reading.reader import Reader
from .reading.topology import Topology, TopologyReader
from .steps import Context
from .transaction.executor import Observer, Outcome, keep_going
from .usage import reservations

_HOST = RealHostFiles()


def select(config: Config, target: str | None, storage_object: str | None) -> Config:
    """The part of a configuration that a restore of one object needs.

    A target comes with the storage objects that it exports. Raises NotFound.
    """
    if not target and not storage_object:
        return config
    objects = {}
    targets = {}
    if target:
        # Names of fabrics that take any name are not in lower case.
        names = (target, target.lower())
        targets = {key: item for key, item in config.targets.items() if key[1] in names}
        if not targets:
            raise NotFound(f"there is no target {target} in the file")
        needed = {
            lun.storage_object
            for item in targets.values()
            for tpg in item.tpgs.values()
            for lun in tpg.luns.values()
        }
        objects = {key: so for key, so in config.storage_objects.items() if key in needed}
    if storage_object:
        named = {
            key: so
            for key, so in config.storage_objects.items()
            if storage_object in (key[1], f"{key[0]}/{key[1]}", so.path)
        }
        if not named:
            raise NotFound(f"there is no storage object {storage_object} in the file")
        objects = {**objects, **named}
    return replace(config, storage_objects=objects, targets=targets, fabrics={}, lu_groups={})


def conflicts(fs: ReadFS, want: Config) -> None:
    """Raise Exists where something of ``want`` is there already."""
    index = paths.Index(fs)
    for plugin, name in want.storage_objects:
        if index.find(plugin, name):
            raise Exists(
                f"storageobject '{plugin}:{name}' exist not restoring",
                path=shell_paths.storage_object(plugin, name),
                hint="clear_existing=true takes what is there away first",
            )
    for fabric, wwn in want.targets:
        if fs.is_dir(paths.target(FABRICS[fabric], wwn)):
            raise Exists(
                f"target with wwn {wwn} exist, not restoring",
                path=shell_paths.target(fabric, wwn),
                hint="clear_existing=true takes what is there away first",
            )


def without_present(fs: ReadFS, want: Config) -> Config:
    """``want`` without the storage objects that are there already: a target can share them."""
    index = paths.Index(fs)
    missing = {key: so for key, so in want.storage_objects.items() if not index.find(*key)}
    return replace(want, storage_objects=missing)


def restore(
    fs: WriteFS,
    want: Config,
    observer: Observer | None = None,
    *,
    keep: bool = False,
    host: HostFiles = _HOST,
) -> Outcome:
    """Make all of a configuration that can be made; the outcome names what could not.

    With ``keep``, what is there stays as it is, and only what is missing is made.
    """
    host.prepare(fs)
    there = TopologyReader(fs).topology() if keep else Topology()
    dbroot = setup.dbroot(fs)
    context = Context(fs, host=host)
    steps = build.build(
        want,
        paths.HbaAllocator(fs),
        paths.locator(fs),
        lambda serial: reservations.kept(dbroot, serial),
        there,
        context.defaults,
    )
    return keep_going(context, steps, observer)


def clear(
    fs: WriteFS,
    observer: Observer | None = None,
    have: Config | None = None,
    *,
    host: HostFiles = _HOST,
) -> Outcome:
    """Take the whole running configuration away; the outcome names what stayed.

    With ``have``, what is running, the steps that are done tell how to take them back. Only
    what that does not show, such as half an object, goes without being read.
    """
    if have is not None:
        _take_away(fs, have, Config(), observer, host)
    outcome = keep_going(Context(fs, host=host), purge.everything(Reader(fs)), observer)
    for name in fs.directories(paths.CORE):
        # Empty folders that a killed process left.
        if paths.split_hba(name) and not fs.directories(paths.hba(name)):
            fs.rmdir(paths.hba(name))
    return outcome


def _take_away(
    fs: WriteFS, have: Config, rest: Config, observer: Observer | None, host: HostFiles
) -> None:
    """Take away what is in ``have`` but not in ``rest``, as far as that goes."""
    # Imported here: it brings all that plans, and a restore at boot takes nothing away.
    from .transaction import apply

    keep_going(Context(fs, host=host), apply.prepare(fs, rest, have).plan.steps, observer)


def clear_part(
    fs: WriteFS,
    want: Config,
    observer: Observer | None = None,
    have: Config | None = None,
    *,
    host: HostFiles = _HOST,
) -> Outcome:
    """Take the targets and storage objects away that ``want`` will make again.

    What exports such a storage object elsewhere keeps it: the object stays as it is. ``have``
    is as for ``clear``.
    """
    if have is not None:
        _take_away(fs, have, _without(have, want), observer, host)
    there = TopologyReader(fs).topology()
    running = there.config.targets
    held = _exported(there.config, want.targets)
    steps = [
        purge.target(Reader(fs), FABRICS[fabric], wwn)
        for fabric, wwn in want.targets
        if (fabric, wwn) in running
    ]
    free = [
        purge.storage_object(key, path)
        for key, path in there.storage_objects
        if key in want.storage_objects and key not in held
    ]
    return keep_going(Context(fs, host=host), chain(*steps, free), observer)


def _without(have: Config, want: Config) -> Config:
    """``have`` without the targets of ``want``, and its storage objects nobody else exports."""
    held = _exported(have, want.targets)
    objects = {
        key: so
        for key, so in have.storage_objects.items()
        if key not in want.storage_objects or key in held
    }
    targets = {key: item for key, item in have.targets.items() if key not in want.targets}
    return replace(have, storage_objects=objects, targets=targets)


def _exported(config: Config, but: Container[tuple[str, str]]) -> set[tuple[str, str]]:
    """The storage objects that targets export, but for some of these."""
    return {
        lun.storage_object
        for key, target in config.targets.items()
        if key not in but
        for tpg in target.tpgs.values()
        for lun in tpg.luns.values()
    }
