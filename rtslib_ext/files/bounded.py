# SPDX-License-Identifier: Apache-2.0
"""Read and unpack data that others may control, up to a limit; ``trusted`` opens the files."""

from __future__ import annotations

import errno
import os
import select
import zlib

# zlib(3), inflateInit2: the largest window, in the format of gzip.
GZIP = 16 + 15
# Bytes to read at once.
_AT_ONCE = 1 << 20


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


def _too_large(path: str, most: int) -> OSError:
    return OSError(errno.EFBIG, f"it has more than {most:,} bytes", path)
