# SPDX-License-Identifier: Apache-2.0
"""Refusals on the host: backing files that cannot be created."""

from __future__ import annotations

from errno import (
    EACCES,
    EDQUOT,
    EFBIG,
    ELOOP,
    ENOENT,
    ENOSPC,
    ENOTDIR,
    EPERM,
    EROFS,
)

from .refusal import Refusal

_CREATE = "create a fileio backstore with a new file"
_ANY = r"(?P<device>/.*)"

ROWS = (
    Refusal(
        "folder-missing",
        _CREATE,
        "open",
        _ANY,
        (ENOENT,),
        "its directory does not exist",
        "mkdir -p {folder}",
    ),
    Refusal(
        "folder-is-file",
        _CREATE,
        "open",
        _ANY,
        (ENOTDIR,),
        "a part of the path is a file, not a directory",
        "use another path; namei {device} shows which part",
    ),
    Refusal(
        "links-in-circle",
        _CREATE,
        "open",
        _ANY,
        (ELOOP,),
        "a part of the path is a symbolic link to itself",
        "use another path; namei {device} shows which part",
    ),
    Refusal(
        "folder-read-only",
        _CREATE,
        "open",
        _ANY,
        (EROFS,),
        "its file system is mounted read-only",
        "mount -o remount,rw {mountpoint}",
    ),
    Refusal(
        "folder-immutable",
        _CREATE,
        "open",
        _ANY,
        (EACCES, EPERM),
        "its directory does not allow new files",
        "chattr -ia {folder} removes flags against that; lsattr -d and ls -ld {folder} show why",
    ),
    Refusal(
        "no-room",
        f"{_CREATE} and sparse=false",
        "fallocate",
        _ANY,
        (ENOSPC, EDQUOT),
        "{free} bytes are free in the file system of {mountpoint}",
        "use a smaller size, or omit sparse=false to allocate blocks only when they are written",
    ),
    Refusal(
        "file-too-large",
        _CREATE,
        "(?:ftruncate|fallocate|open)",
        _ANY,
        (EFBIG,),
        "the file system of {mountpoint} does not support files of this size",
        "use a smaller size, or a file system such as xfs",
    ),
)
