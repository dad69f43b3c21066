# SPDX-License-Identifier: Apache-2.0
"""Read files whose content others may control: regular files only, up to a limit."""

from __future__ import annotations

import errno
import os
import stat
import zlib

# zlib(3), inflateInit2: the largest window, in the format of gzip.
_GZIP = 16 + 15


def read(path: str, most: int) -> bytes:
    """Return the content of a file.

    Raises OSError: EFBIG if it has more than ``most`` bytes, EINVAL if it is not a regular file, as
    usual otherwise. A pipe or device is not even opened: that might block, or never end.
    """
    _require_regular(path, os.stat(path).st_mode)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        # Another file may have this name by now.
        _require_regular(path, os.fstat(handle).st_mode)
        data = file.read(most + 1)
    if len(data) > most:
        raise _too_large(path, most)
    return data


def unpack(data: bytes, most: int, path: str) -> bytes:
    """Return compressed (gzip) data unpacked.

    Raises OSError EFBIG if that is more than ``most`` bytes, EOFError if it is truncated,
    zlib.error if it is damaged.
    """
    parts = []
    left = most
    while data:
        unpacker = zlib.decompressobj(_GZIP)
        parts.append(unpacker.decompress(data, left + 1))
        left -= len(parts[-1])
        if left < 0:
            raise _too_large(path, most)
        if not unpacker.eof:
            raise EOFError("truncated")
        # Another part may follow, and padding after the last one (gzip(1)).
        data = unpacker.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _require_regular(path: str, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file", path)


def _too_large(path: str, most: int) -> OSError:
    return OSError(errno.EFBIG, f"it has more than {most:,} bytes", path)
