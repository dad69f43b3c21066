# SPDX-License-Identifier: Apache-2.0
"""Whether the file system of a file can punch holes (fallocate(2))."""

from __future__ import annotations

import errno
import os
from contextlib import suppress

# linux/falloc.h
_KEEP_SIZE, _PUNCH_HOLE = 1, 2
_LENGTH = 4096


def can_punch(path: str) -> bool:
    """Return False if the file system of a file cannot release a part of it.

    True if it can, or if that cannot be found out. No data is changed: the hole is punched into an
    unnamed file beside it or, where the file system has none, behind the end of the file itself.
    """
    with suppress(OSError):
        handle = os.open(os.path.dirname(path) or ".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC)
        return _punches(handle)
    with suppress(OSError):
        return _punches(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    return True


def _punches(handle: int) -> bool:
    # Imported here: os.posix_fallocate has no mode, and few storage objects need it.
    import ctypes

    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        libc = ctypes.CDLL(None, use_errno=True)
        place = ctypes.c_longlong(end), ctypes.c_longlong(_LENGTH)
        failed = libc.fallocate64(handle, _KEEP_SIZE | _PUNCH_HOLE, *place)
        return not failed or ctypes.get_errno() != errno.EOPNOTSUPP
    finally:
        os.close(handle)
