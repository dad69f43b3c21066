# SPDX-License-Identifier: Apache-2.0
"""Storage objects that disclose memory, fail commands or end early because of their settings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ..config.backing import PAGE_SIZE, Backing, FileIO, RamDisk, User
from ..config.model import Config, StorageObject
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
BLOCK_SIZE = "block_size"
"""The attribute for the bytes of a logical block."""
_BLOCK = 512
_SEE = "initiators see only "


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
        if text := tail(so):
            yield so.path, text


def is_one(text: str) -> bool:
    """Return True for a text of ``of_config``: it is the same for many objects."""
    return text == NULLIO or text.startswith(_NO_HOLES) or is_tail(text)


def is_tail(text: str) -> bool:
    """Return True for a text of ``tail``."""
    return text.startswith(_SEE)


def tail(so: StorageObject) -> str:
    """Return a text if initiators do not see the end of a storage object, or ""."""
    block = so.attributes.get(BLOCK_SIZE, "")
    return tail_of(so.backing, int(block) if re.fullmatch("[1-9][0-9]{0,5}", block) else _BLOCK)


def tail_of(backing: Backing, block: int = _BLOCK) -> str:
    """Return a text if a backing of this block size has bytes that initiators do not see, or "".

    The kernel rounds down (target_core_file.c, fd_get_blocks; target_core_user.c,
    tcmu_get_blocks); a ramdisk has pages.
    """
    if not isinstance(backing, FileIO | User | RamDisk) or not backing.size:
        return ""
    seen, unit = backing.size - backing.size % block, block
    if isinstance(backing, RamDisk):
        seen, unit = backing.pages * PAGE_SIZE, PAGE_SIZE
    if seen >= backing.size:
        return ""
    return f"{_SEE}{seen} of {backing.size} bytes; use a multiple of {unit} bytes"


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
