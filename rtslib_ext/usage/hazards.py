# SPDX-License-Identifier: Apache-2.0
"""Storage objects that disclose memory, or fail commands, because of what they are set to."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..config.backing import FileIO, RamDisk
from ..config.model import Config
from ..config.shell_paths import ShellPath
from ..host import devices

NULLIO = (
    "nullio: it stores nothing, and reads return memory of this host that was not cleared; use it "
    "only for tests, with initiators that you trust"
)
"""The kernel clears no page that it allocates for data (target_core_transport.c, ``zero_page``)."""
UNMAP = "emulate_tpu"
"""The attribute that offers UNMAP (SBC-3 section 5.28); the kernel punches a hole for it."""
_ON = "1"
_NO_HOLES = f"{UNMAP}={_ON}: its file system cannot punch holes"


def of_config(config: Config) -> Iterator[tuple[ShellPath, str]]:
    """Yield (path, text) for each such storage object of a configuration."""
    punches: dict[int, str] = {}
    for so in config.storage_objects.values():
        if isinstance(so.backing, RamDisk) and so.backing.nullio:
            yield so.path, NULLIO
        elif isinstance(so.backing, FileIO) and so.attributes.get(UNMAP) == _ON:
            device = _file_system(so.backing.dev)
            if device not in punches:
                punches[device] = unmap(so.backing.dev)
            if punches[device]:
                yield so.path, punches[device]


def is_one(text: str) -> bool:
    """Return True for a text of ``of_config``: it is the same for many objects."""
    return text == NULLIO or text.startswith(_NO_HOLES)


def unmap(file: str) -> str:
    """Return a text if the file system of a file cannot do what UNMAP asks for, or ""."""
    if not os.path.isfile(file):
        return ""
    # Imported here: few files offer UNMAP.
    from ..host import holes

    if holes.can_punch(file):
        return ""
    return f"{_NO_HOLES}, so that each UNMAP command of an initiator fails; set attribute {UNMAP}=0"


def _file_system(file: str) -> int:
    """Return the number of the file system of a file; -1 if it is missing or a device."""
    try:
        return -1 if devices.is_block_device(file) else os.stat(file).st_dev
    except OSError:
        return -1
