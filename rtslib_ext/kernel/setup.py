# SPDX-License-Identifier: Apache-2.0
"""Prerequisites of configuring the kernel: configfs, the target core, its directories."""

from __future__ import annotations

import os
from contextlib import suppress

from ..errors import KernelRefused, LioError
from ..host import system
from .configfs import ConfigfsPath, ReadFS, WriteFS

_TREE = ConfigfsPath("")
_CORE = "target_core_mod"
DBROOT = "/etc/target"
# target_core_pr.c and target_core_alua.c write into these directories of it, and create none.
# Without pr, the kernel refuses each registration (NOT READY) and nevertheless registers.
_FOLDERS = ("pr", "alua")
_DEFAULT_DBROOT = "/var/target"


def prepare(fs: WriteFS) -> None:
    """Mount configfs, load the target core and set its directory for metadata.

    Raises LioError if this kernel has no SCSI target. An unusable directory is no error: only the
    metadata of ALUA and persistent reservations would be lost.
    """
    if not fs.is_dir(_TREE):
        system.mount_configfs(os.path.dirname(fs.absolute(_TREE)))
        if not fs.is_dir(_TREE):
            system.load_module(_CORE)
        if not fs.is_dir(_TREE):
            raise LioError(
                "this kernel has no SCSI target", hint="targetcli --sandbox runs one that has it"
            )
    _set_dbroot(fs)


def require_readable(fs: ReadFS) -> None:
    """Raise LioError if no configuration can be read: without this, it would look empty.

    A kernel that can load the target core, but has not yet, has an empty configuration.
    """
    if fs.is_dir(_TREE):
        return
    mount = os.path.dirname(fs.absolute(_TREE))
    if not system.has_module(_CORE):
        raise LioError(
            "this kernel has no SCSI target", hint="targetcli --sandbox runs one that has it"
        )
    if os.path.isdir(mount) and not os.path.ismount(mount):
        raise LioError(
            f"configfs is not mounted at {mount}, so the configuration cannot be read",
            hint=f"mount -t configfs none {mount}",
        )
    if system.is_loaded(_CORE):
        raise LioError(
            f"the target is loaded, but {fs.absolute(_TREE)} does not exist",
            hint="in a container, make the host's configfs visible",
        )


def _set_dbroot(fs: WriteFS) -> None:
    root = fs.read_if_there("dbroot")
    if root is None:
        return
    _make_folders(DBROOT)
    if root == DBROOT:
        return
    try:
        # The kernel refuses it if storage objects exist (target_core_configfs.c, db_root).
        fs.write("dbroot", DBROOT)
    except KernelRefused:
        _make_folders(root)


def _make_folders(root: str) -> None:
    """Create a directory for metadata, as far as possible, and those in it."""
    for folder in ("", *_FOLDERS):
        # They usually exist; this takes one system call for each.
        with suppress(OSError):
            os.mkdir(f"{root}/{folder}", mode=0o700)


def missing_folders(fs: ReadFS) -> list[str]:
    """Return the directories that the kernel needs for its metadata and that do not exist."""
    root = dbroot(fs)
    return [path for name in _FOLDERS if not os.path.isdir(path := f"{root}/{name}")]


def dbroot(fs: ReadFS) -> str:
    """Return the directory in which the kernel keeps its metadata."""
    return fs.read_if_there("dbroot") or _DEFAULT_DBROOT
