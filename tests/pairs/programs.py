# SPDX-License-Identifier: Apache-2.0
"""Programs of the test that run on the machines: a writer, and a recorder of ALUA states."""

from __future__ import annotations

import mmap
import os
import sys
import time
from pathlib import Path

BLOCK, SIZE = 4096, 64 << 20
GROUPS = Path("/sys/kernel/config/target/core")
ACTIVE = ("0", "1")


def write(device: str, stop: str) -> None:
    """Write numbered blocks past the page cache until told to stop, and read each one again.

    Prints the time after each, its place and its number.
    """
    handle = os.open(device, os.O_RDWR | os.O_DIRECT)
    written, found = mmap.mmap(-1, BLOCK), mmap.mmap(-1, BLOCK)
    number = 0
    while not os.path.exists(stop):
        number += 1
        place = number * BLOCK % SIZE
        written[:] = number.to_bytes(8, "big") * (BLOCK // 8)
        assert os.pwritev(handle, [written], place) == BLOCK
        assert os.preadv(handle, [found], place) == BLOCK
        assert found[:] == written[:], f"block {number} is lost"
        print(time.time(), place, number, flush=True)


def record(group: str, disks: str, stop: str) -> None:
    """Print the states of a target port group of some disks whenever they change: "-" for none.

    Each line has the time at which the states before were seen last, and that of the new ones.
    """
    before, seen = [""], time.time()
    while not os.path.exists(stop):
        now, states = time.time(), [_state(disk, group) for disk in disks.split(",")]
        if states != before:
            print(seen, now, *states, flush=True)
        before, seen = states, now
        time.sleep(0.05)


def _state(disk: str, group: str) -> str:
    """Return the state of a group with a LUN; a new group is active until its state is set."""
    for folder in GROUPS.glob(f"iblock_*/{disk}/alua/{group}"):
        try:
            if (folder / "members").read_text().strip("\0 \n"):
                return (folder / "alua_access_state").read_text().strip()
        except OSError:
            continue
    return "-"


if __name__ == "__main__":
    {"write": write, "record": record}[sys.argv[1]](*sys.argv[2:])
