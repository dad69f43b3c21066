# SPDX-License-Identifier: Apache-2.0
"""Persistent reservations that move with their disks, on storage that both hosts reach.

The kernel writes the registrations of a disk to ``pr/aptpl_SERIAL`` whenever they change, if an
initiator asked for that (APTPL, SPC-4 section 5.13.5), and follows a link there
(target_core_pr.c, __core_scsi3_write_aptpl_to_file). So with a link to the shared directory, that
has them even if this host fails.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from ..config.model import Key, StorageObject
from ..errors import InvalidValue, LioError, reason
from ..files import atomic, trusted
from ..kernel.configfs import ReadFS
from ..kernel.paths import locator
from ..reading.reader import Reader
from ..usage import reservations

# The kernel limits the text of all registrations of a disk to 256 KiB (PR_APTPL_BUF_LEN).
_MOST_BYTES = 1 << 20


def bring(dbroot: str, folder: str, objects: Iterable[StorageObject]) -> dict[Key, int]:
    """Link the files of storage objects into a shared directory; return the kept registrations.

    A file that only this host has is copied first. Raises LioError, also for a directory in which
    others could place a link: the kernel writes where it leads.
    """
    if not os.path.isdir(folder):
        raise InvalidValue(f"{folder} is not a directory", hint="mount it, or name another one")
    with trusted.directory(f"{folder}/aptpl") as (handle, _):
        trusted.check_private(handle, folder)
    found = {}
    for so in objects:
        serial = so.wwn or ""
        if not serial or "/" in serial:
            continue
        try:
            _link(reservations.kept_in(dbroot, serial), f"{folder}/aptpl_{serial}")
        except (OSError, trusted.Untrusted) as err:
            why = reason(err) if isinstance(err, OSError) else str(err)
            raise LioError(f"its reservations cannot move: {why}", path=so.path) from err
        found[so.key] = len(reservations.kept(dbroot, serial))
    return found


def _link(local: str, shared: str) -> None:
    if os.path.islink(local) and os.readlink(local) == shared:
        return
    if not os.path.exists(shared):
        data = b""
        with suppress(FileNotFoundError):
            data = trusted.read(local, _MOST_BYTES)
        atomic.replace(shared, data, sync=True)
    temporary = f"{local}.temp"
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    os.symlink(shared, temporary)
    os.replace(temporary, local)


def leave(fs: ReadFS, dbroot: str) -> None:
    """Remove the links of storage objects that are gone, so that the shared directory can move.

    The registrations stay there; a file of this host stays. Raises LioError.
    """
    pattern = glob.escape(os.path.dirname(reservations.kept_in(dbroot, ""))) + "/aptpl_*"
    links = {path for path in glob.glob(pattern) if os.path.islink(path)}
    if not links:
        return
    reader = Reader(fs)
    used = (reader.unit_serial(path) for path in reader.storage_object_paths())
    for path in links - {reservations.kept_in(dbroot, serial) for serial in used}:
        try:
            os.unlink(path)
        except OSError as err:
            raise LioError(f"{path} cannot be removed: {reason(err)}") from err


def missing(fs: ReadFS, kept: Mapping[Key, int]) -> dict[Key, int]:
    """Return how many of the kept registrations the kernel lacks, by storage object."""
    locate = locator(fs)
    found = {}
    for key, number in kept.items():
        path = locate(key)
        there = len(reservations.read(fs, path).registrants) if path and number else 0
        if there < number:
            found[key] = number - there
    return found
