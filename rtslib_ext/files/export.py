# SPDX-License-Identifier: Apache-2.0
"""Write a file that a user asked for, such as a drawing: the whole of it, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from ..errors import LioError, reason
from . import atomic, trusted

_MODE = 0o666


def write(path: str, data: bytes | Iterable[bytes], mode: int | None = None) -> None:
    """Write data to an absolute path, in place of an older file.

    ``mode`` is by default as of the umask. The directory must exist. Raises LioError, which leaves
    the older file; Untrusted if that is of another user or no regular file, or if others could
    replace the new one.
    """
    try:
        with trusted.directory(path) as (folder, name):
            trusted.check_directory(folder, os.path.dirname(path))
            with suppress(FileNotFoundError):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                trusted.check_replaceable(status, path)
            temporary = f".{name}.{os.getpid()}"
            mode = _MODE & ~_umask() if mode is None else mode
            atomic.replace_in(folder, name, data, mode, temporary=temporary)
    except OSError as err:
        raise LioError(f"{path} cannot be written: {reason(err)}") from err


def _umask() -> int:
    # The only system call that reads it also sets it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
