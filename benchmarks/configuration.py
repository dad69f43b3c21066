# SPDX-License-Identifier: Apache-2.0
"""The configuration that is measured: one target, so many LUNs, two initiators that see all.

python -m benchmarks.configuration LUNS FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

from rtslib_ext import savefile
from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import (
    Config,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)

from .names import INITIATORS, SPARE, TARGET

# nullio: ten thousand of them fit into the memory of the kernel.
_DISK = RamDisk(4096, nullio=True)


def config(luns: int) -> Config:
    """What a save file holds that an administrator wrote: the kernel fills in the rest."""
    objects = [StorageObject(f"disk{number}", _DISK) for number in range(luns)]
    acls = {
        wwn: NodeAcl(wwn, {number: MappedLun(number, number) for number in range(luns)})
        for wwn in INITIATORS
    }
    tpg = Tpg(
        1,
        enable=True,
        luns={number: Lun(number, so.key) for number, so in enumerate(objects)},
        portals={"127.0.0.1:3260": Portal("127.0.0.1", 3260)},
        acls=acls,
    )
    target = Target("iscsi", TARGET, {1: tpg})
    spare = StorageObject(SPARE, _DISK)
    return Config({so.key: so for so in (*objects, spare)}, {target.key: target})


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(savefile.dumps(config(int(sys.argv[1]))))
