# SPDX-License-Identifier: Apache-2.0
"""The link in the directory of a LUN or mapped LUN, which leads to the object behind it."""

from __future__ import annotations

import zlib

from ..errors import KernelRefused
from .configfs import ConfigfsPath, ReadFS


def default_name(folder: ConfigfsPath) -> str:
    """Return the name of the link in the directory of a LUN or mapped LUN that this library makes.

    Ten hexadecimal digits, as rtslib-fb's random names have. They follow from the path, so that
    the link can be deleted without listing the directory.
    """
    return f"{zlib.crc32(folder.encode()):010x}"


def name_in(fs: ReadFS, folder: ConfigfsPath) -> str | None:
    """Return the name of the link in the directory of a LUN or mapped LUN; None without one."""
    try:
        return next((entry.name for entry in fs.scan(folder) if entry.kind == "link"), None)
    except KernelRefused:
        # It was deleted meanwhile.
        fs.note_missing()
        return None


def link_in(fs: ReadFS, folder: ConfigfsPath) -> tuple[str, ConfigfsPath] | None:
    """Return (alias, target) of the link in the directory of a LUN or mapped LUN, or None."""
    if target := target_of_default(fs, folder):
        return default_name(folder), target
    alias = name_in(fs, folder)
    try:
        return (alias, fs.readlink(f"{folder}/{alias}")) if alias else None
    except KernelRefused:
        return None


def target_of_default(fs: ReadFS, folder: ConfigfsPath) -> ConfigfsPath | None:
    """Return the target of the link that has the default name; None without one: one call."""
    try:
        return fs.readlink(f"{folder}/{default_name(folder)}")
    except KernelRefused:
        return None
