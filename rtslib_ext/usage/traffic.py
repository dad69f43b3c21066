# SPDX-License-Identifier: Apache-2.0
"""Targets whose initiators send commands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from ..config import shell_paths
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..reading.reader import Reader
from . import unlisted

# An initiator that sends nothing for so long has nothing in flight; path checkers poll every few
# seconds.
IDLE_SECONDS = 1.0

Commands = Mapping[ShellPath, tuple[str | None, ...]]
"""The numbers of commands that the LUNs of targets have received, by the shell path of a target."""


def commands(fs: ReadFS, lun: ConfigfsPath) -> str | None:
    """Return how many commands the LUN at a configfs path received; None if unknown.

    target_core_stat.c, target_stat_tgt_port_in_cmds_show: the count of this LUN alone, while
    that of its storage object includes the commands of other LUNs.
    """
    return fs.read_if_there(f"{lun}/statistics/scsi_tgt_port/in_cmds")


def of_targets(reader: Reader) -> Commands:
    """Return the commands received by each target that has LUNs, and may have initiators.

    An iSCSI target without a session has none. Other fabrics do not list all their sessions.
    """
    found = {}
    for name, fabric in FABRICS.items():
        for wwn in reader.target_wwns(fabric):
            if name == "iscsi" and not unlisted.count(reader, wwn):
                continue
            numbers = tuple(_of_luns(reader, paths.target(fabric, wwn)))
            if numbers:
                found[shell_paths.target(name, wwn)] = numbers
    return found


def _of_luns(reader: Reader, target: ConfigfsPath) -> Iterator[str | None]:
    for tag in reader.tags(target):
        tpg = paths.child(target, f"tpgt_{tag}")
        for index in reader.lun_indexes(tpg):
            yield commands(reader.fs, paths.lun(tpg, index))


def busy(before: Commands, now: Commands) -> list[ShellPath]:
    """Return the targets that received commands between two calls of of_targets()."""
    return [path for path, numbers in now.items() if numbers != before.get(path)]


def until_idle(
    read: Callable[[], Commands], end: float, pause: Callable[[Commands], object]
) -> None:
    """Return when no target received a command for IDLE_SECONDS, or at ``end``.

    ``read`` returns the commands of the targets concerned, ``end`` is a time of time.monotonic().
    ``pause`` waits between two calls of ``read``; it gets the result of the first.
    """
    before, since = read(), time.monotonic()
    while before and time.monotonic() - since < IDLE_SECONDS and time.monotonic() < end:
        pause(before)
        now = read()
        if busy(before, now):
            since = time.monotonic()
        before = now
