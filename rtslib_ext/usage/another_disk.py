# SPDX-License-Identifier: Apache-2.0
"""Storage objects whose path leads to another disk or file than the saved one."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress

from ..config.backing import FileIO
from ..config.model import Config, Key, StorageObject
from ..files import placement
from ..files.placement import Placement
from ..files.trusted import Untrusted


def of_config(want: Config, identities: Mapping[str, Mapping[str, str]]) -> dict[Key, str]:
    """Return the storage objects whose device is not the saved one, and the difference.

    ``identities`` are those of the saved devices, by shell path (host.disk_identity).
    """
    safe: set[str] = set()
    found = (
        (key, of_object(so, identities.get(so.path), safe))
        for key, so in want.storage_objects.items()
    )
    return {key: text for key, text in found if text}


def placed(want: Config, identities: Mapping[str, Mapping[str, str]]) -> dict[Key, str]:
    """Return the files without an identity that other users may have placed, and why.

    Those are objects of a save file that another tool or a user wrote: no user was asked yet.
    """
    safe: set[str] = set()
    texts = {}
    for key, so in want.storage_objects.items():
        if not identities.get(so.path) and (found := placed_by(so, safe)):
            texts[key] = found.text
    return texts


def placements(want: Config) -> dict[Key, str]:
    """Return the other users that may have placed the files of a configuration, where any may."""
    safe: set[str] = set()
    found = {key: placed_by(so, safe) for key, so in want.storage_objects.items()}
    return {key: one.by for key, one in found.items() if one}


def placed_by(so: StorageObject, safe: set[str] | None = None) -> Placement | None:
    """Return the other users that may have placed the file of a storage object, if any may.

    A link that they placed is refused elsewhere.
    """
    if isinstance(so.backing, FileIO):
        with suppress(Untrusted):
            return placement.find(so.backing.dev, safe)
    return None


def of_object(
    so: StorageObject, saved: Mapping[str, str] | None, safe: set[str] | None = None
) -> str:
    """Return why the device or file of an object is not the saved one; "" if it may be."""
    path = so.backing.udev_path
    wrong = _of_another_kind(so) or _placed(so, saved, safe)
    if wrong or not saved:
        # Files of other tools record no identities.
        return wrong or _short(so)
    # Imported here, as only files with identities need it.
    from ..host import disk_identity

    text = disk_identity.difference(saved, disk_identity.read(path, safe), path)
    kind = "file" if "mount" in saved else "device"
    return f"{path} is not the {kind} that was saved: {text}" if text else ""


def _of_another_kind(so: StorageObject) -> str:
    """Return why a path leads to no file for fileio; the kernel would serve a pipe as well."""
    try:
        mode = os.stat(so.backing.dev).st_mode if isinstance(so.backing, FileIO) else None
    except (OSError, ValueError):
        return ""
    # The kernel refuses the other kinds.
    if mode is None or not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        return ""
    path = so.backing.udev_path
    return f"{path} is not the file that was saved: it is neither a file nor a block device"


def _placed(so: StorageObject, saved: Mapping[str, str] | None, safe: set[str] | None) -> str:
    """Return that others may have placed a link, or a file that they had not when it was saved."""
    path = so.backing.udev_path
    try:
        found = placement.find(path, safe)
    except Untrusted as err:
        return str(err)
    if found is None or not saved or "mount" not in saved:
        return ""
    from ..host import disk_identity

    if found.by == saved.get(disk_identity.PLACED_BY):
        return ""
    return f"{path} is not the file that was saved: {found.text}"


def _short(so: StorageObject) -> str:
    """Return why a file is too short for its object, of which the kernel would serve zeros."""
    backing = so.backing
    if not isinstance(backing, FileIO) or not backing.size or not os.path.isfile(backing.dev):
        return ""
    size = os.path.getsize(backing.dev)
    if size >= backing.size:
        return ""
    return f"{backing.dev} is not the file that was saved: it has {size} of {backing.size} bytes"
