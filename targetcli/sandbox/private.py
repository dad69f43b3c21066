# SPDX-License-Identifier: Apache-2.0
"""Directories and files of a sandbox that no other user can have placed, or can replace.

What they contain is run, read as the program's environment, or written to: a link that another user
planted in it would let the sandbox write to any file of its user.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from rtslib_ext.files import trusted


def directory(folder: Path) -> None:
    """Create a directory if it is missing; refuse one that other users can change or replace.

    Raises Untrusted, OSError.
    """
    with trusted.directory(f"{folder}/new", create=True) as (handle, _):
        trusted.check_private(handle, str(folder))
        real = Path(os.readlink(f"/proc/self/fd/{handle}"))
    for parent in real.parents:
        above = os.open(parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            trusted.check_directory(above, str(parent))
        finally:
            os.close(above)


def part(folder: Path) -> None:
    """Create a directory in a private one. Raises Untrusted for another user's link, OSError."""
    trusted.make_directory(str(folder))


def empty(folder: Path) -> None:
    """Create an empty directory in a private one; delete an old one. Raises OSError."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.unlink()
    folder.mkdir(mode=0o700)


def new_file(path: Path) -> int:
    """Return a descriptor of a new file in a private directory, which replaces an old one."""
    with suppress(FileNotFoundError):
        path.unlink()
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
