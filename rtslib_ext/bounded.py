# SPDX-License-Identifier: Apache-2.0
"""Read files whose content others may control: regular files only, up to a limit."""

from __future__ import annotations

import errno
import os
import select
import stat
import zlib

# zlib(3), inflateInit2: the largest window, in the format of gzip.
GZIP = 16 + 15
# Bytes to read at once.
_AT_ONCE = 1 << 20


def read(path: str, most: int) -> bytes:
    """Return the content of a file.

    Raises OSError: EFBIG if it has more than ``most`` bytes, EINVAL if it is not a regular file, as
    usual otherwise. A pipe or device is not even opened: that might block, or never end.
    """
    _require_regular(path, os.stat(path).st_mode)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        # Another file may have this name by now.
        _require_regular(path, os.fstat(handle).st_mode)
        return from_descriptor(handle, path, most)
    finally:
        os.close(handle)


def from_descriptor(handle: int, path: str, most: int, seconds: float | None = None) -> bytes:
    """Return the rest of an open file or pipe.

    Raises OSError: EFBIG if it has more than ``most`` bytes, ETIMEDOUT if a pipe has no data for
    ``seconds`` (None: for ever).
    """
    pieces: list[bytes] = []
    left = most
    while left >= 0:
        if seconds is not None and not select.select([handle], [], [], seconds)[0]:
            raise OSError(errno.ETIMEDOUT, f"no data for {seconds:g} seconds", path)
        pieces.append(os.read(handle, min(left + 1, _AT_ONCE)))
        left -= len(pieces[-1])
        if not pieces[-1]:
            return b"".join(pieces)
    raise _too_large(path, most)


def unpack(data: bytes, most: int, path: str) -> bytes:
    """Return compressed (gzip) data unpacked.

    Raises OSError EFBIG if that is more than ``most`` bytes, EOFError if it is truncated,
    zlib.error if it is damaged.
    """
    parts = []
    left = most
    while data:
        unpacker = zlib.decompressobj(GZIP)
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
