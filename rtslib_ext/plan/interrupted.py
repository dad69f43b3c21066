# SPDX-License-Identifier: Apache-2.0
"""Find what steps would interrupt: sessions that end or lose a LUN, reservations, active I/O.

The operations of the steps decide, not the plan that they come from. Only affected objects are
read; a plan that deletes nothing reads nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from ..config import shell_paths
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..reading.reader import Reader
from ..steps import Step
from ..usage import reservations
from ..usage.traffic import commands
from . import interrupted_sessions
from .concerned import Concerned, fabric_of, shell_path_of
from .disturbance import Disturbance

# Seconds between the two counts of commands that show whether I/O is active.
APART_SECONDS = 0.5


def of(
    fs: ReadFS, steps: Iterable[Step], sleep: Callable[[float], object] = time.sleep
) -> list[Disturbance]:
    """Return what steps would interrupt; objects that vanish meanwhile are left out.

    On LUNs of fabrics that list no sessions, I/O is detected by counting commands twice,
    APART_SECONDS apart; ``sleep`` waits for so many seconds.
    """
    concerned = Concerned()
    for step in steps:
        concerned.note(step)
    reader = Reader(fs)
    found = [
        *interrupted_sessions.of(reader, concerned),
        *_reservations(reader, concerned),
    ]
    return [*found, *_io(reader, concerned, sleep)]


# -- reservations -----------------------------------------------------------------------------


def _reservations(reader: Reader, concerned: Concerned) -> Iterator[Disturbance]:
    for storage_object, steps in concerned.objects.items():
        yield from _of_object(reader, storage_object, steps)
    for (folder, lun), steps in concerned.mapped.items():
        link = links.link_in(reader.fs, lun)
        if link and link[1] not in concerned.objects:
            initiator = fabric_of(lun).from_folder(folder)
            yield from _of_object(reader, link[1], steps, initiator)


def _of_object(
    reader: Reader, configfs: ConfigfsPath, steps: list[Step], initiator: str | None = None
) -> Iterator[Disturbance]:
    """Yield the holder and registrants of a storage object's reservation, or one of these."""
    key = paths.key_of_storage_object(configfs)
    path = shell_paths.storage_object(*key) if key else configfs
    found = reservations.read(reader.fs, configfs)
    by = tuple(steps)
    if found.holder and initiator in (None, found.holder):
        yield _losing(found.holder, path, "reservation", by)
    for name in dict.fromkeys(item.initiator for item in found.registrants):
        if name != found.holder and initiator in (None, name):
            yield _losing(name, path, "reservation key", by)


def _losing(initiator: str, path: str, lost: str, by: tuple[Step, ...]) -> Disturbance:
    text, past = (f"{initiator} {verb} its {lost} of {path}" for verb in ("would lose", "lost"))
    return Disturbance("reservation", initiator, path, text, by=by, past=past)


# -- I/O --------------------------------------------------------------------------------------


def _io(
    reader: Reader, concerned: Concerned, sleep: Callable[[float], object]
) -> Iterator[Disturbance]:
    luns = {
        lun: steps
        for lun, steps in _without_sessions(reader, concerned)
        if commands(reader.fs, lun)
    }
    if not luns:
        return
    before = {lun: commands(reader.fs, lun) for lun in luns}
    sleep(APART_SECONDS)
    for lun, steps in luns.items():
        if commands(reader.fs, lun) not in (None, before[lun]):
            tpg, index = paths.parse_lun(lun) or (lun, 0)
            path = shell_paths.lun(shell_path_of(tpg), index)
            yield Disturbance("io", "", path, f"{path} has active I/O", by=tuple(steps))


def _without_sessions(
    reader: Reader, concerned: Concerned
) -> Iterator[tuple[ConfigfsPath, list[Step]]]:
    """Yield the LUNs of fabrics that list no sessions: only iSCSI does."""
    found: dict[ConfigfsPath, list[Step]] = {}
    for lun, steps in concerned.luns.items():
        found.setdefault(lun, []).extend(steps)
    for (_, lun), steps in concerned.mapped.items():
        found.setdefault(lun, []).extend(steps)
    for tpg, steps in concerned.tpgs.items():
        if fabric_of(tpg).name != "iscsi":
            for index in reader.lun_indexes(tpg):
                found.setdefault(paths.lun(tpg, index), []).extend(steps)
    yield from ((lun, steps) for lun, steps in found.items() if fabric_of(lun).name != "iscsi")
