# SPDX-License-Identifier: Apache-2.0
"""The users that may have placed a file or device that root is about to export.

The kernel opens it by its path and follows every link. So a link that others may have placed is
refused, and so is one that they could place before the kernel looks, unless the user accepts that.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from typing import NamedTuple

from . import trusted

OTHERS = "others"
# The address of a SCSI device, in place of its path.
_ADDRESS = re.compile(r"\d+:\d+:\d+:\d+", re.ASCII)
CURE = "others can replace it, also by a link; keep it in a directory of root"


class Placement(NamedTuple):
    """Users that are not trusted may have placed a file: ``by`` is their uid, or ``OTHERS``."""

    by: str
    text: str


def find(path: str, safe: set[str] | None = None) -> Placement | None:
    """Return the other users that may have placed a file or device; None if only trusted ones.

    The file may be a new one, which they could replace by a link.

    ``safe`` collects the directories in which only trusted users can place something, so that
    many files of one directory cost one look each. Raises Untrusted for a link that others may
    have placed. A path that leads nowhere is None: opening it reports that.
    """
    if _ADDRESS.fullmatch(path):
        return None
    if not path.startswith("/"):
        # The kernel opens it from here, too.
        with suppress(FileNotFoundError):
            path = os.path.abspath(path)
    if safe is not None and os.path.dirname(path) in safe and not os.path.islink(path):
        return None
    walk = _Walk(path)
    try:
        # A missing directory, or one in place of a file; a circle of links.
        with suppress(OSError):
            found = _of(walk, path, walk.run())
            if safe is not None and found is None and not (walk.links or walk.is_open):
                safe.add(os.path.dirname(path))
            return found
    finally:
        walk.close()
    return None


class _Walk(trusted.Walk):
    """A walk that notes the first directory in which others can replace files."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.replaceable: Placement | None = None
        self.is_open = False
        self.entered()

    def entered(self) -> None:
        status = os.fstat(self.handle)
        self.is_open = trusted.is_open_to_others(status)
        if not self.is_open or self.replaceable:
            return
        if status.st_uid not in trusted.trusted_users():
            by, who = str(status.st_uid), trusted.user(status)
            self.replaceable = Placement(by, f"the directory {self.shown()} belongs to {who}")
        elif not status.st_mode & stat.S_ISVTX:
            text = f"others can write to the directory {self.shown()}"
            self.replaceable = Placement(OTHERS, text)


def _of(walk: _Walk, path: str, name: str) -> Placement | None:
    try:
        status = os.stat(name, dir_fd=walk.handle, follow_symlinks=False)
    except FileNotFoundError:
        return walk.replaceable
    if not walk.is_open or not stat.S_ISREG(status.st_mode):
        return walk.replaceable
    if status.st_uid not in trusted.trusted_users():
        return Placement(str(status.st_uid), f"{path} belongs to {trusted.user(status)}")
    if status.st_nlink > 1 and not walk.replaceable:
        folder = walk.shown()
        text = f"{path} has {status.st_nlink} names, and others can create names in {folder}"
        return Placement(OTHERS, text)
    return walk.replaceable
