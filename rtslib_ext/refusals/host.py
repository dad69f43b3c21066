# SPDX-License-Identifier: Apache-2.0
"""Refusals of files of the host: backing files that cannot be made."""

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
        "its folder is not there",
        "mkdir -p {folder}",
    ),
    Refusal(
        "folder-is-file",
        _CREATE,
        "open",
        _ANY,
        (ENOTDIR,),
        "a part of the path is a file, not a folder",
        "namei {device} shows which part",
    ),
    Refusal(
        "links-in-circle",
        _CREATE,
        "open",
        _ANY,
        (ELOOP,),
        "a part of the path is a symbolic link that leads back to itself",
        "namei {device} shows which part",
    ),
    Refusal(
        "folder-read-only",
        _CREATE,
        "open",
        _ANY,
        (EROFS,),
        "its file system is mounted read only",
        "mount -o remount,rw {mountpoint}",
    ),
    Refusal(
        "folder-immutable",
        _CREATE,
        "open",
        _ANY,
        (EACCES, EPERM),
        "its folder takes no new files",
        "lsattr -d and ls -ld {folder} show why; chattr -ia {folder} takes such flags away",
    ),
    Refusal(
        "no-room",
        f"{_CREATE} and sparse=false",
        "fallocate",
        _ANY,
        (ENOSPC, EDQUOT),
        "{free} bytes are free in the file system of {mountpoint}",
        "make it smaller, or leave sparse=false out: such a file takes only what is written to it",
    ),
    Refusal(
        "file-too-large",
        _CREATE,
        "(?:ftruncate|fallocate|open)",
        _ANY,
        (EFBIG,),
        "the file system of {mountpoint} has no files of this size",
        "make it smaller, or use a file system such as xfs",
    ),
)
