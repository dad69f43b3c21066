# SPDX-License-Identifier: Apache-2.0
"""What initiators see of storage objects, read from a sixth of their files."""

from __future__ import annotations

from ..config import backing
from ..config.model import StorageObject
from ..errors import KernelRefused
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from .reader import Reader

_SEEN = ("block_size", "emulate_model_alias")


def storage_object(reader: Reader, path: ConfigfsPath) -> StorageObject | None:
    """Return a storage object with its backing, identity, and the attributes that they need.

    It has no others, and no ALUA groups. None if it was deleted or never enabled.
    """
    key = paths.key_of_storage_object(path)
    fs = reader.fs
    if key is None or fs.read_if_there(f"{path}/enable") != "1":
        return None
    plugin, name = key
    folder = paths.attributes(path)
    pairs = ((one, fs.read_if_there(f"{folder}/{one}")) for one in _SEEN)
    attributes = {one: text for one, text in pairs if text is not None}
    named = attributes.get("emulate_model_alias") == "1"
    try:
        return StorageObject(
            name,
            reader.backing(path, plugin),
            wwn=reader.unit_serial(path) if backing.KINDS[plugin].has_wwn else None,
            attributes=attributes,
            identity=reader.identity(path, plugin, name, named=named),
        )
    except KernelRefused:
        # It was deleted meanwhile.
        return None
