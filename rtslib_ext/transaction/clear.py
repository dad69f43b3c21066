# SPDX-License-Identifier: Apache-2.0
"""Clear the running configuration, or the part of it that a restore creates again.

Only names are read, so it is fast, and imports little: a service that stops waits for it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import chain

from ..config.model import Config
from ..fabrics import FABRICS
from ..fast_dataclasses import replace
from ..kernel import paths
from ..kernel.configfs import ReadFS, WriteFS
from ..kernel.host_files import HostFiles, RealHostFiles
from ..plan import purge
from ..reading.reader import Reader
from ..steps import Context, Step
from .executor import Observer, Outcome, keep_going

_HOST = RealHostFiles()


def everything(
    fs: WriteFS,
    observer: Observer | None = None,
    have: Config | None = None,
    *,
    host: HostFiles = _HOST,
) -> Outcome:
    """Delete the whole running configuration, as far as possible; the outcome names the failures.

    With ``have``, the running configuration, the deletions can be undone later, except those of
    objects that are not in it, such as incomplete ones.
    """
    if have is not None:
        keep_going(Context(fs, host=host), planned(fs, have, None), observer)
    outcome = keep_going(Context(fs, host=host), purge.everything(Reader(fs)), observer)
    for name in fs.directories(paths.CORE):
        # Empty directories that a killed process left.
        if paths.split_hba(name) and not fs.directories(paths.hba(name)):
            fs.rmdir(paths.hba(name))
    return outcome


def planned(fs: ReadFS, have: Config, want: Config | None) -> Sequence[Step]:
    """Return the steps that delete ``have``, or what ``part`` deletes of it for ``want``."""
    # Imported here, as in ``part``: most often everything is cleared, without a plan.
    from . import planning

    rest = Config() if want is None else _without(have, want)
    return planning.planned(fs, have, rest).steps


def part(
    fs: WriteFS,
    want: Config,
    observer: Observer | None = None,
    have: Config | None = None,
    *,
    host: HostFiles = _HOST,
) -> Outcome:
    """Delete the targets and storage objects that ``want`` recreates.

    A storage object that other targets export is kept. ``have`` is as for ``everything``.
    """
    if have is not None:
        keep_going(Context(fs, host=host), planned(fs, have, want), observer)
    from ..reading.topology import TopologyReader

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
    """Return ``have`` without the targets of ``want`` and storage objects only they export."""
    held = _exported(have, want.targets)
    objects = {
        key: so
        for key, so in have.storage_objects.items()
        if key not in want.storage_objects or key in held
    }
    targets = {key: item for key, item in have.targets.items() if key not in want.targets}
    return replace(have, storage_objects=objects, targets=targets)


def _exported(config: Config, but: Container[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the storage objects that targets export, except those of some targets."""
    return {so for key, item in config.targets.items() if key not in but for so in item.exported()}
