# SPDX-License-Identifier: Apache-2.0
"""A row of the compatibility table, and the worlds that rows start from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DISKS = Path("/var/tmp/compatibility")
DISK = f"{DISKS}/d1.img"
SAVED = "/etc/target/saveconfig.json"

IQN = "iqn.2003-01.org.example:a"
OTHER = "iqn.2003-01.org.example:b"
INITIATOR = "iqn.2003-01.org.example:i"
NAA = "naa.5001405000000001"
TARGET = f"/iscsi/{IQN}"
TPG = f"{TARGET}/tpg1"
ACL = f"{TPG}/acls/{INITIATOR}"
LOOPBACK = f"/loopback/{NAA}"
FILEIO, BLOCK, RAMDISK, PSCSI, USER = (
    f"/backstores/{kind}" for kind in ("fileio", "block", "ramdisk", "pscsi", "user:rbd")
)
# The same in configfs.
K_TARGET = f"iscsi/{IQN}"
K_TPG = f"{K_TARGET}/tpgt_1"
K_ACL = f"{K_TPG}/acls/{INITIATOR}"
K_DISK = "core/fileio_*/d1"

EMPTY: tuple[str, ...] = ()
# One file as LUN 0 of one target, for one initiator; a ramdisk that nobody exports.
EXPORT = (
    f"{FILEIO} create d1 {DISK} 1M",
    f"{RAMDISK} create r1 1M",
    f"/iscsi create {IQN}",
    f"{TPG}/luns create {FILEIO}/d1",
    f"{TPG}/acls create {INITIATOR}",
)

Text = str | re.Pattern[str]


def like(pattern: str) -> re.Pattern[str]:
    """Text that has a match of this somewhere; ^ and $ are ends of a line."""
    return re.compile(pattern, re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: a line, and what must come of it.

    ``out`` is all of standard output, but for its last line break; what ``err`` says must be in
    standard error, and the exit status is 1 where there is one, else 0; ``aside`` is there
    without an error. SCSI in any text stands
    for a SCSI disk. ``kernel`` has configfs paths, which may have wildcards, with their value,
    "/" for a folder and None for nothing. A row that ``differs`` on purpose has there what
    COMPATIBILITY.md says about it.
    """

    fact: str
    line: str
    out: Text = ""
    err: str = ""
    aside: str = ""
    world: tuple[str, ...] = EXPORT
    given: tuple[str, ...] = ()
    kernel: Mapping[str, str | None] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    differs: str = ""

    def __str__(self) -> str:
        return self.fact
