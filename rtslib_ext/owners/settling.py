# SPDX-License-Identifier: Apache-2.0
"""The record of the owners after a change that was killed right before its steps, or after them.

During the steps there is a journal, from which ``recover`` completes both.
"""

from __future__ import annotations

from contextlib import suppress

from ..errors import LioError
from ..kernel import paths
from ..kernel.configfs import ReadFS
from . import record, units


def is_done(fs: ReadFS, path: str) -> bool | None:
    """Return whether the change of an unfinished record was done, as the kernel shows.

    None without one. There must be no journal. A damaged record is reported by what needs it.
    """
    found = None
    with suppress(LioError):
        found = record.unfinished(path)
    return _is_done(fs, *found) if found else None


def _is_done(fs: ReadFS, before: record.Owners, after: record.Owners) -> bool:
    """Return True if the objects of a change exist as after it.

    Where they were the same before, both records are true.
    """
    locate = paths.locator(fs)

    def exists(place: str) -> bool:
        folder = units.folder(place)
        if folder is not None:
            return fs.is_dir(folder)
        (key,) = units.of_paths([place]).objects
        return locate(key) is not None

    return all(map(exists, after.keys() - before.keys())) and not any(
        map(exists, before.keys() - after.keys())
    )
