# SPDX-License-Identifier: Apache-2.0
"""Replace a file atomically: a reader finds the old content or the new one, never a part."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from . import trusted


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

    As ``replace_in``; the directory must exist. ``temporary`` is a name.
    """
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        name = os.path.basename(path)
        replace_in(folder, name, data, mode, sync=sync, temporary=temporary)
    finally:
        os.close(folder)


def replace_in(
    folder: int,
    name: str,
    data: bytes | Iterable[bytes],
    mode: int = 0o600,
    *,
    sync: bool = False,
    temporary: str = "",
) -> None:
    """Write a file under a temporary name in a directory, then rename it to ``name``.

    ``folder`` is a descriptor. The file has ``mode`` before its first byte is written, under any
    umask. With ``sync``, the content is on disk before the name, and both are on return. A
    symbolic link at ``name`` is replaced, not followed. ``temporary`` is ``name`` with ``.temp``
    unless given: callers of one name must hold a lock, or give names that differ. Raises NotDurable
    if only the name is not on disk; OSError for any other failure, which leaves the old file in
    place and no temporary one.
    """
    temporary = temporary or f"{name}.temp"
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    pieces = [data] if isinstance(data, bytes) else data
    try:
        _write_new(folder, temporary, pieces, mode, sync)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    if sync:
        sync_name(folder)


def _write_new(folder: int, name: str, pieces: Iterable[bytes], mode: int, sync: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, mode, dir_fd=folder)
    with open(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.writelines(pieces)
        if sync:
            file.flush()
            os.fsync(handle)


def sync_name(folder: int) -> None:
    """Wait until the names in a directory are on disk; raise NotDurable."""
    try:
        trusted.sync_directory(folder)
    except OSError as err:
        raise NotDurable(*err.args) from err
