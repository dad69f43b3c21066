# SPDX-License-Identifier: Apache-2.0
"""Determine from configfs whether an operation took effect, after a crash."""

from __future__ import annotations

import os

from ..kernel import paths
from ..kernel.abi import NO_CREDENTIAL
from ..kernel.configfs import ReadFS
from .context import Operation
from .host_files import MakeFile, RemoveFile
from .operations import (
    BestEffort,
    Link,
    Mkdir,
    RemoveLinked,
    RemoveTree,
    Rmdir,
    RmdirOverLuns,
    Unlink,
    Write,
)

# The id of a group can be set only once, and reads back once it was set (target_core_alua.c,
# core_alua_set_lu_gp_id, core_alua_set_tg_pt_gp_id).
_ONCE = ("lu_gp_id", "tg_pt_gp_id")


def is_done(fs: ReadFS, operation: Operation) -> bool | None:
    """Return whether an operation was performed; None if unknown, and it may be repeated."""
    match operation:
        case Mkdir():
            return fs.is_dir(operation.directory)
        case Rmdir() | RmdirOverLuns() | RemoveLinked() | RemoveTree():
            return not fs.is_dir(operation.directory)
        case Link():
            return fs.exists(operation.link)
        case Unlink():
            return not fs.exists(operation.link)
        case Write():
            return _holds(fs, operation)
        case BestEffort():
            return is_done(fs, operation.operation)
        case MakeFile():
            return os.path.exists(operation.file)
        case RemoveFile():
            return not os.path.exists(operation.file)
    return None


def _holds(fs: ReadFS, write: Write) -> bool | None:
    """Return True if the value reads back; None if unknown: some files show another text."""
    text = fs.read_if_there(write.file)
    if paths.name_of(write.file) in _ONCE:
        return bool(text)
    cleared = write.value == NO_CREDENTIAL and not text
    # vpd_unit_serial has a label before it.
    labelled = text is not None and text.endswith(f": {write.value}")
    return True if cleared or text == write.value or labelled else None
