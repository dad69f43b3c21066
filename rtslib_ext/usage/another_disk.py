# SPDX-License-Identifier: Apache-2.0
"""Storage objects whose path leads to another disk than the saved one."""

from __future__ import annotations

from collections.abc import Mapping

from ..config.model import Config, Key


def of_config(want: Config, identities: Mapping[str, Mapping[str, str]]) -> dict[Key, str]:
    """Return the storage objects whose device is not the saved one, and the difference.

    ``identities`` are those of the saved devices, by shell path (host.disk_identity).
    """
    if not identities:
        return {}
    # Imported here: files of other tools record no identities.
    from ..host import disk_identity

    others = {}
    for key, so in want.storage_objects.items():
        saved, device = identities.get(so.path), so.backing.udev_path
        text = disk_identity.difference(saved, disk_identity.read(device)) if saved else ""
        if text:
            others[key] = f"{device} is not the device that was saved: {text}"
    return others
