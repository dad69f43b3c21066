# SPDX-License-Identifier: Apache-2.0
"""Restore a saved configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from .config import shell_paths
from .config.backing import FileIO
from .config.model import Config, Key, StorageObject
from .errors import Exists, InvalidValue, LioError, NotFound
from .fabrics import FABRICS
from .fast_dataclasses import replace
from .kernel import paths
from .kernel.configfs import ReadFS, WriteFS
from .kernel.host_files import HostFiles, RealHostFiles
from .reading.reader import Reader
from .reading.topology import Topology, TopologyReader
from .steps import Action, Context, Step
from .steps.context import Operation
from .steps.host_files import MakeFile
from .steps.operations import Fail
from .steps.step import SET
from .transaction import creation
from .transaction.executor import Observer, Outcome, keep_going
from .usage import another_disk

if TYPE_CHECKING:
    from .savefile.unrestored import Unrestored

_HOST = RealHostFiles()
_NONE: Mapping[Key, LioError] = MappingProxyType({})


def select(config: Config, target: str | None, storage_object: str | None) -> Config:
    """Return the part of a configuration that restores one target or storage object, or both.

    A target includes the storage objects that it exports. Raises NotFound.
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
            raise NotFound(f"the file has no target {target}")
        needed = {so for item in targets.values() for so in item.exported()}
        objects = {key: so for key, so in config.storage_objects.items() if key in needed}
    if storage_object:
        named = {
            key: so
            for key, so in config.storage_objects.items()
            if storage_object in (key[1], f"{key[0]}/{key[1]}", so.path)
        }
        if not named:
            raise NotFound(f"the file has no storage object {storage_object}")
        objects = {**objects, **named}
    return replace(of_objects(config, objects), targets=targets)


def of_objects(config: Config, objects: Mapping[Key, StorageObject]) -> Config:
    """Return these storage objects of a configuration and their logical unit groups, alone."""
    named = {so.lu_group for so in objects.values()}
    groups = {name: number for name, number in config.lu_groups.items() if name in named}
    return Config(storage_objects=dict(objects), lu_groups=groups)


_EXISTS = "apply changes only the differences; clear_existing=true deletes it first"


def conflicts(fs: ReadFS, want: Config) -> None:
    """Raise Exists if a storage object or target of ``want`` exists already."""
    index = paths.Index(fs)
    for plugin, name in want.storage_objects:
        if index.find(plugin, name):
            raise Exists(
                f"storageobject '{plugin}:{name}' exist not restoring",
                path=shell_paths.storage_object(plugin, name),
                hint=_EXISTS,
            )
    for fabric, wwn in want.targets:
        if fs.is_dir(paths.target(FABRICS[fabric], wwn)):
            raise Exists(
                f"target with wwn {wwn} exist, not restoring",
                path=shell_paths.target(fabric, wwn),
                hint=_EXISTS,
            )


def without_present(fs: ReadFS, want: Config) -> Config:
    """Return ``want`` without the storage objects and groups that exist, which others share."""
    index = paths.Index(fs)
    missing = {key: so for key, so in want.storage_objects.items() if not index.find(*key)}
    there = Reader(fs).lu_groups() if want.lu_groups else {}
    groups = {name: number for name, number in want.lu_groups.items() if name not in there}
    return replace(want, storage_objects=missing, lu_groups=groups)


def restore(
    fs: WriteFS,
    want: Config,
    observer: Observer | None = None,
    *,
    keep: bool = False,
    there: Topology | None = None,
    host: HostFiles = _HOST,
    create_missing: bool = False,
    refused: Mapping[Key, LioError] = _NONE,
    again: Sequence[Step] = (),
    reserved: frozenset[int] = frozenset(),
    placements: Mapping[Key, str] | None = None,
) -> Outcome:
    """Create the objects of a configuration, as many as possible.

    The outcome names the failures. With ``keep``, existing objects are left unchanged, and only
    missing ones are created; ``there`` are the existing ones, if they were already read. With
    ``create_missing``, missing backing files are created, empty and sparse. ``refused`` are storage
    objects not to create, with the error; ``again`` are steps of ``retrying``, ``reserved`` as in
    ``Context``. ``placements`` are those that were found before the objects to refuse were chosen
    (usage.another_disk): a file that other users placed since is not exported. Raises LioError if
    the kernel has no target subsystem, Interrupted.
    """
    host.prepare(fs)
    if there is None:
        there = TopologyReader(fs).topology() if keep else Topology()
    context = Context(fs, host=host, reserved=reserved)
    # Imported here: most commands restore nothing.
    from .plan import demo_mode

    want, kept = demo_mode.consistent(Config(), want)

    def before(so: StorageObject) -> tuple[Operation, ...]:
        if so.key in refused:
            return (Fail(refused[so.key]),)
        if placements is not None and (error := _placed_since(context, so, placements)):
            return (Fail(error),)
        return _new_file(context, so) if create_missing else ()

    steps = creation.steps(context, want, there, before, again)
    outcome = keep_going(context, steps, observer)
    outcome.notes += [*kept, *_created(outcome)]
    return outcome


def not_set(outcome: Outcome) -> set[str]:
    """Return the names of the settings and target port groups that could not be set or created.

    The names are those of ``savefile.refused``.
    """
    steps = [*(failure.step for failure in outcome.failures), *outcome.skipped]
    settings = {f"{step.path}/{step.subject}" for step in steps if step.verb == SET}
    return settings | {step.path for step in steps if step.action is Action.CREATE}


def retrying(fs: ReadFS, have: Config, want: Config, record: Unrestored) -> Sequence[Step]:
    """Return the steps that set what earlier restores could not set in existing objects.

    ``have`` is the running configuration, ``record`` has the settings.
    """
    # Imported here: this is rare.
    from .savefile import unrestored
    from .transaction import apply

    return apply.prepare(fs, unrestored.with_refused(have, want, record), have).plan.steps


def _created(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Yield a note for each backing file that was created."""
    for step in outcome.done:
        for one in step.operations:
            if isinstance(one, MakeFile):
                text = f"{one.file} did not exist; an empty file of {one.size} bytes was created"
                yield step.path, text


def _placed_since(
    context: Context, so: StorageObject, before: Mapping[Key, str]
) -> LioError | None:
    """Return the error for a file that other users placed after the restore began."""
    found = another_disk.placed_by(so, context.safe_directories)
    if found is None or before.get(so.key) == found.by:
        return None
    return InvalidValue(
        f"{found.text}, and it was placed after the restore began",
        hint="check it; restoreconfig keep_existing=true --yes exports it",
    )


def _new_file(context: Context, so: StorageObject) -> tuple[Operation, ...]:
    """Return the operation that creates the backing file of an object if it is missing."""
    file = so.backing
    if not isinstance(file, FileIO) or not file.size or context.host.exists(file.dev):
        return ()
    if file.dev.startswith("/dev/"):
        # It would be in memory, in place of a device.
        return ()
    return (MakeFile(file.dev, file.size),)
