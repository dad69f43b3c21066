# SPDX-License-Identifier: Apache-2.0
"""What must be there before the kernel can be configured: configfs, the core, its folder."""

from __future__ import annotations

import os
from contextlib import suppress

from ..errors import KernelRefused, LioError
from ..host import system
from .configfs import ReadFS, WriteFS

DBROOT = "/etc/target"
# target_core_pr.c and target_core_alua.c write into the two below it, and do not make them.
_FOLDERS = (DBROOT, f"{DBROOT}/pr", f"{DBROOT}/alua")
_DEFAULT_DBROOT = "/var/target"


def prepare(fs: WriteFS) -> None:
    """Mount configfs, load the core and tell it where it may keep its files.

    Raises LioError where this kernel has no SCSI target. A folder that cannot be used never
    stops anything: only ALUA and reservation metadata would be lost.
    """
    if not fs.is_dir(""):
        system.mount_configfs(os.path.dirname(fs.absolute("")))
        if not fs.is_dir(""):
            system.load_module("target_core_mod")
        if not fs.is_dir(""):
            raise LioError(
                "this kernel has no SCSI target", hint="targetcli --sandbox brings one that has"
            )
    _set_dbroot(fs)


def _set_dbroot(fs: WriteFS) -> None:
    root = fs.read_if_there("dbroot")
    if root is None:
        return
    for folder in _FOLDERS:
        # Mostly they are there; this is one system call for each.
        with suppress(OSError):
            os.mkdir(folder, mode=0o700)
    if root == DBROOT:
        return
    with suppress(KernelRefused):
        # Refused when storage objects exist already (target_core_configfs.c, db_root).
        fs.write("dbroot", DBROOT)


def dbroot(fs: ReadFS) -> str:
    """The folder in which the kernel keeps its own files."""
    return fs.read_if_there("dbroot") or _DEFAULT_DBROOT
