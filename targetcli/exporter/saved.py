# SPDX-License-Identifier: Apache-2.0
"""Samples of the saved file: how much the kernel differs from it, and the devices it names."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from rtslib_ext.config import shell_paths
from rtslib_ext.config.printable import printable
from rtslib_ext.errors import LioError
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel.configfs import WriteFS

from .metrics import Chunk, chunk


@dataclass(frozen=True, slots=True)
class Files:
    """The files that are compared: the saved one, and the record of unrestored objects."""

    saved: str
    unrestored: str


def timestamp(files: Files) -> Iterator[Chunk]:
    """Yield when the configuration was saved; nothing without a file."""
    try:
        when = os.stat(files.saved).st_mtime
    except OSError:
        return
    yield chunk("lio_saved_config_timestamp_seconds", ((), when))


def unrestored(files: Files) -> tuple[list[Chunk], list[str]]:
    """Return the number of unrestored objects, and the labels of the storage objects of them.

    The number is missing if this user cannot read the record.
    """
    with suppress(FileNotFoundError):
        try:
            os.close(os.open(files.unrestored, os.O_RDONLY))
        except PermissionError:
            return [], []
    # Imported here: hosts that restored everything have no record.
    from rtslib_ext.savefile import unrestored as records

    try:
        found = records.load(files.unrestored)
    except LioError:
        return [], []
    above = f"{shell_paths.BACKSTORES}/"
    names = [printable(path.removeprefix(above)) for path in found.paths if path.startswith(above)]
    return [chunk("lio_unrestored_objects", ((), len(found.paths)))], names


def drift(fs: WriteFS, files: Files) -> list[Chunk]:
    """Return the differences from the saved file; it takes as long as the command diff.

    Nothing if there is no such file, or this user cannot read it.
    """
    # Imported here: it needs the planner.
    from rtslib_ext.reading.reader import Reader
    from rtslib_ext.savefile import disk, loads
    from rtslib_ext.savefile import unrestored as records
    from rtslib_ext.transaction import apply
    from rtslib_ext.usage import another_disk, beyond_fabric, ipv6

    from ..views import changes

    try:
        saved = loads(disk.read(files.saved), files.saved)
        have = Reader(fs).config()
        missing = records.remaining(records.load(files.unrestored), have, have.storage_objects)
        want = ipv6.fit(beyond_fabric.leave_out(saved.config)[0])[0]
        plan = apply.prepare(fs, want, records.keep(have, missing)).plan
        changed = another_disk.of_config(saved.config, saved.identities)
    except LioError:
        return []
    labels = (
        (printable("/".join(key)), int(key in changed)) for key in saved.config.storage_objects
    )
    return [
        chunk("lio_saved_config_drift", ((), len(changes.of_plan(plan)))),
        chunk("lio_backing_device_changed", *(((name,), value) for name, value in labels)),
    ]


class Background:
    """The differences, compared again and again while the exporter serves."""

    def __init__(self, fs: WriteFS, files: Files, every: float) -> None:
        self._fs, self._files, self._every = fs, files, every
        self.chunks: list[Chunk] = []

    def start(self) -> None:
        """Compare now, and then after each interval, until the program ends."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            self.chunks = drift(self._fs, self._files)
            time.sleep(self._every)
