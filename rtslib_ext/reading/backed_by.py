# SPDX-License-Identifier: Apache-2.0
"""The file or device behind a storage object, also of one that another tool created."""

from __future__ import annotations

from ..config import backing
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS

_ON_DEVICES: dict[str, type[backing.Backing]] = {
    kind.plugin: kind for kind in (backing.Block, backing.FileIO, backing.Pscsi)
}


def device(fs: ReadFS, storage_object: ConfigfsPath) -> str:
    """Return the path of a storage object's file or device; "" if it has none.

    Only user space writes the file ``udev_path``. Where a script did not, ``info`` has the device.
    """
    held = fs.read_if_there(f"{storage_object}/udev_path")
    if held:
        return held
    key = paths.key_of_storage_object(storage_object)
    kind = _ON_DEVICES.get(key[0]) if key else None
    if kind is None:
        return ""
    text = fs.read_if_there(f"{storage_object}/info") or ""
    return kind.from_info(backing.Info(text, "", {})).udev_path
