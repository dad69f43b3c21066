# SPDX-License-Identifier: Apache-2.0
"""Replace a file atomically: a reader finds the old content or the new one, never a part."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress


class NotDurable(OSError):
    """The file has its new content, but a power failure may restore the old one."""


def replace(
    path: str,
    data: bytes | Iterable[bytes],
    mode: int = 0o600,
    *,
    sync: bool = False,
    temporary: str = "",
) -> None:
    """Write a file under a temporary name in its directory, then rename it to ``path``.

    The file has ``mode`` before its first byte is written. With ``sync``, content and name are on
    disk on return. A symbolic link at ``path`` is replaced, not followed. ``temporary`` is
    ``path`` with ``.temp`` unless given: callers of one path must hold a lock, or give names that
    differ. Raises NotDurable if only the name is not on disk; OSError for any other failure,
    which leaves the old file in place and no temporary one.
    """
    temporary = temporary or f"{path}.temp"
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    try:
        _write_new(temporary, [data] if isinstance(data, bytes) else data, mode, sync)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    if sync:
        _sync_directory(os.path.dirname(path))


def _write_new(path: str, pieces: Iterable[bytes], mode: int, sync: bool) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(handle, "wb") as file:
        file.writelines(pieces)
        if sync:
            file.flush()
            os.fsync(handle)


def _sync_directory(path: str) -> None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as err:
        raise NotDurable(*err.args) from err
